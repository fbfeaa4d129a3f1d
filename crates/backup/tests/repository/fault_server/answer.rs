use std::io;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use super::objects::{Upload, flipped};
use super::request::{Asked, Seen, Verb};
use super::rules::{Fault, choose};
use super::{Body, FaultServer, State, full};

type Answer = Result<Response<Body>, io::Error>;

pub(super) async fn answer(state: &Mutex<State>, request: Request<Incoming>) -> Answer {
    let asked = Asked::of(&request);
    let (head, mut incoming) = request.into_parts();
    let fault = choose(&mut state.lock().unwrap().rules, asked.verb, &asked.key);
    let stop_at = match fault {
        Some(Fault::ResetUpload(bytes)) => bytes,
        _ => usize::MAX,
    };
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else { return lost() };
        body.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        if body.len() >= stop_at {
            return lost();
        }
    }
    if stop_at != usize::MAX {
        return lost();
    }
    let body = Bytes::from(body);
    let now = {
        let mut state = state.lock().unwrap();
        let key = asked.key.strip_prefix("home/attic/").unwrap_or(&asked.key).to_owned();
        state.seen.push(Seen { verb: asked.verb, key });
        let count = state.seen.len();
        if let Some(watcher) = &mut state.watcher {
            watcher(count);
        }
        if head.headers.get("x-amz-content-sha256").is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING")) {
            state.framed += 1;
        }
        Timestamp::now() + SignedDuration::from_secs(state.ahead)
    };
    let refused = refuse(&head.headers, now);
    let answered = match (refused, &fault) {
        (Some(refused), _) => refused,
        (None, Some(Fault::Status(status, code))) => error(*status, code),
        (None, Some(Fault::Busy(status, seconds))) => {
            let mut busy = error(*status, "SlowDown");
            busy.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
            busy
        }
        (None, Some(Fault::BlackHole)) => return std::future::pending().await,
        (None, Some(Fault::NotS3)) => xml("<html>It works!</html>".to_owned()),
        (None, Some(Fault::ErrorIn200 { done: false })) => in_200(),
        (None, Some(Fault::ErrorIn200 { done: true })) => {
            carry_out(&mut state.lock().unwrap(), &asked, &head.headers, body, now);
            in_200()
        }
        (None, Some(Fault::DoneThenLost)) => {
            carry_out(&mut state.lock().unwrap(), &asked, &head.headers, body, now);
            return lost();
        }
        (None, Some(Fault::Flip)) if asked.verb != Verb::Get => {
            carry_out(&mut state.lock().unwrap(), &asked, &head.headers, flipped(&body), now)
        }
        (None, fault) => {
            if let Some(Fault::Late(late)) = fault {
                tokio::time::sleep(*late).await;
            }
            carry_out(&mut state.lock().unwrap(), &asked, &head.headers, body, now)
        }
    };
    let mut answered = spoil(answered, fault).await;
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
    answered.headers_mut().insert("date", date.parse().unwrap());
    answered.headers_mut().insert("server", "fault".parse().unwrap());
    Ok(answered)
}

fn lost() -> Answer {
    Err(io::ErrorKind::ConnectionReset.into())
}

/// A server looks at who asks, and when.
fn refuse(headers: &hyper::HeaderMap, now: Timestamp) -> Option<Response<Body>> {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap()).unwrap_or_default();
    if !authorization.contains(&format!("Credential={}/", FaultServer::ACCESS_KEY)) {
        return Some(error(403, "InvalidAccessKeyId"));
    }
    let date = headers.get("x-amz-date").unwrap().to_str().unwrap();
    let signed = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", date).unwrap().to_datetime().unwrap();
    let signed = signed.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let differs = now.duration_since(signed).abs() > SignedDuration::from_mins(15);
    differs.then(|| error(403, "RequestTimeTooSkewed"))
}

