//! What people read when something is wrong: the whole message, with file and line.

#![allow(missing_docs, clippy::unwrap_used)]

use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, LoadRestriction, build};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n";

fn faults(files: &[(&str, &str)]) -> Vec<String> {
    faults_in(files, "app", &BuildOptions::default())
}

fn faults_in(files: &[(&str, &str)], directory: &str, options: &BuildOptions<'_>) -> Vec<String> {
    let tree = MemoryTree::from_iter(files.iter().copied());
    let errors = build(&tree, &TreePath::new(directory).unwrap(), options).unwrap_err();
    assert!(errors.closure().is_current(&tree));
    errors.iter().map(ToString::to_string).collect()
}

fn fault(kustomization: &str) -> String {
    let faults = faults(&[("app/kustomization.yaml", kustomization), ("app/pod.yaml", POD)]);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.into_iter().next().unwrap()
}

#[test]
fn files() {
    assert_eq!(
        fault("resources:\n- pdo.yaml\n"),
        "app/kustomization.yaml:2: \"pdo.yaml\" does not exist: did you mean \"pod.yaml\"?"
    );
    assert_eq!(
        fault("resources:\n- ../../etc/passwd\n"),
        "app/kustomization.yaml:2: \"../../etc/passwd\" leads out of the repository: copy the file into it"
    );
    assert_eq!(
        fault("resources:\n- /etc/passwd\n"),
        "app/kustomization.yaml:2: \"/etc/passwd\" is an absolute path: name it relative to this file's directory"
    );
    assert_eq!(
        fault("resources:\n- https://example.com/x.yaml\n"),
        "app/kustomization.yaml:2: \"https://example.com/x.yaml\" is remote: download it into the repository, or make \
         it a source of its own; a build fetches nothing unless its options say with what"
    );
    assert_eq!(
        fault("components:\n- pod.yaml\n"),
        "app/kustomization.yaml:2: \"pod.yaml\" is a file, and a directory is needed here"
    );
    let outside = [("app/kustomization.yaml", "resources: [../pod.yaml]"), ("pod.yaml", POD)];
    assert_eq!(
        faults(&outside),
        [
            "app/kustomization.yaml:1: \"../pod.yaml\" is not in or below app: move the file, or lift the load restriction"
        ]
    );
    let tree = MemoryTree::from_iter(outside);
    let lifted = BuildOptions { load_restriction: LoadRestriction::None, ..BuildOptions::default() };
    assert!(build(&tree, &TreePath::new("app").unwrap(), &lifted).is_ok());
}

#[test]
fn directories() {
    assert_eq!(
        faults(&[("app/kustomization.yaml", "resources: [base]"), ("app/base/pod.yaml", POD)]),
        ["app/kustomization.yaml:1: no kustomization.yaml in app/base: write one, or name the files one by one"]
    );
    assert_eq!(
        faults(&[("app/kustomization.yaml", "resources: []"), ("app/Kustomization", "resources: []")]),
        ["app: several kustomization files in app: kustomization.yaml, Kustomization: keep one"]
    );
    assert_eq!(
        faults(&[("app/kustomization.yaml", "resources: [../b]"), ("b/kustomization.yaml", "resources:\n- ../app")]),
        ["b/kustomization.yaml:2: \"../app\" is this directory or holds it, so the build would go in a circle \
             (reached by app > b)"]
    );
    assert_eq!(
        faults(&[("app/pod.yaml", POD)]),
        ["app: no kustomization.yaml in app: write one, or name the files one by one"]
    );
    assert_eq!(faults(&[("b/x", "")]), ["app: \"app\" does not exist"]);
    let component = "kind: Component\nresources: []";
    assert_eq!(
        faults(&[("app/kustomization.yaml", "resources: [../c]"), ("c/kustomization.yaml", component)]),
        ["app/kustomization.yaml:1: \"../c\" is a Component: list it under components"]
    );
}

