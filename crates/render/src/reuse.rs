//! Bases that one build includes often: the second result is kept, and from then on copied instead of built.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use windlass_manifest::TreePath;

use crate::Warning;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::loader::Amount;
use crate::place::Place;
use crate::schema::Schema;
use crate::session::{Failed, Session};

/// How many objects all bases together may have that are kept. They are kept beside what is built of them.
const MOST_OBJECTS: usize = 5_000;

/// What is known of the bases of a build.
#[derive(Default)]
pub(crate) struct Bases {
    known: HashMap<TreePath, Known>,
    /// How many objects are kept.
    objects: usize,
    /// What was gone into since the base under way was begun.
    pub(crate) entered: Entered,
}

enum Known {
    /// It was built once, as most are; nothing is kept of those.
    Built,
    Kept(Arc<Kept>),
}

/// Directories that were gone into.
#[derive(Clone, Default)]
pub(crate) struct Entered {
    directories: BTreeSet<TreePath>,
    /// The longest chain that led to one.
    deepest: usize,
}

impl Entered {
    /// Notes the last directory of a chain.
    pub(crate) fn note(&mut self, via: &[TreePath]) {
        self.directories.extend(via.last().cloned());
        self.deepest = self.deepest.max(via.len());
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.directories.extend(more.directories);
        self.deepest = self.deepest.max(more.deepest);
    }
}

/// A base as it was built, and what that changed in the session.
struct Kept {
    accumulated: Accumulator,
    warnings: Vec<Warning>,
    read: Amount,
    copied: u64,
    entered: Entered,
    /// How long the chain was that led to it.
    depth: usize,
    /// The types that it was built by.
    schema: Option<Arc<Schema>>,
    schema_is_set: bool,
}

impl Session<'_> {
    /// Builds the base in `directory`, or takes it from where it is kept.
    pub(crate) fn base(
        &mut self,
        place: &Place,
        entry: &At<String>,
        directory: TreePath,
    ) -> Result<Accumulator, Failed> {
        if self.loader.is_elsewhere() {
            return self.build_base(place, entry, directory);
        }
        if let Some(kept) = self.kept(&directory, &place.via) {
            return Ok(self.take(&kept, place.via.len()));
        }
        let (schema, schema_is_set) = (self.schema.clone(), self.schema_is_set);
        let (errors, warnings) = (self.errors.len(), self.warnings.len());
        let (read, copied) = (self.loader.amount(), self.copied);
        let outer = std::mem::take(&mut self.bases.entered);
        let built = self.build_base(place, entry, directory.clone());
        let entered = std::mem::replace(&mut self.bases.entered, outer);
        if let Ok(accumulated) = &built {
            let again = self.bases.known.insert(directory.clone(), Known::Built).is_some();
            let objects = self.bases.objects + accumulated.resources.items().len();
            let is_whole = self.errors.len() == errors && self.has_schema(schema.as_ref(), schema_is_set);
            if again && is_whole && objects <= MOST_OBJECTS {
                self.bases.objects = objects;
                let kept = Kept {
                    accumulated: accumulated.clone(),
                    warnings: self.warnings[warnings..].to_vec(),
                    read: self.loader.amount().since(read),
                    copied: self.copied - copied,
                    entered: entered.clone(),
                    depth: place.via.len(),
                    schema,
                    schema_is_set,
                };
                self.bases.known.insert(directory, Known::Kept(Arc::new(kept)));
            }
        }
        self.bases.entered.extend(entered);
        built
    }

    /// What is kept of a base, where building it again would give the same.
    fn kept(&self, directory: &TreePath, via: &[TreePath]) -> Option<Arc<Kept>> {
        let Known::Kept(kept) = self.bases.known.get(directory)? else { return None };
        let limits = &self.options.limits;
        let is_cycle = |entered: &TreePath| via.iter().any(|visited| visited.is_in(entered));
        let fits = self.has_schema(kept.schema.as_ref(), kept.schema_is_set)
            && self.loader.amount().plus(kept.read).is_within(limits)
            && self.copied + kept.copied <= limits.output_bytes
            && kept.entered.deepest - kept.depth + via.len() <= limits.depth
            && !kept.entered.directories.iter().any(is_cycle);
        fits.then(|| Arc::clone(kept))
    }

    /// Does to the session what building did.
    fn take(&mut self, kept: &Kept, depth: usize) -> Accumulator {
        self.warnings.extend(kept.warnings.iter().cloned());
        self.loader.count(kept.read);
        self.copied += kept.copied;
        let deepest = kept.entered.deepest - kept.depth + depth;
        self.bases.entered.extend(Entered { deepest, ..kept.entered.clone() });
        kept.accumulated.clone()
    }

    /// Whether these are the types that merging goes by now.
    pub(crate) fn has_schema(&self, schema: Option<&Arc<Schema>>, is_set: bool) -> bool {
        let same = match (&self.schema, schema) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        same && self.schema_is_set == is_set
    }
}