fn carry_out(
    state: &mut State,
    asked: &Asked,
    headers: &hyper::HeaderMap,
    body: Bytes,
    now: Timestamp,
) -> Response<Body> {
    let Asked { verb, key, query } = asked;
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let there = state.objects.all.get(key).cloned();
    if state.wants_md5 && matches!(verb, Verb::Put | Verb::Part) && header("content-md5").is_none() {
        let mut refused =
            xml("<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is \
                               required for requests with Object Lock parameters</Message></Error>"
                .to_owned());
        *refused.status_mut() = hyper::StatusCode::BAD_REQUEST;
        return refused;
    }
    match verb {
        Verb::Put => {
            if header("if-none-match").is_some() && there.is_some() && !state.ignores_conditions {
                return error(412, "PreconditionFailed");
            }
            tagged(state.objects.put(key, body, now, state.opaque_tags))
        }
        Verb::Get | Verb::Head => {
            let Some(object) = there else { return error(404, "NoSuchKey") };
            if header("if-match").is_some_and(|tag| tag != object.tag) && !state.ignores_conditions {
                return error(412, "PreconditionFailed");
            }
            let size = object.bytes.len();
            let mut answer = tagged(object.tag);
            let modified = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&object.modified).unwrap();
            answer.headers_mut().insert("last-modified", modified.parse().unwrap());
            if let Some(until) = state.locked_until {
                answer.headers_mut().insert("x-amz-object-lock-retain-until-date", until.to_string().parse().unwrap());
            }
            if *verb == Verb::Head {
                answer.headers_mut().insert("content-length", size.to_string().parse().unwrap());
                return answer;
            }
            let range = header("range").map(|range| {
                let (start, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                (start.parse::<usize>().unwrap(), end.parse::<usize>().unwrap_or(size).min(size - 1))
            });
            let body = match range {
                None => object.bytes,
                Some((start, end)) => {
                    *answer.status_mut() = hyper::StatusCode::PARTIAL_CONTENT;
                    let text = format!("bytes {start}-{end}/{size}");
                    answer.headers_mut().insert("content-range", text.parse().unwrap());
                    object.bytes.slice(start..=end)
                }
            };
            *answer.body_mut() = full(body);
            answer
        }
        Verb::List => list(state, query),
        Verb::Delete if there.is_some() && state.locked_until.is_some_and(|until| until > now) => {
            error(403, "AccessDenied")
        }
        Verb::Delete => {
            state.objects.all.remove(key);
            let mut answer = status(204);
            if state.versioned {
                answer.headers_mut().insert("x-amz-delete-marker", "true".parse().unwrap());
            }
            answer
        }
        Verb::Create => {
            let id = state.objects.create(key, now);
            xml(format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"))
        }
        Verb::Part => {
            let number = query["partNumber"].parse().unwrap();
            let Some(upload) = state.objects.uploads.get_mut(&query["uploadId"]) else {
                return error(404, "NoSuchUpload");
            };
            upload.parts.insert(number, body);
            tagged(format!("\"part-{number}\""))
        }
        Verb::Complete => match state.objects.complete(&query["uploadId"], now) {
            Some(tag) => {
                xml(format!("<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"))
            }
            None => error(404, "NoSuchUpload"),
        },
        Verb::Abort => match state.objects.uploads.remove(&query["uploadId"]) {
            Some(_) => status(204),
            None => error(404, "NoSuchUpload"),
        },
        Verb::Other if query.contains_key("uploads") => uploads(state),
        Verb::Other if query.contains_key("object-lock") && state.claims_lock => xml("<ObjectLockConfiguration>\
            <ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
            .to_owned()),
        Verb::Other => error(501, "NotImplemented"),
    }
}

fn list(state: &State, query: &std::collections::BTreeMap<String, String>) -> Response<Body> {
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let after = query.get("continuation-token").or(query.get("start-after")).cloned().unwrap_or_default();
    let visible = |key: &&String| state.stale_list.as_ref().is_none_or(|stale| stale.contains(key));
    let all: Vec<&String> = state.objects.all.keys().filter(visible).collect();
    let mut fitting = all.into_iter().filter(|key| key.starts_with(&prefix) && **key > after);
    let page: Vec<&String> = fitting.by_ref().take(state.page.unwrap_or(1000)).collect();
    let more = fitting.next().is_some();
    let mut text = "<ListBucketResult><EncodingType>url</EncodingType>".to_owned();
    text.push_str(&format!("<IsTruncated>{more}</IsTruncated>"));
    if let (true, Some(last)) = (more, page.last()) {
        text.push_str(&format!("<NextContinuationToken>{last}</NextContinuationToken>"));
    }
    for key in page {
        let object = &state.objects.all[key];
        let (size, modified) = (object.bytes.len(), object.modified);
        let key = key.replace('/', "%2F");
        text.push_str(&format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>{modified}</LastModified></Contents>"
        ));
    }
    text.push_str("</ListBucketResult>");
    xml(text)
}

fn uploads(state: &State) -> Response<Body> {
    let one = |(id, Upload { key, begun, .. }): (&String, &Upload)| {
        format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>")
    };
    let all: String = state.objects.uploads.iter().map(one).collect();
    xml(format!("<ListMultipartUploadsResult>{all}</ListMultipartUploadsResult>"))
}

/// What happens to the body of an answer on its way.
async fn spoil(answer: Response<Body>, fault: Option<Fault>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let size = bytes.len();
    let body = match fault {
        Some(Fault::Flip) if head.headers.contains_key("last-modified") => full(flipped(&bytes)),
        Some(Fault::Cut(at)) => {
            let first = stream::iter([Ok(Frame::data(bytes.slice(..at.min(size))))]);
            let cut = stream::once(async { Err(io::ErrorKind::ConnectionReset.into()) });
            BodyExt::boxed(StreamBody::new(first.chain(cut)))
        }
        Some(Fault::Stall(at)) => {
            let first = stream::iter([Ok(Frame::data(bytes.slice(..at.min(size))))]);
            let rest = stream::once(async {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Err(io::ErrorKind::TimedOut.into())
            });
            BodyExt::boxed(StreamBody::new(first.chain(rest)))
        }
        _ => full(bytes),
    };
    if !head.headers.contains_key("content-length") {
        head.headers.insert("content-length", size.to_string().parse().unwrap());
    }
    Response::from_parts(head, body)
}

fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(full("")).unwrap()
}

fn tagged(tag: String) -> Response<Body> {
    Response::builder().header("etag", tag).body(full("")).unwrap()
}

fn xml(text: String) -> Response<Body> {
    Response::builder().header("content-type", "application/xml").body(full(text)).unwrap()
}

fn error(status: u16, code: &str) -> Response<Body> {
    let mut answer = xml(format!("<Error><Code>{code}</Code><Message>as scripted</Message></Error>"));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
    answer
}

fn in_200() -> Response<Body> {
    xml("<Error><Code>InternalError</Code><Message>We encountered an internal error</Message></Error>".to_owned())
}