#[test]
fn fields() {
    assert_eq!(
        fault("resuorces:\n- pod.yaml\n"),
        "app/kustomization.yaml:2: unknown field \"resuorces\": did you mean \"resources\"?"
    );
    assert_eq!(
        fault("images:\n- name: nginx\n  newTag: 1.10\n"),
        "app/kustomization.yaml:3: images[0].newTag must be a string, found 1.10: put it in quotes"
    );
    assert_eq!(
        fault("commonLabels:\n  app: yes\n"),
        "app/kustomization.yaml:2: commonLabels.app must be a string, found yes: put it in quotes"
    );
    assert_eq!(fault("resources: pod.yaml\n"), "app/kustomization.yaml:1: resources must be a list, found pod.yaml");
    assert_eq!(
        fault("resources: [pod.yaml]\n\nreplacements:\n- path: x.yaml\n"),
        "app/kustomization.yaml:4: \"x.yaml\" does not exist"
    );
    assert_eq!(
        fault("apiVersion: v1\nresources: []\n"),
        "app/kustomization.yaml:1: apiVersion: a Kustomization has kustomize.config.k8s.io/v1beta1, found v1"
    );
    assert_eq!(
        fault("kind: Kustomization\n"),
        "app/kustomization.yaml:1: the kustomization is empty: give it `resources: []` if that is meant"
    );
}

#[test]
fn documents() {
    let in_pod = |text: &str| {
        let faults = faults(&[("app/kustomization.yaml", "resources: [pod.yaml]"), ("app/pod.yaml", text)]);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults[0].clone()
    };
    assert_eq!(
        in_pod("kind: Pod\nmetadata: {name: a}\nspec:\n  x: 1\n  x: 2\n"),
        "app/pod.yaml:5: key `x` is already defined at line 4"
    );
    assert_eq!(in_pod("a: 1\n"), "app/pod.yaml:1: kind is missing or not a string: every Kubernetes object needs one");
    assert!(in_pod("a: [1\nb: 2\n").starts_with("app/pod.yaml:2: "), "{}", in_pod("a: [1\nb: 2\n"));
    assert_eq!(
        in_pod("kind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: a}\n"),
        "app/pod.yaml:4: Pod a is defined twice: here and in app/pod.yaml:1: remove one, or rename it"
    );
}

#[test]
fn patches() {
    let header = "resources: [pod.yaml]\npatches:\n";
    assert_eq!(
        fault(&format!("{header}- patch: |\n    apiVersion: v1\n    kind: Pod\n    metadata: {{name: wbe}}\n")),
        "app/kustomization.yaml:3: the patch is for v1 Pod wbe, and there is none: the nearest is v1 Pod web"
    );
    assert_eq!(
        fault(&format!("{header}- target: {{kind: Pod}}\n  patch: '- {{op: remove, path: /spec}}'\n")),
        "app/kustomization.yaml:3: cannot patch v1 Pod web: operation 1 (remove /spec): /spec does not exist"
    );
    assert_eq!(
        fault(&format!("{header}- patch: '- {{op: remove, path: /spec}}'\n")),
        "app/kustomization.yaml:3: patches[0]: a JSON 6902 patch needs a target"
    );
    assert_eq!(
        fault(&format!("{header}- target: {{name: '['}}\n  patch: '[]'\n")),
        "app/kustomization.yaml:3: patches[0].target.name: \"[\" is no regular expression"
    );
    assert_eq!(
        fault(&format!("{header}- target: {{name: x}}\n")),
        "app/kustomization.yaml:3: patches[0]: give `path` or `patch`"
    );
}

