use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use gix_hash::ObjectId;
use gix_protocol::fetch::negotiate::{Action, Round, one_round};
use gix_protocol::fetch::{Arguments, Context, Negotiate, Options, Response, Shallow, Tags};
use gix_transport::Protocol;
use gix_transport::client::blocking_io::Transport;
use gix_utils::progress::Discard;

use crate::Error;
use crate::git::commit_tree::open_objects;
use crate::git::generation::Generation;
use crate::git::session::Session;

/// What to fetch.
pub(crate) struct Request {
    pub(crate) want: ObjectId,
    /// The commit that the store has already: only what differs from it need come.
    pub(crate) have: Option<ObjectId>,
    /// The commit alone, or all of its history.
    pub(crate) shallow: bool,
    pub(crate) max_pack_bytes: u64,
    pub(crate) max_object_bytes: u64,
}

pub(crate) enum Failure {
    Known(Error),
    Exchange(gix_error::Error),
}

/// Fetches one commit in one round: we know what we want and what we have, so there is nothing to negotiate.
pub(crate) fn fetch<T: Transport>(
    session: &Session,
    context: Context<'_, T>,
    request: &Request,
    generation: &Generation,
    interrupt: &AtomicBool,
) -> Result<(), Failure> {
    // A server that cannot send one commit alone sends its history.
    let shallow = match NonZeroU32::new(1) {
        Some(one) if request.shallow && offers_shallow(&context) => Shallow::DepthAtRemote(one),
        _ => Shallow::NoChange,
    };
    let bases = match request.have {
        Some(_) => Some(open_objects(generation, request.max_object_bytes).map_err(Failure::Known)?),
        None => None,
    };
    let options = Options {
        shallow_file: generation.shallow_file(),
        shallow: &shallow,
        tags: Tags::None,
        reject_shallow_remote: false,
    };
    let consume =
        |reader: &mut dyn BufRead, progress: &mut dyn gix_utils::progress::DynNestedProgress, stop: &AtomicBool| {
            let limited = Limited { reader, session, received: 0, limit: request.max_pack_bytes };
            let options = gix_pack::bundle::write::Options {
                thread_limit: Some(1),
                alloc_limit_bytes: usize::try_from(request.max_object_bytes).ok(),
                ..Default::default()
            };
            let outcome = gix_pack::Bundle::write_to_directory(
                &mut BufReader::with_capacity(1 << 16, limited),
                Some(&generation.packs()),
                progress,
                stop,
                bases,
                generation.hash(),
                options,
            )?;
            if let Some(keep) = outcome.keep_path {
                // It guards against a concurrent `git gc`, which our stores never see; a leftover does no harm.
                let _ = std::fs::remove_file(keep);
            }
            Ok(true)
        };
    let mut negotiation = OneRound { want: request.want, have: request.have };
    gix_protocol::fetch(&mut negotiation, consume, Discard, interrupt, context, options)
        .map(|_| ())
        .map_err(Failure::Exchange)
}

fn offers_shallow<T>(context: &Context<'_, T>) -> bool {
    let capabilities = &context.handshake.capabilities;
    match context.handshake.server_protocol_version {
        Protocol::V2 => capabilities.capability("fetch").and_then(|fetch| fetch.supports("shallow")).unwrap_or(false),
        Protocol::V0 | Protocol::V1 => capabilities.contains("shallow"),
    }
}

struct OneRound {
    want: ObjectId,
    have: Option<ObjectId>,
}

impl Negotiate for OneRound {
    fn mark_complete_and_common_ref(&mut self) -> Result<Action, gix_error::Error> {
        Ok(Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _: &[bool]) -> bool {
        arguments.want(self.want);
        true
    }

    fn one_round(
        &mut self,
        _: &mut one_round::State,
        arguments: &mut Arguments,
        _: Option<&Response>,
    ) -> Result<(Round, bool), gix_error::Error> {
        if let Some(have) = self.have {
            arguments.have(have);
        }
        let haves_sent = usize::from(self.have.is_some());
        let round = Round {
            haves_sent,
            in_vain: 0,
            haves_to_send: haves_sent,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}

/// Counts what is received, and ends the fetch at the limit.
struct Limited<'a> {
    reader: &'a mut dyn BufRead,
    session: &'a Session,
    received: u64,
    limit: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.received += count as u64;
        if self.received > self.limit {
            return Err(self.session.fail(Error::TooLarge { url: self.session.url(), limit: self.limit }));
        }
        Ok(count)
    }
}
