use std::time::Duration;

use windlass_cluster::{ApplyOptions, Cluster, Error, Options, Surroundings, apply, plan, plan_among};
use windlass_testbed::KubeApi;

use crate::bed::{bed, cluster};

const MAP: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: NS}}";

#[tokio::test]
async fn an_unknown_kind_stops_everything_and_names_its_place() {
    let bed = bed!("unknown");
    let text =
        format!("{MAP}\n---\n{{apiVersion: example.com/v1, kind: Nothing, metadata: {{name: n, namespace: NS}}}}");
    let failure = bed.try_apply(&text, &bed.options()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "apps/all.yaml:3: Nothing/unknown/n: no CRD for example.com/v1 Nothing is installed or part of this build"
    );
    assert!(!bed.kubectl(&["get", "configmap", "-o", "name"]).contains("/c\n"), "nothing was applied");
    let planned = plan(&bed.cluster, &bed.manifests(&text), None, &bed.options()).await.unwrap_err();
    assert!(matches!(planned.errors(), [Error::UnknownKind { .. }]));
}

#[tokio::test]
async fn a_missing_namespace_is_an_error_unless_there_is_a_default() {
    let bed = bed!("homeless");
    let text = MAP.replace(", namespace: NS", "");
    let failure = bed.try_apply(&text, &bed.options()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "apps/all.yaml:1: ConfigMap/c: metadata.namespace is missing, and ConfigMap objects live in a namespace"
    );
    let options = ApplyOptions { default_namespace: Some("homeless".to_owned()), ..bed.options() };
    let applied = bed.try_apply(&text, &options).await.unwrap();
    assert_eq!(applied.actions[0].id.to_string(), "ConfigMap/homeless/c");

    let nowhere = MAP.replace("NS", "nowhere");
    let failure = bed.try_apply(&nowhere, &bed.options()).await.unwrap_err();
    assert!(failure.to_string().ends_with("(NotFound): namespaces \"nowhere\" not found"), "{failure}");
}

#[tokio::test]
async fn what_rbac_denies_is_named() {
    let bed = bed!("denied");
    let intern = cluster(&bed.kube.user("intern", &[]).unwrap()).await;
    bed.kubectl(&["create", "role", "reader", "--verb=get", "--resource=configmaps"]);
    bed.kubectl(&["create", "rolebinding", "reader", "--role=reader", "--user=intern"]);
    let failure = apply(&intern, bed.manifests(MAP), &bed.options()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "apps/all.yaml:1: ConfigMap/denied/c: not allowed to dry-run it: configmaps \"c\" is forbidden: User \"intern\" \
         cannot patch resource \"configmaps\" in API group \"\" in the namespace \"denied\""
    );
    assert!(!failure.failures.is_transient());
}

#[tokio::test]
async fn errors_about_a_secret_do_not_quote_it() {
    let bed = bed!("quoting");
    for fields in [
        "data: {k: 'hunter2 is not base64'}",
        "data: {k: [hunter2]}",
        "stringData: {'a key': x}",
        "type: 7, stringData: {k: hunter2}",
    ] {
        let text = format!("{{apiVersion: v1, kind: Secret, metadata: {{name: s, namespace: NS}}, {fields}}}");
        let failure = bed.try_apply(&text, &bed.options()).await.unwrap_err();
        let shown = format!("{failure}\n{failure:?}");
        assert!(
            !shown.contains("hunter2 is") && !shown.contains("[hunter2") && !shown.contains("\"hunter2\""),
            "{shown}"
        );
        assert!(shown.contains("Secret/quoting/s"), "{shown}");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_no_passing_trouble() {
    let bed = bed!("misfit");
    let text = "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: NS}, spec: {ports: [{port: '80'}]}}";
    let failure = bed.try_apply(text, &bed.options()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "apps/all.yaml:1: Service/misfit/s: the server refused to dry-run it (Invalid): \
         .spec.ports[port=\"80\",protocol=\"TCP\"].port: expected numeric (int or float), got string"
    );
    assert!(!failure.failures.is_transient());
}

#[tokio::test]
async fn a_server_that_is_down_is_a_passing_trouble() {
    let testbed = windlass_testbed::require_peers!(KubeApi::NEEDS);
    // A server of its own: the others need theirs.
    let kube = KubeApi::start(&testbed).unwrap();
    let cluster = cluster(&kube.kubeconfig()).await;
    let manifests = windlass_manifest::read_manifests(&MAP.replace("NS", "default"), "apps/all.yaml").unwrap();
    apply(&cluster, manifests.clone(), &ApplyOptions::default()).await.unwrap();
    a_broken_group_breaks_no_other(&kube).await;
    kube.kill_api();
    let failure = apply(&cluster, manifests.clone(), &ApplyOptions::default()).await.unwrap_err();
    assert!(failure.failures.is_transient(), "{failure}");
    assert!(
        failure
            .to_string()
            .contains("apps/all.yaml:1: ConfigMap/default/c: cannot read it: the API server does not answer"),
        "{failure}"
    );
    kube.start_api().unwrap();
    tokio::time::timeout(Duration::from_secs(30), apply(&cluster, manifests, &ApplyOptions::default()))
        .await
        .unwrap()
        .unwrap();
}

async fn a_broken_group_breaks_no_other(kube: &KubeApi) {
    kube.apply(
        "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.broken.example.com}, spec: \
         {group: broken.example.com, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: nobody, \
         namespace: default}}}",
    )
    .unwrap();
    let widget = |name: &str| {
        format!(
            "---\n{{apiVersion: broken.example.com/v1, kind: Widget, metadata: {{name: {name}, namespace: default}}}}\n"
        )
    };
    let text = format!("{}\n{}{}", MAP.replace("NS", "default"), widget("a"), widget("b"));
    let manifests = windlass_manifest::read_manifests(&text, "apps/all.yaml").unwrap();
    // kube's client tries again and again; here it is given a second for all objects of the group together.
    let options = Options { request_timeout: Duration::from_secs(1), ..Options::default() };
    let cluster = Cluster::new(cluster(&kube.kubeconfig()).await.client().clone(), options);
    let started = std::time::Instant::now();
    let planned = plan_among(&cluster, &manifests, &Surroundings::default(), &ApplyOptions::default()).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(planned.plan.actions[0].id.to_string(), "ConfigMap/default/c");
    assert_eq!(planned.failures.len(), 2);
    assert!(planned.failures.iter().all(|error| error.is_transient() && error.to_string().contains("discover")));
    kube.kubectl(["delete", "apiservice", "v1.broken.example.com"]).unwrap();
}
