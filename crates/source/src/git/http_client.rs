use std::io::{self, Read};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::git::auth::HttpAuth;
use crate::git::dial::dial;
use crate::git::session::Session;
use crate::git::source::GitRemote;
use crate::git::tls;
use crate::git::url::{GitUrl, Scheme};
use crate::{Auth, Error};

/// One connection to a git server, that follows redirects of the first request and answers for their safety.
pub(crate) struct Client {
    session: Session,
    /// Where the user sent us: credentials are for this host alone.
    origin: GitUrl,
    /// Where we were redirected to.
    base: GitUrl,
    authorization: Option<HeaderValue>,
    tls: Arc<ClientConfig>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A request below the repository's URL.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) tail: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

const MAX_REDIRECTS: usize = 5;

/// Releases are often several redirects away.
const MAX_FILE_REDIRECTS: usize = 10;

impl Client {
    pub(crate) fn new(session: Session, remote: &GitRemote, tls: Arc<ClientConfig>) -> Result<Self, Error> {
        let authorization = authorization(&remote.url, &remote.auth)?;
        let (origin, base) = (remote.url.clone(), remote.url.clone());
        Ok(Self { session, origin, base, authorization, tls, connection: None })
    }

    /// Where requests go now, when that is not where the user sent us.
    pub(crate) fn redirected_base(&self) -> Option<String> {
        (self.base != self.origin).then(|| self.base.without_credentials())
    }

    /// Sends `request` and gives the headers, line by line, and the body of a good answer. Failures are kept in the
    /// session.
    pub(crate) fn send(&mut self, request: Request) -> io::Result<(Vec<u8>, Body)> {
        self.try_send(&request).map_err(|error| self.session.fail(error))
    }

