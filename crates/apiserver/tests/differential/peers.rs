use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tower::Service;
use windlass_apiserver::ApiServer;
use windlass_testbed::{KubeApi, Testbed};

/// How long the real server is given for what comes of itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is waited for what should not come.
const GRACE: Duration = Duration::from_millis(150);

/// The real server.
pub(crate) struct Real {
    _kube: KubeApi,
    pub(crate) client: Client,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Value,
}

/// What is asked, in the form of both servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) body: &'a str,
}

impl Ask<'_> {
    fn request(self) -> Request<Body> {
        Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("content-type", self.content_type)
            .header("accept", self.accept)
            .header("user-agent", "script/1")
            .body(Body::from(self.body.as_bytes().to_vec()))
            .expect("a request")
    }
}

impl Real {
    pub(crate) async fn start(testbed: &Testbed) -> Self {
        let kube = KubeApi::start(testbed).expect("a real server");
        let config = Kubeconfig::read_from(kube.kubeconfig()).expect("its kubeconfig");
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.expect("a config");
        Self { _kube: kube, client: Client::try_from(config).expect("a client") }
    }

    pub(crate) async fn send(&self, ask: Ask<'_>) -> Answer {
        let response = self.client.send(ask.request()).await.expect("an answer");
        let (parts, body) = response.into_parts();
        answer(&parts, &body.collect().await.expect("a body").to_bytes())
    }

    /// The first `expected` events of a watch, and what comes soon after them.
    pub(crate) async fn watch(&self, path: &str, expected: usize) -> Vec<Value> {
        let ask = Ask { method: "GET", path, content_type: "", accept: "application/json", body: "" };
        let response = self.client.send(ask.request()).await.expect("an answer");
        events(response.into_body(), expected).await
    }
}

/// This server, its clock set by the real one's answers.
#[derive(Clone)]
pub(crate) struct Ours {
    server: ApiServer,
}

impl Ours {
    /// One that stands at a time before anything the real server is going to write.
    pub(crate) fn start() -> Self {
        let start = Timestamp::from_second(Timestamp::now().as_second() - 1).expect("a time");
        Self { server: ApiServer::builder().without_controllers().virtual_clock(start).build() }
    }

    /// Moves the clock to the latest time in an answer: owners are ordered by the second in which they wrote, and that
    /// second has to be the same one on both servers.
    pub(crate) fn follow(&self, answer: &Answer) {
        let latest = latest(&answer.body);
        let now = self.server.clock().now().as_second();
        if let Ok(ahead) = u64::try_from(latest.saturating_sub(now)) {
            self.server.advance(Duration::from_secs(ahead));
        }
    }

    pub(crate) async fn send(&self, ask: Ask<'_>) -> Answer {
        let response = self.server.clone().call(ask.request()).await.expect("an answer");
        let (parts, body) = response.into_parts();
        answer(&parts, &body.collect().await.expect("a body").to_bytes())
    }

    /// The events that are there: all of them come with the first poll.
    pub(crate) async fn watch(&self, path: &str) -> Vec<Value> {
        let ask = Ask { method: "GET", path, content_type: "", accept: "application/json", body: "" };
        let response = self.server.clone().call(ask.request()).await.expect("an answer");
        let mut body = response.into_body();
        let mut found = Vec::new();
        while let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_millis(5), body.frame()).await {
            found.extend(frame.data_ref().and_then(|data| serde_json::from_slice(data).ok()));
        }
        found
    }
}

async fn events(body: Body, expected: usize) -> Vec<Value> {
    let mut body = body;
    let mut text = Vec::new();
    loop {
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let patience = if lines >= expected { GRACE } else { PATIENCE };
        match tokio::time::timeout(patience, body.frame()).await {
            Ok(Some(Ok(frame))) => text.extend(frame.data_ref().into_iter().flatten()),
            _ => break,
        }
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap_or_default()).collect()
}

fn answer(parts: &http::response::Parts, bytes: &[u8]) -> Answer {
    let warnings = parts.headers.get_all("warning").iter();
    let warnings = warnings.map(|one| one.to_str().unwrap_or_default().to_owned()).collect();
    let body = serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into());
    Answer { status: parts.status.as_u16(), warnings, body }
}

/// The latest second that the server itself wrote into an object, or the objects of a list.
fn latest(body: &Value) -> i64 {
    let mut latest = 0;
    let metadata = body.get("metadata");
    let text = |value: Option<&Value>| value.and_then(Value::as_str)?.parse::<Timestamp>().ok();
    for name in ["creationTimestamp", "deletionTimestamp"] {
        latest = latest.max(text(metadata.and_then(|one| one.get(name))).map_or(0, Timestamp::as_second));
    }
    let entries = metadata.and_then(|one| one.get("managedFields")).and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        latest = latest.max(text(entry.get("time")).map_or(0, Timestamp::as_second));
    }
    latest
}
