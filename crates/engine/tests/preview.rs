//! What a repository wants, before anybody asks a cluster.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;
use std::sync::Arc;

use windlass_engine::{Error, Lookup, NamespacedName, Preview, PreviewOptions, preview};
use windlass_manifest::{DirTree, FileTree, MemoryTree, TreePath};
use windlass_sops::Identities;

fn homelab() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab")
}

fn options(path: &str, identities: Identities) -> PreviewOptions {
    PreviewOptions {
        path: TreePath::new(path).unwrap(),
        name: None,
        identities,
        strict: true,
        revision: "main@sha1:0".to_owned(),
    }
}

fn run(files: impl FileTree + 'static, options: &PreviewOptions) -> Result<Preview, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(preview(Arc::new(files), options, &mut Lookup::offline()))
}

fn names(preview: &Preview) -> Vec<&str> {
    preview.units.iter().map(|unit| unit.name.name.as_str()).collect()
}

#[test]
fn the_homelab_unfolds_from_its_root_in_the_order_of_dependencies() {
    let key = std::fs::read_to_string(homelab().join("age.agekey")).unwrap();
    let identities = Identities::parse(&key, "age.agekey").unwrap();
    let preview = run(DirTree::open(homelab()).unwrap(), &options("clusters/home", identities)).unwrap();

    assert_eq!(preview.errors().map(|(_, error)| error.chain()).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(names(&preview), ["flux-system", "infrastructure", "policies", "apps"]);
    assert!(!preview.units[0].is_made_up, "the root directory holds its own Kustomization");
    assert_eq!(preview.manifests().count(), 64);
    // Values that come from a ConfigMap and from an encrypted Secret of the same repository.
    let ingress = preview.manifests().find(|m| m.kind() == "Ingress" && m.name() == "dashboard").unwrap();
    assert!(ingress.value().to_string().contains("home.example.test"));
    assert!(preview.manifests().all(|m| m.get(&["sops"]).is_none()));
    assert!(preview.manifests().all(|m| m.label("kustomize.toolkit.fluxcd.io/name").is_some()));
}

#[test]
fn without_the_key_each_unit_says_which_file_it_cannot_open() {
    let preview = run(DirTree::open(homelab()).unwrap(), &options("clusters/home", Identities::new())).unwrap();
    let errors: Vec<String> = preview.errors().map(|(name, error)| format!("{name}: {}", error.chain())).collect();
    assert!(
        errors[0].contains("clusters/home/cluster-secrets.sops.yaml")
            && errors[0].contains("Secret/flux-system/cluster-secrets"),
        "{errors:#?}"
    );
}

const CHILD: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: NAME, namespace: \
                     flux-system}\nspec:\n  interval: 1h\n  prune: true\n  path: ./NAME\n  sourceRef: {kind: GitRepository, \
                     name: SOURCE}\n  dependsOn: [DEPENDS]\n";

fn child(name: &str, source: &str, depends_on: &str) -> String {
    let depends = if depends_on.is_empty() { String::new() } else { format!("{{name: {depends_on}}}") };
    CHILD.replace("NAME", name).replace("SOURCE", source).replace("DEPENDS", &depends)
}

fn map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: x}}\n")
}

#[test]
fn what_cannot_be_built_hides_nothing_else() {
    let files = MemoryTree::from_iter([
        ("root/a.yaml", child("a", "flux-system", "")),
        ("root/b.yaml", child("b", "flux-system", "a")),
        ("root/c.yaml", child("c", "elsewhere", "")),
        (
            "root/d.yaml",
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: elsewhere, namespace: \
                         flux-system}\nspec: {url: https://example.test/x.git, interval: 1h}\n---\napiVersion: \
                         source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: other, namespace: \
                         flux-system}\nspec: {url: https://example.test/y.git, interval: 1h}\n"
                .to_owned(),
        ),
        ("a/broken.yaml", "a: [".to_owned()),
        ("b/map.yaml", map("fine")),
    ]);
    let preview = run(files, &options("root", Identities::new())).unwrap();
    assert_eq!(names(&preview), ["root", "a", "b"]);
    assert!(preview.units[0].is_made_up);
    let errors: Vec<String> = preview.errors().map(|(name, error)| format!("{name}: {}", error.chain())).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].starts_with("flux-system/a: a/broken.yaml:1"), "{errors:#?}");
    assert!(preview.manifests().any(|manifest| manifest.name() == "fine"));
    assert_eq!(preview.elsewhere, [(NamespacedName::new("flux-system", "c"), "GitRepository/elsewhere".to_owned())]);
}

#[test]
fn a_circle_of_dependencies_is_named() {
    let files = MemoryTree::from_iter([
        ("root/a.yaml", child("a", "flux-system", "b")),
        ("root/b.yaml", child("b", "flux-system", "a")),
        ("a/map.yaml", map("a")),
        ("b/map.yaml", map("b")),
    ]);
    let error = run(files, &options("root", Identities::new())).unwrap_err();
    assert_eq!(error.to_string(), "dependsOn leads in a circle: flux-system/a → flux-system/b → flux-system/a");
}

#[test]
fn a_missing_path_is_an_error_of_its_unit() {
    let files = MemoryTree::from_iter([("root/a.yaml", child("gone", "flux-system", ""))]);
    let preview = run(files, &options("root", Identities::new())).unwrap();
    let errors: Vec<String> = preview.errors().map(|(_, error)| error.chain()).collect();
    assert_eq!(errors, ["spec.path \"./gone\" is no directory of the source at main@sha1:0"]);
}