    fn try_send(&mut self, request: &Request) -> Result<(Vec<u8>, Body), Error> {
        for _ in 0..MAX_REDIRECTS {
            let response = self.exchange(request)?;
            let status = response.status();
            if status == StatusCode::OK {
                return Ok(self.parts(response));
            }
            if !status.is_redirection() {
                return Err(self.refused(status));
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            self.base = self.redirected(request, location)?;
            self.connection = None;
        }
        Err(self.server("it redirects without end", false))
    }

    /// Fetches what is at the URL itself.
    pub(crate) fn get_file(&mut self) -> Result<Body, Error> {
        let headers = vec![("accept".to_owned(), "*/*".to_owned())];
        let request = Request { method: Method::GET, tail: String::new(), headers, body: Vec::new() };
        for _ in 0..=MAX_FILE_REDIRECTS {
            let response = self.exchange(&request)?;
            let status = response.status();
            if status.is_success() {
                return Ok(self.parts(response).1);
            }
            if !status.is_redirection() {
                return Err(match self.refused(status) {
                    Error::RepositoryNotFound { .. } => self.server(&format!("HTTP status {status}"), false),
                    error => error,
                });
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            self.base = self.elsewhere(location)?;
            self.connection = None;
        }
        Err(self.server("it redirects without end", false))
    }

    /// Where a file is after a redirect, if it may be followed.
    fn elsewhere(&self, location: Option<&str>) -> Result<GitUrl, Error> {
        let refuse = |why: &str| self.server(why, false);
        let location = location.ok_or_else(|| refuse("it redirects to nowhere"))?;
        let path = self.base.path.split('?').next().unwrap_or_default();
        let absolute = match location {
            text if text.starts_with("//") => format!("{}:{text}", self.base.scheme.name()),
            text if text.starts_with('/') => format!("{}{text}", self.base.root()),
            text if text.contains("://") => text.to_owned(),
            text => format!("{}{}/{text}", self.base.root(), path.rsplit_once('/').map_or("", |(above, _)| above)),
        };
        let mut base = GitUrl::of_file(&absolute).map_err(|_| refuse("it redirects to what is no URL of a file"))?;
        base.path = without_dots(&base.path);
        let downgrade = self.base.scheme == Scheme::Https && base.scheme != Scheme::Https;
        if downgrade || !matches!(base.scheme, Scheme::Https | Scheme::Http) {
            return Err(refuse("it redirects to an insecure place"));
        }
        Ok(base)
    }

    fn exchange(&mut self, request: &Request) -> Result<Response<Incoming>, Error> {
        // The server may have closed a connection that it kept for a while: then a new one is made, once.
        let reused = self.connection.is_some();
        match self.try_exchange(request) {
            Err(Error::ConnectionLost { .. }) if reused => {
                self.connection = None;
                self.try_exchange(request)
            }
            result => result,
        }
    }

    fn try_exchange(&mut self, request: &Request) -> Result<Response<Incoming>, Error> {
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect()?,
        };
        let outgoing = self.outgoing(request)?;
        let response = self.session.wait(async {
            connection.ready().await.map_err(io::Error::other)?;
            connection.send_request(outgoing).await.map_err(io::Error::other)
        });
        self.connection = Some(connection);
        response.map_err(|error| self.lost(error))
    }

    fn outgoing(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, Error> {
        let path = match request.tail.as_str() {
            "" => self.base.path.clone(),
            tail => format!("{}/{tail}", self.base.path.trim_end_matches('/')),
        };
        let mut builder = hyper::Request::builder().method(&request.method).uri(path);
        builder = builder.header(HOST, self.base.host_header());
        builder = builder.header(USER_AGENT, concat!("git/windlass-", env!("CARGO_PKG_VERSION")));
        for (name, value) in &request.headers {
            if !name.eq_ignore_ascii_case(USER_AGENT.as_str())
                && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                builder = builder.header(name, value);
            }
        }
        if let Some(authorization) = self.authorization.as_ref().filter(|_| self.origin.is_same_origin(&self.base)) {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        builder
            .body(Full::new(Bytes::from(request.body.clone())))
            .map_err(|_| Error::InvalidUrl { url: self.session.url(), problem: "its path cannot stand in a request" })
    }

    fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Error> {
        let stream = dial(&self.session, &self.base)?;
        if self.base.scheme == Scheme::Https {
            let stream = tls::secure(&self.session, &self.base, Arc::clone(&self.tls), stream)?;
            self.greet(stream)
        } else {
            self.greet(stream)
        }
    }

    fn greet<S>(&self, stream: S) -> Result<SendRequest<Full<Bytes>>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let result = self.session.wait(async {
            let (sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            // It moves only while this session waits for something, and ends with it.
            tokio::spawn(connection);
            Ok(sender)
        });
        result.map_err(|error| self.lost(error))
    }

    fn parts(&self, response: Response<Incoming>) -> (Vec<u8>, Body) {
        let (parts, body) = response.into_parts();
        let mut headers = Vec::new();
        for (name, value) in &parts.headers {
            headers.extend_from_slice(name.as_str().as_bytes());
            headers.extend_from_slice(b": ");
            headers.extend_from_slice(value.as_bytes());
            headers.push(b'\n');
        }
        (headers, Body { session: self.session.clone(), incoming: body, piece: Bytes::new() })
    }

    /// The repository's URL after a redirect, if it may be followed.
    fn redirected(&self, request: &Request, location: Option<&str>) -> Result<GitUrl, Error> {
        let refuse = |why: &str| self.server(why, false);
        if request.method != Method::GET {
            return Err(refuse("it redirects in the middle of a conversation"));
        }
        let location = location.ok_or_else(|| refuse("it redirects to nowhere"))?;
        let absolute = match location.strip_prefix('/') {
            Some(_) => format!("{}{location}", self.base.root()),
            None => location.to_owned(),
        };
        let base = absolute
            .strip_suffix(request.tail.as_str())
            .and_then(|base| base.trim_end_matches('/').parse::<GitUrl>().ok())
            .ok_or_else(|| refuse("it redirects to what is no git repository; is the URL right, and signed in?"))?;
        let downgrade = self.base.scheme == Scheme::Https && base.scheme != Scheme::Https;
        if downgrade || !matches!(base.scheme, Scheme::Https | Scheme::Http) {
            return Err(refuse("it redirects to an insecure place"));
        }
        Ok(base)
    }

    fn refused(&self, status: StatusCode) -> Error {
        let url = self.session.url();
        let given = match (&self.authorization, self.origin.is_same_origin(&self.base)) {
            (None, _) => "no credentials were given",
            (Some(_), false) => "credentials are not sent on to the host that it redirects to",
            (Some(_), true) => "the credentials given are wrong, expired, or not allowed to read it",
        };
        match status.as_u16() {
            401 | 403 | 407 => Error::AuthenticationFailed { url, detail: format!("{given} (HTTP status {status})") },
            404 | 410 => Error::RepositoryNotFound { url },
            code => self.server(&format!("HTTP status {status}"), code >= 500 || code == 429 || code == 408),
        }
    }

    fn server(&self, message: &str, transient: bool) -> Error {
        Error::Server { url: self.session.url(), message: message.to_owned(), transient }
    }

    fn lost(&self, source: io::Error) -> Error {
        let (url, doing) = (self.session.url(), self.session.doing());
        self.session.take_fault().unwrap_or(Error::ConnectionLost { url, doing, source })
    }
}

/// A path with its `.` and `..` taken out.
fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/').skip(1) {
        match name {
            "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}{query}", names.join("/"))
}

fn authorization(url: &GitUrl, auth: &Auth) -> Result<Option<HeaderValue>, Error> {
    let text = match (&auth.http, &url.user) {
        (Some(HttpAuth::Bearer(token)), _) => Zeroizing::new(format!("Bearer {}", token.as_str())),
        (Some(HttpAuth::Basic { username, password }), _) => basic(username, password),
        (None, Some(user)) => basic(user, url.password.as_ref().map_or("", |password| password.as_str())),
        (None, None) => return Ok(None),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Error::InvalidCredentials { problem: "the bearer token holds a control character".to_owned() })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn basic(user: &str, password: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str()))
}

/// The body of an answer, read blockingly.
pub(crate) struct Body {
    session: Session,
    incoming: Incoming,
    piece: Bytes,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let incoming = &mut self.incoming;
            let frame = self.session.wait(async { incoming.frame().await.transpose().map_err(broken) })?;
            match frame.map(hyper::body::Frame::into_data) {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                // Trailers say nothing to git.
                Some(Err(_)) => {}
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// An answer that ends too early is a broken connection, whatever the library calls it.
fn broken(error: hyper::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
