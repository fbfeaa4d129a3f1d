//! `windlass build`, where all is well, and its flags.

use std::fs;

use crate::run::{Ran, Scratch, run_in};

const TREE: [(&str, &str); 4] = [
    ("home/kustomization.yaml", "resources:\n- ../base\nnamespace: home\nreplicas:\n- name: web\n  count: 2\n"),
    ("base/kustomization.yaml", "resources:\n- web.yaml\n- namespace.yaml\n"),
    ("base/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: home\n"),
    (
        "base/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web # the web\nspec:\n  replicas: 1\n",
    ),
];

#[test]
fn a_directory_is_printed() {
    insta::assert_snapshot!(Scratch::new(TREE).run("build home"));
}

#[test]
fn the_current_directory_is_the_default() {
    let scratch = Scratch::new(TREE);
    let here = run_in(&scratch.path().join("home"), "build", &[]);
    assert_eq!(here.stdout, scratch.run("build home").stdout);
    assert_eq!(here.code, Some(0));
}

#[test]
fn a_build_of_nothing_is_nothing() {
    let ran = Scratch::new([("kustomization.yaml", "resources: []\n")]).run("build");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn the_output_goes_to_a_file_or_to_a_directory_with_a_file_for_each_object() {
    let scratch = Scratch::new(TREE);
    assert_eq!(scratch.run("build home -o all.yaml").stdout, "");
    assert_eq!(fs::read_to_string(scratch.path().join("all.yaml")).unwrap(), scratch.run("build home").stdout);

    fs::create_dir(scratch.path().join("out")).unwrap();
    assert_eq!(scratch.run("build home -o out").code, Some(0));
    let mut names: Vec<_> =
        fs::read_dir(scratch.path().join("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["apps_v1_deployment_web.yaml", "v1_namespace_home.yaml"]);
    insta::assert_snapshot!("output_that_cannot_be_written", scratch.run("build home -o missing/all.yaml"));
}

#[test]
fn the_load_restriction_can_be_lifted() {
    let tree = [("home/kustomization.yaml", "resources:\n- ../base/web.yaml\n"), TREE[3]];
    let scratch = Scratch::new(tree);
    insta::assert_snapshot!("restricted", scratch.run("build home"));
    assert_eq!(scratch.run("build home --load-restrictor LoadRestrictionsNone").code, Some(0));
}

#[test]
fn the_order_may_be_that_of_the_files() {
    let scratch = Scratch::new(TREE);
    let kinds = |ran: Ran| ran.stdout.lines().filter(|line| line.starts_with("kind")).collect::<Vec<_>>().join(" ");
    assert_eq!(kinds(scratch.run("build home")), "kind: Namespace kind: Deployment");
    assert_eq!(kinds(scratch.run("build home --reorder none")), "kind: Deployment kind: Namespace");
}

#[test]
fn flags_of_kustomize_that_are_not_taken_say_why() {
    let scratch = Scratch::new(TREE);
    let mut all = String::new();
    for flags in [
        "--enable-helm",
        "--enable-alpha-plugins",
        "--enable-exec",
        "--network",
        "--mount type=bind",
        "-e NAME",
        "--helm-command helm",
    ] {
        let ran = scratch.run(&format!("build home {flags}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{flags}");
        all += &ran.stderr;
    }
    insta::assert_snapshot!("refused_flags", all);
    assert_eq!(scratch.run("build home --stack-trace").code, Some(0));
    assert!(scratch.run("build home --enable-managedby-label").stdout.contains("managed-by: kustomize-v5.8.1"));
}

#[test]
fn whoever_stops_reading_gets_no_complaint() {
    let scratch = Scratch::new(TREE);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["build", "home"])
        .current_dir(scratch.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
