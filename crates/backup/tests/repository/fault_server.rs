//! An S3 server in this process that does wrong on request: what a scripted rule says, to the request it names.

mod answer;
mod objects;
mod request;
mod rules;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use windlass_backup::{S3Credentials, S3Options, S3Store, S3Timeouts};

pub(crate) use objects::Objects;
pub(crate) use request::{Seen, Verb};
pub(crate) use rules::{Fault, Rule};

/// A server on a port of its own, and what it holds.
pub(crate) struct FaultServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Dropped, it ends the server.
    _running: oneshot::Sender<()>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) objects: Objects,
    pub(crate) rules: Vec<Rule>,
    pub(crate) seen: Vec<Seen>,
    /// Lists show this instead of what is there.
    pub(crate) stale_list: Option<Vec<String>>,
    /// `If-None-Match` and `If-Match` are not looked at, as Garage and rclone do it.
    pub(crate) ignores_conditions: bool,
    /// Entity tags are no hashes.
    pub(crate) opaque_tags: bool,
    /// The server's clock is ahead by so many seconds, and requests that differ by 15 minutes are refused.
    pub(crate) ahead: i64,
    /// So many keys are on a page of a list.
    pub(crate) page: Option<usize>,
    /// Bodies that came in chunk framing, which must not happen.
    pub(crate) framed: u32,
    /// Deleting hides objects, and their bytes stay.
    pub(crate) versioned: bool,
    /// Nothing can be deleted before this time.
    pub(crate) locked_until: Option<jiff::Timestamp>,
    /// The bucket says that it has object lock. What a request asks to lock is not locked for that.
    pub(crate) claims_lock: bool,
    /// Bodies without an MD5 are refused, as buckets do that lock by themselves.
    pub(crate) wants_md5: bool,
    /// Called with every request before it is answered.
    pub(crate) watcher: Option<Box<dyn FnMut(usize) + Send>>,
}

impl FaultServer {
    pub(crate) const ACCESS_KEY: &str = "fault-access";
    pub(crate) const SECRET_KEY: &str = "fault-very-secret";

    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// The same behind TLS, with a certificate for 127.0.0.1.
    pub(crate) fn start_tls(certificate: Arc<rustls::ServerConfig>) -> Self {
        Self::start_with(Some(TlsAcceptor::from(certificate)))
    }

    fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (running, ended) = oneshot::channel();
        let shared = state.clone();
        // A thread of its own: the tests block theirs.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! { () = serve(listener, tls, shared) => {}, _ = ended => {} }
            });
        });
        Self { address, state, _running: running }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Options that give up soon.
    pub(crate) fn options(&self) -> S3Options {
        Self::options_at(&self.endpoint())
    }

    pub(crate) fn options_at(endpoint: &str) -> S3Options {
        let credentials = S3Credentials::new(Self::ACCESS_KEY, Self::SECRET_KEY);
        let timeouts = S3Timeouts {
            connect: Duration::from_secs(2),
            first_byte: Duration::from_secs(3),
            progress: Duration::from_millis(700),
        };
        let budget = Duration::from_secs(30);
        S3Options { timeouts, budget, ..S3Options::new("bucket", credentials).at(endpoint).below("home/attic") }
    }

    pub(crate) fn store(&self) -> Arc<S3Store> {
        Arc::new(S3Store::connect(self.options()).unwrap())
    }

    /// Adds a rule.
    pub(crate) fn when(&self, verb: Verb, key: &str, fault: Fault) {
        self.state().rules.push(Rule::new(verb, key, fault));
    }

    pub(crate) fn rule(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// How many requests came since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    /// The keys that are there, without the prefix.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().objects.keys("home/attic/")
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<Mutex<State>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (state, tls) = (state.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, state).await,
                Some(tls) => {
                    // Whoever does not like the certificate goes away here.
                    if let Ok(stream) = tls.accept(stream).await {
                        converse(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let state = state.clone();
        async move { answer::answer(&state, request).await }
    });
    // A fault that drops the connection is an error here, and meant.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

pub(crate) type Body = http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>;

pub(crate) fn full(bytes: impl Into<bytes::Bytes>) -> Body {
    http_body_util::Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed()
}
