//! The committed table, against what is known of Kubernetes by other ways.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use windlass_schema::{ListType, MapType, Node, PatchDirective, Scalar, Schema, Scope, Shape};

fn keys(node: Node<'_>) -> Vec<&str> {
    match node.list_type() {
        Some(ListType::Map { keys }) => keys.iter().collect(),
        other => panic!("expected a list with keys, found {other:?}"),
    }
}

fn at<'a>(schema: &'a Schema, [group, version, kind]: [&str; 3], path: &str) -> Node<'a> {
    let kind = schema.kind(group, version, kind).expect("a built-in kind");
    kind.root().at(path.split('.')).expect(path)
}

/// Every definition that can be reached from a kind, by its name.
fn definitions(schema: &Schema) -> BTreeMap<&str, Node<'_>> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<_> = schema.kinds().map(|kind| kind.root()).collect();
    while let Some(node) = waiting.pop() {
        if let Some(name) = node.definition_name()
            && found.insert(name, node).is_some()
        {
            continue;
        }
        waiting.extend(node.fields().map(|(_, field)| field).chain(node.item()).chain(node.value()).filter(
            // What is known to be nothing has nothing below it.
            |below| below.shape() != Shape::Any,
        ));
    }
    found
}

#[test]
fn ports_of_a_service_are_told_apart_by_port_and_protocol() {
    let schema = Schema::builtin();
    let ports = at(&schema, ["", "v1", "Service"], "spec.ports");
    assert_eq!(keys(ports), ["port", "protocol"]);
    assert_eq!(ports.patch().merge_key, Some("port"));
    let protocol = ports.item().and_then(|port| port.field("protocol")).expect("a field");
    assert_eq!(protocol.default_value(), Some("TCP".into()));
}

#[test]
fn scalars_have_their_types() {
    let schema = Schema::builtin();
    let shape = |kind, path| at(&schema, kind, path).shape();
    let pod = ["", "v1", "Pod"];
    assert_eq!(shape(pod, "spec.containers.0.resources.limits.cpu"), Shape::Scalar(Scalar::Quantity));
    assert_eq!(shape(["", "v1", "Service"], "spec.ports.0.targetPort"), Shape::Scalar(Scalar::IntOrString));
    assert_eq!(shape(["", "v1", "Secret"], "data.key"), Shape::Scalar(Scalar::Bytes));
    assert_eq!(shape(pod, "metadata.creationTimestamp"), Shape::Scalar(Scalar::Time));
    assert_eq!(shape(["apps", "v1", "Deployment"], "spec.replicas"), Shape::Scalar(Scalar::Integer));
    assert_eq!(shape(pod, "spec.hostNetwork"), Shape::Scalar(Scalar::Boolean));
    assert_eq!(shape(pod, "metadata.managedFields.0.fieldsV1"), Shape::Map(MapType::Granular));
    assert_eq!(shape(["apps", "v1", "ControllerRevision"], "data"), Shape::Any);
}

#[test]
fn mappings_that_are_one_value_say_so() {
    let schema = Schema::builtin();
    let map_type = |kind, path| at(&schema, kind, path).map_type();
    assert_eq!(map_type(["apps", "v1", "Deployment"], "spec.selector"), Some(MapType::Atomic));
    assert_eq!(map_type(["apps", "v1", "Deployment"], "spec.template"), Some(MapType::Granular));
    assert_eq!(map_type(["", "v1", "Pod"], "spec.nodeSelector"), Some(MapType::Atomic));
    assert_eq!(map_type(["", "v1", "Pod"], "metadata.labels"), Some(MapType::Granular));
    assert_eq!(map_type(["apps", "v1", "ControllerRevision"], "data"), Some(MapType::Atomic));
    assert_eq!(map_type(["", "v1", "Pod"], "spec.containers"), None);
}

#[test]
fn sets_atomic_lists_and_retained_keys() {
    let schema = Schema::builtin();
    let pod = ["", "v1", "Pod"];
    assert_eq!(at(&schema, pod, "metadata.finalizers").list_type(), Some(ListType::Set));
    assert_eq!(at(&schema, pod, "spec.containers.0.args").list_type(), Some(ListType::Atomic));
    assert_eq!(keys(at(&schema, pod, "spec.containers.0.ports")), ["containerPort", "protocol"]);
    let volumes = at(&schema, pod, "spec.volumes").patch();
    assert!(volumes.retain_keys && volumes.merge_key == Some("name"));
    let strategy = at(&schema, ["apps", "v1", "Deployment"], "spec.strategy").patch();
    assert!(strategy.retain_keys && strategy.directive.is_none());
    let selector = at(&schema, ["policy", "v1", "PodDisruptionBudget"], "spec.selector").patch();
    assert_eq!(selector.directive, Some(PatchDirective::Replace));
}