#[test]
fn all_faults_are_told_together() {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [a.yaml, ../b, c.yaml]\nconfigMapGenerator:\n- name: x\n  files: [none]\n",
        ),
        ("app/c.yaml", "kind: A\n"),
        ("b/kustomization.yaml", "unknown: 1\nresources: [d.yaml]\n"),
    ];
    assert_eq!(
        faults(&files),
        [
            "app/kustomization.yaml:1: \"a.yaml\" does not exist: did you mean \"c.yaml\"?",
            "b/kustomization.yaml:1: unknown field \"unknown\" (reached by app > b)",
            "b/kustomization.yaml:2: \"d.yaml\" does not exist (reached by app > b)",
            "app/c.yaml:1: metadata.name is missing or not a string: every Kubernetes object needs one",
            "app/kustomization.yaml:4: \"none\" does not exist",
        ]
    );
}

/// A field that cannot be read hides nothing of what the kustomization names, nor does a patch that fails hide its object
/// from what comes after.
#[test]
fn one_fault_does_not_hide_the_others_or_make_new_ones() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";
    let bogus = format!("{deployment}spec: {{template: {{$patch: bogus}}}}\n");
    let files = [
        (
            "app/kustomization.yaml",
            "namePrefx: x-\nresources: [../base, nil.yaml]\nimages: [{name: a, newTag: 1.27}]\n",
        ),
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\npatches: [{path: p.yaml}]\nreplicas: [{name: web, count: 2}]\n",
        ),
        ("base/web.yaml", deployment),
        ("base/p.yaml", bogus.as_str()),
    ];
    assert_eq!(
        faults(&files),
        [
            "app/kustomization.yaml:3: images[0].newTag must be a string, found 1.27: put it in quotes",
            "app/kustomization.yaml:1: unknown field \"namePrefx\": did you mean \"namePrefix\"?",
            "base/p.yaml:1: cannot patch apps/v1 Deployment web: spec.template: `$patch: \"bogus\"` is none of merge, \
             replace, delete (reached by app > base)",
            "app/kustomization.yaml:2: \"nil.yaml\" does not exist",
        ]
    );
}

#[test]
fn silent_traps_are_warnings() {
    let tree = MemoryTree::from_iter([
        (
            "kustomization.yaml",
            "resources: [pod.yaml]\npatches:\n- target:\n    kind: Deployment\n    name: web\n  patch: '- {op: remove, path: /spec}'\n",
        ),
        ("pod.yaml", POD),
    ]);
    let build = build(&tree, &TreePath::root(), &BuildOptions::default()).unwrap();
    let warnings: Vec<_> = build.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["kustomization.yaml:4: the target of this patch fits no object: kind Deployment, name web"]);
}

#[test]
fn replacements_and_vars() {
    let files = |kustomization: &str| {
        faults(&[("app/kustomization.yaml", kustomization), ("app/pod.yaml", POD), ("app/list.yaml", LIST)])
    };
    let one = |kustomization: &str| files(kustomization).remove(0);
    let target = "  targets:\n  - select: {kind: Pod}\n    fieldPaths: [spec.none]\n";
    assert_eq!(
        one(&format!("resources: [pod.yaml]\nreplacements:\n- sourceValue: x\n{target}")),
        "app/kustomization.yaml:3: replacements[0]: cannot write spec.none of v1 Pod web: there is no such field: make \
         it, or say `create: true` in the options of the target"
    );
    assert_eq!(
        one(&format!("resources: [pod.yaml]\nreplacements:\n- source: {{kind: Node}}\n{target}")),
        "app/kustomization.yaml:3: replacements[0]: the source is no object of the build: kind Node"
    );
    assert_eq!(
        one("resources: [pod.yaml]\nreplacements:\n- path: list.yaml\n"),
        "app/list.yaml:2: [0].targets[0]: say with `select` which objects are meant"
    );
    assert_eq!(
        one("resources: [pod.yaml]\nvars:\n- name: V\n  objref: {apiVersion: v1, kind: Pod, name: other}\n"),
        "app/kustomization.yaml:3: the var V: its object is not in the build: give objref apiVersion, kind and name as \
         they are"
    );
}

const LIST: &str = "- sourceValue: x\n  targets: [{fieldPaths: [a]}]\n";
