use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};

use crate::failure::{Body as FailureBody, Failure};
use crate::faults::Effect;
use crate::handle::{self, Asked, Reply};
use crate::server::{ApiServer, Inner};
use crate::watch::Watch;

/// The largest body that the real server takes.
const LARGEST: usize = 3 * 1024 * 1024;

/// The body of an answer.
pub struct ResponseBody(UnsyncBoxBody<Bytes, CutError>);

/// Why a request ended without a whole answer: a scripted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection was cut by a scripted fault")]
pub struct CutError;

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseBody")
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = CutError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl<B> tower::Service<Request<B>> for ApiServer
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = CutError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, CutError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CutError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = self.inner.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => {
                    let failure = Failure::bad_request(format!("the body cannot be read: {error}"));
                    return Ok(refusal(&failure));
                }
            };
            respond(inner, parts, body).await
        })
    }
}

async fn respond(
    inner: Arc<Inner>,
    parts: http::request::Parts,
    body: Bytes,
) -> Result<Response<ResponseBody>, CutError> {
    let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        agent: text(header::USER_AGENT),
        accept: text(header::ACCEPT),
        content_type: text(header::CONTENT_TYPE),
        body: &body,
    };
    let mut logged = handle::describe(&inner, &asked);
    let mut cut = None;
    let mut answered = None;
    let latency = inner.faults.take_latency(&logged);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match inner.faults.take(&logged) {
        Some(Effect::Fail(failure)) => answered = Some(refusal(&failure)),
        Some(Effect::CutBody(after)) => cut = Some(after),
        Some(Effect::Disconnect) => {
            inner.requests.log(logged);
            return Err(CutError);
        }
        Some(Effect::Gone | Effect::Latency(_)) | None => {}
    }
    let response = match answered {
        Some(response) => response,
        None if body.len() > LARGEST => {
            let message = format!("Request entity too large: limit is {LARGEST}");
            refusal(&Failure::new(413, "RequestEntityTooLarge", message, Some(serde_json::json!({}))))
        }
        None => match handle::answer(&inner, &asked) {
            Ok(reply) => of_reply(reply, cut),
            Err(failure) => refusal(&failure),
        },
    };
    logged.status = response.status().as_u16();
    inner.requests.log(logged);
    Ok(response)
}

fn of_reply(reply: Reply, cut: Option<usize>) -> Response<ResponseBody> {
    match reply {
        Reply::Json { code, value, content_type, warnings } => {
            let mut text = value.to_string();
            text.push('\n');
            let mut response = whole(code, content_type, text.into(), cut);
            warn(&mut response, &warnings);
            response
        }
        Reply::Text(text) => whole(200, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()), cut),
        Reply::Watch(watch) => {
            let events = stream::unfold((watch, cut), next_event);
            let body = StreamBody::new(Box::pin(events));
            response(200, "application/json", ResponseBody(UnsyncBoxBody::new(body)))
        }
    }
}

async fn next_event(
    (mut watch, left): (Box<Watch>, Option<usize>),
) -> Option<(Result<Frame<Bytes>, CutError>, (Box<Watch>, Option<usize>))> {
    if left == Some(0) {
        watch.stop();
        return Some((broken_off().await, (watch, None)));
    }
    let mut event = watch.next().await?;
    let left = left.map(|left| {
        event.truncate(left);
        left - event.len()
    });
    Some((Ok(Frame::data(event)), (watch, left)))
}

fn warn(response: &mut Response<ResponseBody>, warnings: &[String]) {
    for warning in warnings {
        let warning = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{warning}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

fn whole(code: u16, content_type: &'static str, text: Bytes, cut: Option<usize>) -> Response<ResponseBody> {
    let body = match cut {
        None => UnsyncBoxBody::new(Full::new(text).map_err(|never: Infallible| match never {})),
        Some(after) => {
            let start = text.slice(..after.min(text.len()));
            let end = stream::once(broken_off());
            UnsyncBoxBody::new(StreamBody::new(Box::pin(stream::iter([Ok(Frame::data(start))]).chain(end))))
        }
    };
    response(code, content_type, ResponseBody(body))
}

/// The end of a body that breaks off. What came before is on its way first.
async fn broken_off() -> Result<Frame<Bytes>, CutError> {
    tokio::task::yield_now().await;
    Err(CutError)
}

fn refusal(failure: &Failure) -> Response<ResponseBody> {
    let (content_type, text) = match &*failure.body {
        FailureBody::Plain(text) => ("text/plain; charset=utf-8", text.clone()),
        FailureBody::Status { .. } => ("application/json", format!("{}\n", failure.status())),
    };
    let mut response = whole(failure.code, content_type, text.into(), None);
    if let Some(seconds) = failure.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    warn(&mut response, &failure.warnings);
    response
}

fn response(code: u16, content_type: &'static str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}