#[test]
fn what_is_not_known_is_none() {
    let schema = Schema::builtin();
    assert!(schema.kind("", "v1", "Deployment").is_none());
    assert!(schema.kind("apps", "v1beta1", "Deployment").is_none());
    assert!(schema.kind("", "", "").is_none());
    let pod = schema.kind("", "v1", "Pod").expect("a Pod");
    assert!(pod.field("spce").is_none());
    assert!(pod.root().at(["spec", "containers", "0", "name", "deeper"]).is_none());
    // A definition that contains itself has no end, and walking it needs none.
    let crd = schema.kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition").expect("a definition");
    let root = crd.root().at(["spec", "versions", "0", "schema", "openAPIV3Schema"]).expect("a schema");
    assert!(root.at(std::iter::repeat_n("not", 10_000)).is_some());
}

/// What Kubernetes changed since: ports of ephemeral containers are merged like those of others, and the `key` of a label
/// requirement lost a strategy that never meant anything.
const CHANGED: [&str; 2] = [
    "field api.core.v1.EphemeralContainer ports ",
    "field apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement key ",
];

/// Definitions that were split or renamed since.
const RENAMED: [(&str, &str); 3] = [
    ("api.core.v1.Handler", "api.core.v1.LifecycleHandler"),
    ("api.core.v1.LoadBalancerStatus", "api.networking.v1.IngressLoadBalancerStatus"),
    ("api.core.v1.ResourceRequirements", "api.core.v1.VolumeResourceRequirements"),
];

/// The rows were taken from kustomize's own table: see the head of the file.
#[test]
fn every_row_of_kustomize_that_still_exists_agrees() {
    let schema = Schema::builtin();
    let definitions = definitions(&schema);
    let (mut scopes, mut fields) = (0, 0);
    for line in include_str!("kustomize-1.21.txt").lines() {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["scope", version, kind, scope, group @ ..] => {
                let known = schema.kind(group.first().unwrap_or(&""), version, kind).expect(line);
                let expected = if *scope == "cluster" { Scope::Cluster } else { Scope::Namespaced };
                assert_eq!(known.scope(), expected, "{line}");
                scopes += 1;
            }
            ["field", definition, field, form, to, strategy, merge_keys] => {
                let node = definitions[definition].field(field).expect(line);
                check_row(node, line, [form, to, strategy, merge_keys]);
                fields += 1;
            }
            _ => assert!(line.starts_with('#'), "{line}"),
        }
    }
    assert_eq!((scopes, fields), (46, 457));
}

fn check_row(node: Node<'_>, line: &str, [form, to, strategy, merge_keys]: [&str; 4]) {
    let target = match form {
        "list" => node.item(),
        "map" => node.value(),
        _ => Some(node),
    }
    .expect(line);
    if let Some(name) = target.definition_name() {
        assert!(name == to || RENAMED.contains(&(to, name)), "{line}: {name}");
    }
    let patch = node.patch();
    let merges = patch.directive == Some(PatchDirective::Merge);
    if CHANGED.iter().any(|changed| line.starts_with(changed)) {
        return;
    }
    assert_eq!(merges, strategy.contains("merge"), "{line}");
    assert_eq!(patch.retain_keys, strategy.contains("retainKeys"), "{line}");
    if merges {
        // kustomize takes the list map keys of server-side apply where there are some, and the merge key where not.
        let merge_key = patch.merge_key.map(str::to_owned);
        let map_keys = match node.list_type() {
            Some(ListType::Map { keys }) => Some(keys.iter().collect::<Vec<_>>().join(",")),
            _ => None,
        };
        let expected = (merge_keys != "-").then(|| merge_keys.to_owned());
        assert!(expected == map_keys || expected == merge_key, "{line}: {map_keys:?} {merge_key:?}");
    }
}

#[test]
fn the_table_is_whole() {
    let schema = Schema::builtin();
    assert_eq!(schema.server_version(), "v1.36.3");
    assert_eq!(schema.kinds().count(), 68);
    assert_eq!(definitions(&schema).len(), 487);
    for kind in schema.kinds() {
        let metadata = kind.field("metadata").and_then(|metadata| metadata.definition_name());
        assert_eq!(metadata, Some("apimachinery.pkg.apis.meta.v1.ObjectMeta"), "{}", kind.kind());
        let found = schema.kind(kind.group(), kind.version(), kind.kind()).expect("found again");
        assert_eq!(found.scope(), kind.scope());
    }
}

#[test]
fn the_table_is_small_and_ready_at_once() {
    assert!(include_str!("../src/builtin.txt").len() < 100_000);
    // The text is indexed once; timed on the same work that the first use does.
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let text = include_str!("../src/builtin.txt").to_owned();
        let start = Instant::now();
        let schema = Schema::from_table(text).expect("the table");
        assert!(schema.kind("apps", "v1", "Deployment").is_some());
        best = best.min(start.elapsed());
    }
    println!("indexed in {best:?}");
    let limit = if cfg!(debug_assertions) { 20 } else { 1 };
    assert!(best < Duration::from_millis(limit), "{best:?}");
}
