//! Flux's way: the generated kustomization, amendments, decryption.

#![allow(missing_docs, clippy::unwrap_used)]

use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{Amendments, Build, BuildOptions, Decrypt, DecryptError, Fault, Image, build};
use zeroize::Zeroizing;

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: c\n    image: nginx:1\n"
    )
}

fn names(build: &Build) -> Vec<String> {
    build.manifests.iter().map(|manifest| manifest.id().to_string()).collect()
}

fn built(files: &[(&str, &str)], amendments: &Amendments) -> Build {
    let tree = MemoryTree::from_iter(files.iter().copied());
    build(&tree, &TreePath::root(), &BuildOptions::flux(amendments)).unwrap()
}

#[test]
fn a_directory_without_a_kustomization_gets_one() {
    let (a, b, c, d) = (pod("a"), pod("b"), pod("c"), pod("d"));
    let files = [
        ("z.yaml", a.as_str()),
        ("deep/er/b.yml", &b),
        ("deep/notes.txt", "not: [yaml"),
        ("kust/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: k-\n"),
        ("kust/c.yaml", &c),
        ("kust/left-out.yaml", &d),
    ];
    assert_eq!(names(&built(&files, &Amendments::default())), ["Pod/b", "Pod/k-c", "Pod/a"]);
}

#[test]
fn nothing_is_an_empty_build() {
    assert!(built(&[("readme.md", "x")], &Amendments::default()).manifests.is_empty());
    assert!(built(&[("kustomization.yaml", "")], &Amendments::default()).manifests.is_empty());
}

#[test]
fn files_that_are_no_objects_are_faults_once() {
    let tree = MemoryTree::from_iter([("a.yaml", "just: values\n"), ("b.yaml", "[1]\n")]);
    let amendments = Amendments::default();
    let errors = build(&tree, &TreePath::root(), &BuildOptions::flux(&amendments)).unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].starts_with("a.yaml:1: kind is missing"), "{errors:#?}");
    assert!(errors[1].starts_with("b.yaml:1: expected a Kubernetes object"), "{errors:#?}");
}

#[test]
fn amendments_come_on_top() {
    let web = pod("web");
    let files = [
        (
            "kustomization.yaml",
            "resources: [web.yaml]\nnamespace: own\nnamePrefix: own-\nimages:\n- {name: nginx, newName: n2, newTag: a}\n",
        ),
        ("web.yaml", web.as_str()),
    ];
    let amendments = Amendments {
        target_namespace: Some("target".to_owned()),
        name_suffix: Some("-x".to_owned()),
        images: vec![Image { name: "nginx".into(), digest: "sha256:d".into(), ..Image::default() }],
        components: vec!["../none".to_owned()],
        ignore_missing_components: true,
        ..Amendments::default()
    };
    let tree = MemoryTree::from_iter(files.iter().map(|(path, text)| (format!("app/{path}"), *text)));
    let built = build(&tree, &TreePath::new("app").unwrap(), &BuildOptions::flux(&amendments)).unwrap();
    assert_eq!(names(&built), ["Pod/target/own-web-x"]);
    assert!(built.to_yaml().contains("image: n2@sha256:d\n"), "{}", built.to_yaml());
}

#[test]
fn unknown_fields_of_the_built_kustomization_are_warnings() {
    let web = pod("web");
    let files = [("kustomization.yaml", "resources: [web.yaml]\nresourcse: []\n"), ("web.yaml", web.as_str())];
    let built = built(&files, &Amendments::default());
    assert_eq!(
        built.warnings[0].to_string(),
        "kustomization.yaml:2: unknown field \"resourcse\": did you mean \"resources\"?: Flux ignores it"
    );
}

/// Takes the text behind `ENC[` for the plain one.
struct Reverse;

impl Decrypt for Reverse {
    fn decrypt(&self, path: &TreePath, bytes: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, DecryptError> {
        let text = std::str::from_utf8(bytes)?;
        match text.split_once("# sops ENC[") {
            Some((_, "broken")) => Err(format!("no key for {path}").into()),
            Some((_, plain)) => Ok(Some(Zeroizing::new(plain.as_bytes().to_vec()))),
            None => Ok(None),
        }
    }
}

#[test]
fn encrypted_files_are_decrypted_and_what_comes_of_them_is_sensitive() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n";
    let encrypted = format!("# sops ENC[{}", config.replace("plain", "secret"));
    let tree = MemoryTree::from_iter([
        (
            "kustomization.yaml",
            "resources: [plain.yaml, secret.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\nsecretGenerator:\n- name: s\n  \
             files: [key=key.txt]\nconfigMapGenerator:\n- name: c\n  files: [key=key.txt]\n",
        ),
        ("plain.yaml", config),
        ("secret.yaml", &encrypted),
        ("key.txt", "# sops ENC[hunter2"),
    ]);
    let amendments = Amendments::default();
    let options = BuildOptions::flux(&amendments).with_decryptor(&Reverse);
    let built = build(&tree, &TreePath::root(), &options).unwrap();
    let sensitive: Vec<_> = built.manifests.iter().map(|m| (m.name(), m.is_sensitive())).collect();
    assert_eq!(sensitive, [("plain", false), ("secret", true), ("c", false), ("s", true)]);
    // What goes into a ConfigMap stays encrypted; `aHVudGVyMg==` is hunter2.
    assert_eq!(built.manifests[2].get(&["data", "key"]).unwrap(), "# sops ENC[hunter2");
    assert_eq!(built.manifests[3].get(&["data", "key"]).unwrap(), "aHVudGVyMg==");
}

#[test]
fn what_cannot_be_decrypted_is_a_fault() {
    let tree = MemoryTree::from_iter([("a.yaml", "# sops ENC[broken")]);
    let amendments = Amendments::default();
    let options = BuildOptions::flux(&amendments).with_decryptor(&Reverse);
    let errors = build(&tree, &TreePath::root(), &options).unwrap_err();
    let error = errors.iter().next().unwrap();
    assert!(matches!(error.fault, Fault::Decrypt { .. }), "{error}");
    assert_eq!(std::error::Error::source(error).unwrap().to_string(), "no key for a.yaml");
}
