use std::io;
use std::sync::atomic::AtomicBool;

use gix_hash::{Kind, ObjectId};
use gix_protocol::handshake::Ref;
use gix_protocol::ls_refs::RefPrefixes;
use gix_protocol::{Handshake, LsRefsCommand};
use gix_transport::Service;
use gix_transport::client::blocking_io::Transport;
use gix_utils::progress::Discard;

use crate::Error;
use crate::git::generation::Generation;
use crate::git::pack::{self, Request};
use crate::git::session::Session;

/// An open way to a repository.
pub(crate) struct Connected {
    pub(crate) transport: Box<dyn Transport>,
    /// What the server's program printed beside the protocol, once it failed.
    pub(crate) complaints: Box<dyn FnMut() -> Option<String>>,
}

/// A conversation in git's protocol: list references, then perhaps fetch.
pub(crate) struct Exchange {
    session: Session,
    connected: Connected,
    handshake: Handshake,
    /// What an old server lists unasked.
    listed: Option<Vec<Ref>>,
}

/// The agent that servers log.
fn agent() -> (&'static str, Option<String>) {
    ("agent", Some(concat!("git/windlass-", env!("CARGO_PKG_VERSION")).to_owned()))
}

impl Exchange {
    pub(crate) fn start(session: Session, mut connected: Connected) -> Result<Self, Error> {
        session.set_doing("greeting the server");
        let result = gix_protocol::handshake(
            &mut connected.transport,
            Service::UploadPack,
            // Our transports know their credentials from the start.
            |_| Ok(None),
            Vec::new(),
            &mut Discard,
        );
        match result {
            Ok(mut handshake) => {
                let listed = handshake.refs.take();
                Ok(Self { session, connected, handshake, listed })
            }
            Err(error) => Err(explain(&session, &mut connected, error)),
        }
    }

    /// The hash that the repository names its objects with.
    pub(crate) fn hash(&self) -> Kind {
        let format = self.handshake.capabilities.capability("object-format").and_then(|format| format.value());
        if format.is_some_and(|format| format == "sha256") { Kind::Sha256 } else { Kind::Sha1 }
    }

    /// The references that start with one of `prefixes`; an old server gives all that it has.
    pub(crate) fn refs(&mut self, prefixes: &[String]) -> Result<Vec<Ref>, Error> {
        if let Some(listed) = &self.listed {
            return Ok(listed.clone());
        }
        self.session.set_doing("listing references");
        let mut wanted = RefPrefixes::new();
        wanted.extend(prefixes.iter().map(|prefix| prefix.as_str().into()));
        let command = LsRefsCommand::new(Some(wanted), &self.handshake.capabilities, agent());
        let result = command.invoke_blocking(&mut self.connected.transport, &mut Discard, false);
        result.map_err(|error| explain(&self.session, &mut self.connected, error))
    }

    /// Fetches what `request` wants into `generation`.
    pub(crate) fn fetch(&mut self, request: &Request, generation: &Generation) -> Result<(), Error> {
        self.session.set_doing("fetching");
        let interrupt: &AtomicBool = self.session.cancel().flag();
        let context = gix_protocol::fetch::Context {
            handshake: &mut self.handshake,
            transport: &mut self.connected.transport,
            user_agent: agent(),
            trace_packetlines: false,
        };
        let result = pack::fetch(&self.session, context, request, generation, interrupt);
        result.map_err(|error| match error {
            pack::Failure::Known(error) => error,
            pack::Failure::Exchange(error) if is_allocation_limit(&error) => {
                Error::ObjectTooLarge { url: self.session.url(), limit: request.max_object_bytes }
            }
            pack::Failure::Exchange(error) => explain(&self.session, &mut self.connected, error),
        })
    }

    /// Tells a server that waits for another request that none comes; failures no longer matter.
    pub(crate) fn finish(mut self) {
        let _ = gix_protocol::indicate_end_of_interaction(&mut self.connected.transport, false);
    }
}

/// Whether `error` says that the server will not hand out the object it was asked for.
pub(crate) fn is_refused_object(error: &Error, id: ObjectId) -> bool {
    match error {
        Error::Server { message, .. } => {
            message.contains("not our ref")
                || message.contains("unadvertised object")
                || message.contains(&id.to_string())
        }
        _ => false,
    }
}

/// The error behind a failure that came through gix.
fn explain(session: &Session, connected: &mut Connected, error: gix_error::Error) -> Error {
    if let Some(fault) = session.take_fault() {
        return fault;
    }
    let (url, doing) = (session.url(), session.doing());
    if let Some(message) = error_line(&error).or_else(|| (connected.complaints)()) {
        return of_message(url, message);
    }
    match broken_connection(&error) {
        Some(source) => Error::ConnectionLost { url, doing, source },
        None => Error::Protocol { url, doing, source: Box::new(error) },
    }
}

/// What servers say in words where the protocol has no code for it.
fn of_message(url: String, message: String) -> Error {
    let lower = message.to_ascii_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let no_repository = ["does not appear to be a git repository", "repository not found", "repository not exported"];
    if says(&no_repository) || (says(&["repository", "project"]) && says(&["could not be found", "does not exist"])) {
        return Error::RepositoryNotFound { url };
    }
    if says(&["permission denied", "access denied", "not authorized", "authentication failed"]) {
        return Error::AuthenticationFailed { url, detail: message };
    }
    Error::Server { url, message, transient: false }
}

fn io_errors(error: &gix_error::Error) -> impl Iterator<Item = &io::Error> {
    error.iter_errors().filter_map(|cause| {
        cause.downcast_ref::<io::Error>().or_else(|| match cause.downcast_ref::<gix_transport::client::Error>() {
            Some(gix_transport::client::Error::Io(error)) => Some(error),
            _ => None,
        })
    })
}

/// The text of an `ERR` line.
fn error_line(error: &gix_error::Error) -> Option<String> {
    use gix_transport::packetline::read::Error as Line;
    let inside = io_errors(error).filter_map(|error| error.get_ref()?.downcast_ref::<Line>());
    let line = error.iter_errors().find_map(|cause| cause.downcast_ref::<Line>()).or_else(|| inside.last())?;
    Some(line.message.to_string().trim().chars().filter(|c| !c.is_control()).collect())
}

fn is_allocation_limit(error: &gix_error::Error) -> bool {
    error.is_resource_exhausted()
}

fn broken_connection(error: &gix_error::Error) -> Option<io::Error> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    io_errors(error)
        .find(|error| {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
        })
        .map(|error| io::Error::new(error.kind(), error.to_string()))
}
