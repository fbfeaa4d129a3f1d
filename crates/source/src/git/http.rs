use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use gix_transport::Protocol;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse, Transport};
use hyper::Method;
use rustls::ClientConfig;

use crate::Error;
use crate::git::exchange::Connected;
use crate::git::http_client::{Body, Client, Request};
use crate::git::session::Session;
use crate::git::source::GitRemote;

/// Opens a repository over HTTP. Nothing is sent yet.
pub(crate) fn connect(session: &Session, remote: &GitRemote, tls: Arc<ClientConfig>) -> Result<Connected, Error> {
    let url = remote.url.without_credentials();
    let client = Rc::new(RefCell::new(Client::new(session.clone(), remote, tls)?));
    let target = gix_url::parse(url.as_str())
        .map_err(|_| Error::InvalidUrl { url: session.url(), problem: "it cannot be taken apart" })?;
    let transport = Transport::new_http(HttpPeer { client }, target, Protocol::V2, false);
    Ok(Connected { transport: Box::new(transport), complaints: Box::new(|| None) })
}

/// What gix speaks HTTP through.
struct HttpPeer {
    client: Rc<RefCell<Client>>,
}

impl Http for HttpPeer {
    type Headers = Answer<Headers>;
    type ResponseBody = Answer<Content>;
    type PostBody = Outgoing;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix_error::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let answer = self.pending(Method::GET, url, base_url, headers);
        // The handshake wants to know of a redirect as soon as it has the headers.
        answer.borrow_mut().send().map_err(gix_error::Error::from_error)?;
        Ok(GetResponse { headers: Answer::headers(&answer), body: Answer::content(&answer) })
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _: PostBodyDataKind,
    ) -> gix_error::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let answer = self.pending(Method::POST, url, base_url, headers);
        let post_body = Outgoing(Rc::clone(&answer));
        Ok(PostResponse { post_body, headers: Answer::headers(&answer), body: Answer::content(&answer) })
    }

    fn configure(&mut self, _: &dyn std::any::Any) -> gix_error::Result<()> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.client.borrow().redirected_base()
    }
}

impl HttpPeer {
    fn pending(
        &self,
        method: Method,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Rc<RefCell<State>> {
        let tail = url.strip_prefix(base_url).unwrap_or(url).trim_start_matches('/').to_owned();
        let headers = headers
            .into_iter()
            .filter_map(|line| {
                line.as_ref().split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            })
            .collect();
        let request = Request { method, tail, headers, body: Vec::new() };
        Rc::new(RefCell::new(State { client: Rc::clone(&self.client), request: Some(request), answer: None }))
    }
}

/// A request that is sent when somebody first reads its answer: by then its body is complete.
struct State {
    client: Rc<RefCell<Client>>,
    request: Option<Request>,
    answer: Option<(Cursor<Vec<u8>>, BufReader<Body>)>,
}

impl State {
    fn send(&mut self) -> io::Result<&mut (Cursor<Vec<u8>>, BufReader<Body>)> {
        if let Some(request) = self.request.take() {
            let (headers, body) = self.client.borrow_mut().send(request)?;
            self.answer = Some((Cursor::new(headers), BufReader::with_capacity(1 << 16, body)));
        }
        self.answer.as_mut().ok_or_else(|| io::Error::other("the request failed before"))
    }
}

/// Which part of an answer is read.
trait Part {
    type Reader: BufRead;
    fn of(answer: &mut (Cursor<Vec<u8>>, BufReader<Body>)) -> &mut Self::Reader;
}

struct Headers;
struct Content;

impl Part for Headers {
    type Reader = Cursor<Vec<u8>>;
    fn of(answer: &mut (Cursor<Vec<u8>>, BufReader<Body>)) -> &mut Self::Reader {
        &mut answer.0
    }
}

impl Part for Content {
    type Reader = BufReader<Body>;
    fn of(answer: &mut (Cursor<Vec<u8>>, BufReader<Body>)) -> &mut Self::Reader {
        &mut answer.1
    }
}

/// Reads one part of an answer. A piece is copied out, since the answer itself is shared between its parts.
struct Answer<P> {
    state: Rc<RefCell<State>>,
    piece: Cursor<Vec<u8>>,
    part: std::marker::PhantomData<P>,
}

impl Answer<Headers> {
    fn headers(state: &Rc<RefCell<State>>) -> Self {
        Self { state: Rc::clone(state), piece: Cursor::default(), part: std::marker::PhantomData }
    }
}

impl Answer<Content> {
    fn content(state: &Rc<RefCell<State>>) -> Self {
        Self { state: Rc::clone(state), piece: Cursor::default(), part: std::marker::PhantomData }
    }
}

impl<P: Part> Read for Answer<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<P: Part> BufRead for Answer<P> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.position() >= self.piece.get_ref().len() as u64 {
            let mut piece = std::mem::take(self.piece.get_mut());
            piece.clear();
            let mut state = self.state.borrow_mut();
            let reader = P::of(state.send()?);
            let available = reader.fill_buf()?;
            piece.extend_from_slice(available);
            let count = available.len();
            reader.consume(count);
            self.piece = Cursor::new(piece);
        }
        self.piece.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.piece.consume(count);
    }
}

/// Collects the body of a request: git's requests are a few lines.
struct Outgoing(Rc<RefCell<State>>);

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0.borrow_mut().request {
            Some(request) => request.body.extend_from_slice(bytes),
            None => return Err(io::Error::other("the request is sent already")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
