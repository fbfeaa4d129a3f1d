use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use windlass_apiserver::ApiServer;
use windlass_testbed::{KubeApi, Testbed};

/// The real server and this one.
pub(crate) struct Peers {
    _kube: KubeApi,
    pub(crate) real: Client,
    pub(crate) ours: Client,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Value,
}

impl Peers {
    pub(crate) async fn start(testbed: &Testbed) -> Self {
        let kube = KubeApi::start(testbed).expect("a real server");
        let config = Kubeconfig::read_from(kube.kubeconfig()).expect("its kubeconfig");
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.expect("a config");
        let real = Client::try_from(config).expect("a client");
        let ours = ApiServer::builder().without_controllers().build().client();
        Self { _kube: kube, real, ours }
    }
}

/// Sends a request as it is.
pub(crate) async fn send(client: &Client, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .header("accept", "application/json")
        .header("user-agent", "script/1")
        .body(Body::from(body.as_bytes().to_vec()))
        .expect("a request");
    let response = client.send(request).await.expect("an answer");
    let status = response.status().as_u16();
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|one| one.to_str().unwrap_or_default().to_owned()).collect();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
    Answer { status, warnings, body }
}
