use windlass_cluster::plan;

use crate::bed::{bed, words};

/// A CRD, an object of its kind, a Namespace and an object in it, in the worst order.
fn everything(word: &str) -> String {
    format!(
        r"
apiVersion: {word}.example.com/v1
kind: Widget
metadata: {{name: w, namespace: {word}-new}}
spec: {{size: 1}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c, namespace: {word}-new}}
---
apiVersion: {word}.example.com/v1
kind: Gadget
metadata: {{name: g, namespace: stripped-since-cluster-wide}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.{word}.example.com}}
spec: {{group: {word}.example.com, scope: Namespaced, names: {{kind: Widget, plural: widgets}}, versions: [{{name: v1,
  served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object,
  properties: {{size: {{type: integer}}}}}}}}}}}}}}]}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: gadgets.{word}.example.com}}
spec: {{group: {word}.example.com, scope: Cluster, names: {{kind: Gadget, plural: gadgets}}, versions: [{{name: v1,
  served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {word}-new}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {{name: {word}-low}}
value: 7
"
    )
}

const ORDER: [&str; 7] = [
    "CustomResourceDefinition/gadgets.staged.example.com",
    "CustomResourceDefinition/widgets.staged.example.com",
    "Namespace/staged-new",
    "PriorityClass/staged-low",
    "ConfigMap/staged-new/c",
    "Gadget/g",
    "Widget/staged-new/w",
];

#[tokio::test]
async fn kinds_and_namespaces_are_there_when_their_objects_come() {
    let bed = bed!("staged");
    let text = everything("staged");
    let planned = plan(&bed.cluster, &bed.manifests(&text), None, &bed.options()).await.unwrap();
    let created: Vec<_> = planned.actions.iter().map(|a| format!("{} {}", a.verb.past(), a.id)).collect();
    let expected: Vec<_> = ORDER.iter().map(|id| format!("created {id}")).collect();
    assert_eq!(created, expected);

    assert_eq!(words(&bed.apply(&text).await), expected);
    assert!(bed.apply(&text).await.changed().next().is_none());
    let planned = plan(&bed.cluster, &bed.manifests(&text), None, &bed.options()).await.unwrap();
    assert!(!planned.has_changes());
}

#[tokio::test]
async fn a_stage_is_applied_as_a_whole_or_not_at_all() {
    let bed = bed!("whole");
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: good, namespace: NS}}\n---\n\
                {apiVersion: v1, kind: ConfigMap, metadata: {name: Bad_Name, namespace: NS}}\n---\n\
                {apiVersion: v1, kind: Service, metadata: {name: bad, namespace: NS}, spec: {ports: [{port: 0}]}}";
    let failure = bed.try_apply(text, &bed.options()).await.unwrap_err();
    assert_eq!(failure.failures.errors().len(), 2, "{failure}");
    let text = failure.to_string();
    assert!(
        text.contains("apps/all.yaml:3: ConfigMap/whole/Bad_Name: the server refused to dry-run it (Invalid)"),
        "{text}"
    );
    assert!(text.contains("apps/all.yaml:5: Service/whole/bad: "), "{text}");
    assert!(failure.applied.actions.is_empty());
    assert!(!bed.kubectl(&["get", "configmap", "-o", "name"]).contains("good"));
}

#[tokio::test]
async fn discovery_costs_one_request_for_each_group_version() {
    let bed = bed!("discovery");
    let text: String = (0..20)
        .map(|n| format!("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{n}, namespace: NS}}}}\n"))
        .collect();
    let discoveries = || {
        let audit = bed.kube.audit().unwrap();
        let ours = |event: &&serde_json::Value| event["userAgent"].is_null() && event["requestURI"] == "/api/v1";
        audit.iter().filter(ours).count()
    };
    let before = (discoveries(), bed.request_count());
    bed.apply(&text).await;
    // Other tests of this binary discover too, each with a cluster of its own: the count is theirs and ours.
    assert!(discoveries() - before.0 <= 12);
    assert_eq!(bed.requests_since(before.1).len(), 20 * 3);
}

#[tokio::test]
async fn a_namespace_that_is_going_is_a_passing_trouble() {
    let bed = bed!("going");
    bed.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: NS, finalizers: [example.com/hold]}}")
        .await;
    bed.kubectl(&["delete", "namespace", "going", "--wait=false"]);
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: d, namespace: NS}}";
    let failure = bed.try_apply(text, &bed.options()).await.unwrap_err();
    assert!(failure.failures.is_transient(), "{failure}");
    assert!(failure.to_string().contains("(NamespaceTerminating)"), "{failure}");

    let options = windlass_cluster::ApplyOptions { wait: std::time::Duration::from_millis(600), ..bed.options() };
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: NS}}";
    let failure = bed.try_apply(namespace, &options).await.unwrap_err();
    assert!(failure.to_string().ends_with("Namespace/going: not ready after 0s: being deleted"), "{failure}");
    bed.kubectl(&["patch", "configmap/c", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#]);
}
