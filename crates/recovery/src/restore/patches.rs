//! Changing saved objects by patches, with kustomize's own rules.

use serde_json::{Value, json};
use windlass_manifest::{Manifest, MemoryTree, TreePath};
use windlass_render::{BuildOptions, build};

use crate::Error;

/// Applies `patches` to `manifests`, which keep their order and their origins.
///
/// Each object is built alone: the objects of a backup are no application, and none may change another's references.
pub(crate) fn patched(manifests: Vec<Manifest>, patches: &[Value]) -> Result<Vec<Manifest>, Error> {
    if patches.is_empty() {
        return Ok(manifests);
    }
    manifests.into_iter().map(|manifest| patch(manifest, patches)).collect()
}

fn patch(manifest: Manifest, patches: &[Value]) -> Result<Manifest, Error> {
    let fitting: Vec<&Value> = patches.iter().filter(|patch| may_fit(patch, &manifest)).collect();
    if fitting.is_empty() {
        return Ok(manifest);
    }
    let tree = MemoryTree::from_iter([
        ("kustomization.yaml", windlass_yaml::print(&json!({"resources": ["object.yaml"], "patches": fitting}))),
        ("object.yaml", windlass_yaml::print(manifest.value())),
    ]);
    let refused = |reason: String| Error::Patch { reason: format!("{}: {reason}", manifest.id()) };
    let root = TreePath::new(".").map_err(|error| refused(error.to_string()))?;
    let built = build(&tree, &root, &BuildOptions::default()).map_err(|errors| {
        // A fault may quote the object, which may be secret; the patches are the user's own.
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        refused(if manifest.is_sensitive() { "the object cannot be patched".to_owned() } else { lines.join("\n") })
    })?;
    let mut objects = built.manifests.into_iter();
    let (Some(mut patched), None) = (objects.next(), objects.next()) else {
        return Err(refused("a patch deletes it; leave it out of the restore instead".to_owned()));
    };
    if manifest.is_sensitive() {
        patched.mark_sensitive();
    }
    Ok(patched.with_origin(manifest.origin().clone()))
}

/// Whether a patch may be about an object: kustomize refuses a patch without a target that fits nothing.
fn may_fit(patch: &Value, manifest: &Manifest) -> bool {
    let fits = |value: &Value, own: Option<&str>| value.as_str().is_none_or(|named| Some(named) == own);
    match patch.get("target") {
        // Targets hold regular expressions for names: kustomize judges. Only what it compares as it stands is looked at.
        Some(target) => fits(&target["kind"], Some(manifest.kind())),
        None => {
            let text = patch["patch"].as_str().unwrap_or_default();
            let Ok(named) = windlass_manifest::read_manifests(text, "patch") else { return true };
            named.iter().any(|named| named.id() == manifest.id())
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_manifest::Origin;

    use super::*;

    fn service(name: &str) -> Manifest {
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        });
        Manifest::new(object, Origin::unknown()).unwrap()
    }

    #[test]
    fn both_kinds_of_patches_change_what_they_name_and_nothing_else() {
        let patches = [
            json!({"target": {"kind": "Service"}, "patch": "- {op: replace, path: /spec/type, value: ClusterIP}"}),
            json!({"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop, labels: {x: y}}\n"}),
            json!({"target": {"kind": "Deployment"}, "patch": "- {op: remove, path: /spec/replicas}"}),
        ];
        let patched = patched(vec![service("a"), service("b")], &patches).unwrap();
        assert_eq!(patched[0].value()["spec"]["type"], "ClusterIP");
        assert_eq!(patched[0].label("x"), Some("y"));
        assert_eq!(patched[1].value()["spec"]["type"], "ClusterIP");
        assert_eq!(patched[1].label("x"), None);
    }

    #[test]
    fn a_patch_that_cannot_be_applied_is_told_with_its_object() {
        let patches = [json!({"target": {"kind": "Service"}, "patch": "- {op: remove, path: /spec/nothing}"})];
        let error = patched(vec![service("a")], &patches).unwrap_err().to_string();
        assert!(error.contains("Service/shop/a"), "{error}");
    }
}
