//! Building the entries of `resources` on several threads.
//!
//! The result is that of building them one after another. Where they could have had to do with each other (one says
//! which types there are, something is wrong with one, together they exceed a limit), that is what is done.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Warning;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::place::Place;
use crate::session::{Failed, Session};

/// From how many entries on a second thread is faster than none.
const WORTH_A_THREAD: usize = 12;

/// More threads than that wait for memory more than they build.
const MOST_THREADS: usize = 4;

/// What a thread of its own has for its stack: as much as most main threads have.
const STACK_BYTES: usize = 8 << 20;

/// What one thread has built.
struct Part<'a> {
    built: Vec<Built>,
    /// With what all of it took.
    session: Session<'a>,
}

struct Built {
    index: usize,
    accumulated: Accumulator,
    warnings: Vec<Warning>,
}

impl<'a> Session<'a> {
    /// Builds the entries of `resources` into what is there. Each is tried, so that all their faults are told.
    pub(crate) fn resources(&mut self, place: &Place, entries: &[At<String>], into: &mut Accumulator) {
        if let Some(parts) = self.parts(place, entries) {
            return self.join(place, entries, parts, into);
        }
        for entry in entries {
            let _: Result<(), Failed> = self.resource(place, entry, into);
        }
    }

    /// Builds the entries on several threads; `None` where that is not worth it, or where it may not come to the same.
    fn parts(&self, place: &Place, entries: &[At<String>]) -> Option<Vec<Part<'a>>> {
        if entries.len() < WORTH_A_THREAD || self.is_part || self.options.know_crds {
            return None;
        }
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        if threads < 2 {
            return None;
        }
        let next = AtomicUsize::new(0);
        let parts: Vec<Option<Part<'a>>> = thread::scope(|scope| {
            let work = || self.fork().build_part(place, entries, &next, self);
            let others: Vec<_> = (1..threads)
                .map_while(|_| thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).ok())
                .collect();
            let ours = work();
            let others = others.into_iter().map(|other| match other.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            [ours].into_iter().chain(others).collect()
        });
        let parts: Vec<Part<'a>> = parts.into_iter().collect::<Option<_>>()?;
        let limits = &self.options.limits;
        let before = self.loader.amount();
        let read = parts.iter().fold(before, |sum, part| sum.plus(part.session.loader.amount().since(before)));
        let copied: u64 = self.copied + parts.iter().map(|part| part.session.copied - self.copied).sum::<u64>();
        (read.is_within(limits) && copied <= limits.output_bytes).then_some(parts)
    }

    /// Builds one entry after another that no other thread has taken; `None` once that may not come to the same.
    fn build_part(
        mut self,
        place: &Place,
        entries: &[At<String>],
        next: &AtomicUsize,
        whole: &Self,
    ) -> Option<Part<'a>> {
        let mut built = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = entries.get(index) else { return Some(Part { built, session: self }) };
            let mut accumulated = Accumulator::default();
            let result = self.resource(place, entry, &mut accumulated);
            let is_whole = self.errors.is_empty() && self.has_schema(whole.schema.as_ref(), whole.schema_is_set);
            if result.is_err() || !is_whole {
                next.store(entries.len(), Ordering::Relaxed);
                return None;
            }
            built.push(Built { index, accumulated, warnings: std::mem::take(&mut self.warnings) });
        }
    }

    fn join(&mut self, place: &Place, entries: &[At<String>], parts: Vec<Part<'a>>, into: &mut Accumulator) {
        let (before, copied) = (self.loader.amount(), self.copied);
        let mut all = Vec::with_capacity(entries.len());
        for Part { built, session } in parts {
            all.extend(built);
            self.copied += session.copied - copied;
            self.bases.entered.extend(session.bases.entered);
            let read = session.loader.amount().since(before);
            self.loader.join(session.loader.into_closure(), read);
        }
        all.sort_by_key(|built| built.index);
        for Built { index, accumulated, warnings } in all {
            self.warnings.extend(warnings);
            let _: Result<(), Failed> = self.merge(place, &entries[index].at, accumulated, into);
        }
    }
}
