//! What is said about a repository that is at fault, word for word.

use crate::run::Scratch;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";

fn golden(name: &str, files: &[(&str, &str)], command: &str) {
    let scratch = Scratch::new(files.iter().copied());
    let ran = scratch.run(command);
    assert_eq!(ran.code, Some(2), "{name}: {ran}");
    assert_eq!(ran.stdout, "", "{name}");
    insta::assert_snapshot!(name, ran);
}

#[test]
fn malformed_yaml() {
    let files =
        [("kustomization.yaml", "resources: [web.yaml]\n"), ("web.yaml", "kind: Deployment\nmetadata: {name: [\n")];
    golden("malformed_yaml", &files, "build");
}

#[test]
fn a_tab_as_indentation() {
    let files = [("kustomization.yaml", "resources:\n- web.yaml\n"), ("web.yaml", "kind: A\nmetadata:\n\tname: web\n")];
    golden("tab", &files, "build");
}

#[test]
fn a_key_given_twice_in_a_base() {
    let web = format!("{WEB}  labels:\n    app: web\n  name: web\n");
    let files = [
        ("clusters/home/kustomization.yaml", "resources:\n- ../../apps/home\n"),
        ("apps/home/kustomization.yaml", "resources:\n- ../base/web\n"),
        ("apps/base/web/kustomization.yaml", "resources:\n- deployment.yaml\n"),
        ("apps/base/web/deployment.yaml", &web),
    ];
    golden("duplicate_key", &files, "build clusters/home");
}

#[test]
fn a_resource_that_is_missing() {
    let files = [("kustomization.yaml", "resources:\n  # the web\n  - ./wbe.yaml # here\n"), ("web.yaml", WEB)];
    golden("missing_resource", &files, "build");
}

#[test]
fn several_faults_at_once() {
    let files =
        [("kustomization.yaml", "resources:\n- a.yaml\n- web.yaml\n- b.yaml\n"), ("web.yaml", "kind: Deployment\n")];
    golden("several", &files, "build");
}

#[test]
fn bases_in_a_circle() {
    let files = [("a/kustomization.yaml", "resources:\n- ../b\n"), ("b/kustomization.yaml", "resources:\n- ../a\n")];
    golden("cycle", &files, "build a");
}

#[test]
fn a_patch_without_its_target() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: wbe\nspec:\n  replicas: 2\n";
    let files = [
        ("kustomization.yaml", "resources:\n- web.yaml\npatches:\n- path: patch.yaml\n"),
        ("web.yaml", WEB),
        ("patch.yaml", patch),
    ];
    golden("patch_without_target", &files, "build");
}

#[test]
fn an_unknown_field() {
    let files = [("kustomization.yaml", "resources:\n- web.yaml\nnamePrefx: a-\n"), ("web.yaml", WEB)];
    golden("unknown_field", &files, "build");
}

#[test]
fn a_field_that_is_not_supported() {
    let files = [("kustomization.yaml", "helmCharts:\n- name: web\n  repo: https://charts.example.org\n")];
    golden("unsupported_field", &files, "build");
}

#[test]
fn an_object_that_is_none() {
    let files = [("kustomization.yaml", "resources:\n- list.yaml\n"), ("list.yaml", "- a\n- b\n")];
    golden("no_object", &files, "build");
}

#[test]
fn two_objects_with_one_id() {
    let files = [("kustomization.yaml", "resources:\n- a.yaml\n- b.yaml\n"), ("a.yaml", WEB), ("b.yaml", WEB)];
    golden("conflict", &files, "build");
}

#[test]
fn a_remote_base() {
    let files = [("kustomization.yaml", "resources:\n- https://example.org/web.yaml\n")];
    golden("remote", &files, "build");
}

#[test]
fn no_kustomization() {
    golden("no_kustomization", &[("apps/web.yaml", WEB)], "build apps");
}

#[test]
fn a_file_instead_of_a_directory() {
    golden("a_file", &[("apps/web.yaml", WEB)], "build apps/web.yaml");
}

#[test]
fn no_such_directory() {
    golden("no_such_directory", &[], "build apps");
    golden("a_url", &[], "build https://github.com/example/apps");
}

#[test]
fn a_path_out_of_the_tree_of_a_repository() {
    // A build's tree is the whole machine, where nothing is outside; the restriction holds the file back.
    let files = [("home/kustomization.yaml", "resources:\n- ../../../../../../../../../../etc/hostname\n")];
    let scratch = Scratch::new(files);
    let ran = scratch.run("build home");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("home/kustomization.yaml:2"), "{ran}");
}

#[test]
fn a_line_of_a_secret_is_never_shown() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2\n  password: hunter2\n";
    let files = [("kustomization.yaml", "resources:\n- secret.yaml\n"), ("secret.yaml", secret)];
    let generator = "secretGenerator:\n- name: s\n  literals:\n  - password=hunter2\n  files:\n  - missing\n";
    for (name, files) in [("secret", &files[..]), ("secret_generator", &[("kustomization.yaml", generator)])] {
        let ran = Scratch::new(files.iter().copied()).run("build");
        assert!(!ran.to_string().contains("hunter2"), "{ran}");
        golden(name, files, "build");
    }
}

#[test]
fn colours_come_when_asked_for() {
    let scratch = Scratch::new([]);
    assert!(!scratch.run("build nowhere").stderr.contains('\u{1b}'));
    assert!(scratch.run("build nowhere --color always").stderr.contains('\u{1b}'));
}
