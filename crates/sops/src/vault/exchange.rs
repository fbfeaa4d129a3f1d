//! One question to Vault over HTTP, and its answer.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::VaultError;
use super::address::Address;
use super::allowlist::Allowlist;

/// No answer with a key is larger.
const LARGEST_ANSWER: usize = 64 << 10;

/// What is asked, of whichever address answers.
pub(super) struct Question<'a> {
    pub(super) path: String,
    pub(super) token: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) allowed: &'a Allowlist,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) timeout: Duration,
}

/// Asks, and waits for the answer on a thread of its own: the caller may be inside of a runtime, which must not be blocked by
/// another one.
pub(super) fn ask(address: Address, question: &Question<'_>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let work = || {
        let unreachable = |source| VaultError::Unreachable { address: address.text(), source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
        runtime.block_on(follow(address.clone(), question))
    };
    let ended = std::thread::scope(|scope| scope.spawn(work).join());
    ended.unwrap_or(Err(VaultError::Answer("the thread that waited for it ended")))
}

/// A standby server sends on to the active one, once.
async fn follow(address: Address, question: &Question<'_>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let response = send(&address, question).await?;
    if !response.status().is_redirection() {
        return answer(&address, question, response).await;
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let end = location.find("/v1/").unwrap_or(location.len());
    let next = Address::parse(&location[..end])?;
    if address.secure && !next.secure {
        return Err(VaultError::Address { address: next.text(), reason: "a redirection leads away from https" });
    }
    let response = send(&next, question).await?;
    answer(&next, question, response).await
}

async fn send(address: &Address, question: &Question<'_>) -> Result<Response<Incoming>, VaultError> {
    if !question.allowed.allows(&address.text()) {
        return Err(VaultError::NotAllowed { address: address.text() });
    }
    let unreachable = |source| VaultError::Unreachable { address: address.text(), source };
    let request = request(address, question)?;
    let exchange = async {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        if address.secure {
            let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
            exchange(TlsConnector::from(Arc::clone(&question.tls)).connect(name, stream).await?, request).await
        } else {
            exchange(stream, request).await
        }
    };
    in_time(address, question, exchange).await?.map_err(unreachable)
}

async fn in_time<T>(
    address: &Address,
    question: &Question<'_>,
    work: impl Future<Output = T>,
) -> Result<T, VaultError> {
    let late = |_| VaultError::Timeout { address: address.text() };
    tokio::time::timeout(question.timeout, work).await.map_err(late)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> io::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(io::Error::other)?;
    // It ends with the runtime.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(io::Error::other)
}

fn request(address: &Address, question: &Question<'_>) -> Result<Request<Full<Bytes>>, VaultError> {
    let secret = |text: &str| {
        let mut value = HeaderValue::from_str(text).map_err(|_| VaultError::Answer("the token is no header"))?;
        value.set_sensitive(true);
        Ok::<_, VaultError>(value)
    };
    let mut builder = Request::builder()
        .method(Method::PUT)
        .uri(&question.path)
        .header(HOST, &address.authority)
        .header(CONTENT_TYPE, "application/json")
        .header("X-Vault-Request", "true")
        .header("X-Vault-Token", secret(question.token)?);
    if let Some(namespace) = question.namespace {
        builder = builder.header("X-Vault-Namespace", namespace);
    }
    // Wiped when the last copy of it is dropped.
    let body = Full::new(Bytes::from_owner(question.body.clone()));
    builder.body(body).map_err(|_| VaultError::Answer("the question is no request"))
}

async fn answer(
    address: &Address,
    question: &Question<'_>,
    response: Response<Incoming>,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let status = response.status();
    let body = in_time(address, question, Limited::new(response.into_body(), LARGEST_ANSWER).collect()).await?;
    let body = body.map_err(|_| VaultError::Answer("it breaks off, or is larger than 64 KiB"))?.to_bytes();
    let body = Zeroizing::new(body.to_vec());
    if status.is_success() {
        return Ok(body);
    }
    let path = question.path.clone();
    Err(VaultError::Refused { address: address.text(), path, status: status.as_u16(), errors: errors(&body) })
}

/// What Vault says is wrong, for people to read.
fn errors(body: &[u8]) -> Vec<String> {
    const LONGEST: usize = 300;
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else { return Vec::new() };
    let texts = answer["errors"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    let shown = |text: &str| {
        let text: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.trim().to_owned()
    };
    texts.take(5).map(shown).collect()
}
