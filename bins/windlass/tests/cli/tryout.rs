//! `windlass try`: needs no peer, no cluster and no network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Ran, Scratch, run_in};

/// Runs with a place of its own for temporary files, and makes sure that nothing is left there or anywhere else.
fn try_in(scratch: &Scratch, arguments: &str, variables: &[(&str, &str)]) -> Ran {
    let before = files(scratch.path());
    let temporary = tempfile::tempdir().unwrap();
    let mut all = vec![("TMPDIR", temporary.path().to_str().unwrap())];
    all.extend_from_slice(variables);
    let ran = run_in(scratch.path(), &format!("try {arguments}"), &all);
    assert_eq!(files(temporary.path()), Vec::<String>::new(), "something was left behind");
    assert_eq!(files(scratch.path()), before, "something was written into the repository");
    ran
}

fn files(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(files(&path));
        }
    }
    names.sort();
    names
}

const ROOT: (&str, &str) = (
    "clusters/home/sync.yaml",
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: home, namespace: flux-system}\nspec: {url: \
     'ssh://git@git.example.test/home', interval: 1h, secretRef: {name: deploy-key}}\n---\napiVersion: \
     kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: home, namespace: flux-system}\nspec: {path: \
     ./clusters/home, interval: 1h, prune: true, sourceRef: {kind: GitRepository, name: home}}\n",
);

fn child(name: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: \
         flux-system}}\nspec:\n  path: ./{name}\n  interval: 1h\n  prune: true\n  sourceRef: {{kind: GitRepository, name: \
         home}}\n{more}"
    )
}

const MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting, namespace: default}\ndata: {text: hello}\n";

#[test]
fn the_example_is_tried_without_anything() {
    let scratch = Scratch::new([]);
    let ran = try_in(&scratch, "", &[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.stderr, "");
    for line in [
        "Trying the example homelab, clusters/home, on a Kubernetes API inside of this program.",
        "Kustomization/flux-system/apps  ready  32 objects",
        "├─ StatefulSet/databases/postgres                        current",
        "~ Deployment/dashboard/dashboard  apps/base/dashboard/deployment.yaml:1",
        "      the live value was written by \"somebody\" at ",
        "Asked to look, Kustomization/flux-system/apps puts it right in ",
        "64 objects from 4 Kustomizations, all healthy, in ",
    ] {
        assert!(ran.stdout.contains(line), "no {line:?} in {ran}");
    }
    assert!(!ran.stdout.contains("AGE-SECRET-KEY") && !ran.stdout.contains("not-a-real-token"));
    let staging = try_in(&scratch, "--path clusters/staging", &[]);
    assert!(staging.code == Some(0) && staging.stdout.contains("40 objects from "), "{staging}");
}

#[test]
fn a_directory_is_tried_as_it_is_and_what_nobody_defines_is_taken() {
    let monitor = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web, namespace: default}\nspec: {x: 1}\n";
    let scratch = Scratch::new([
        ROOT,
        ("clusters/home/apps.yaml", &child("apps", "")),
        ("apps/map.yaml", MAP),
        ("apps/monitor.yaml", monitor),
    ]);
    let ran = try_in(&scratch, ".", &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
    assert!(ran.stdout.starts_with("Trying ., clusters/home, on"), "{ran}");
    assert!(ran.stdout.contains("nobody defines ServiceMonitor of monitoring.coreos.com"), "{ran}");
    assert!(
        ran.stdout.contains("~ ConfigMap/default/greeting  apps/map.yaml:1\n    data.text: \"changed by a stranger\"")
    );
}

#[test]
fn what_is_wrong_is_shown_with_its_line_and_the_rest_goes_on() {
    let scratch = Scratch::new([
        ROOT,
        ("clusters/home/good.yaml", &child("good", "")),
        ("clusters/home/bad.yaml", &child("bad", "")),
        ("clusters/home/late.yaml", &child("late", "  dependsOn: [{name: bad}]\n")),
        ("good/map.yaml", MAP),
        ("late/map.yaml", &MAP.replace("greeting", "late")),
        ("bad/map.yaml", "apiVersion: v1\nkind: ConfigMap\nkind: ConfigMap\nmetadata: {name: x}\n"),
    ]);
    let ran = try_in(&scratch, "", &[("SOPS_AGE_KEY", "")]);
    assert_eq!(ran.code, Some(0), "without REPO it is the example: {ran}");
    let ran = try_in(&scratch, ".", &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("--> bad/map.yaml:3"), "{ran}");
    assert!(ran.stdout.contains("Kustomization/flux-system/good  ready  1 object\n"), "{ran}");
    assert!(ran.stdout.contains("Kustomization/flux-system/bad  failed  bad/map.yaml:3"), "{ran}");
    assert!(ran.stdout.contains(" from 4 Kustomizations, 2 not healthy, in "), "{ran}");
    assert!(
        ran.stdout.contains("Kustomization/flux-system/late  waits  dependency 'flux-system/bad' is not ready"),
        "{ran}"
    );
}

#[test]
fn a_root_that_fails_is_not_healthy() {
    let scratch = Scratch::new([("clusters/home/map.yaml", "apiVersion: v1\nkind: ConfigMap\nkind: ConfigMap\n")]);
    let ran = try_in(&scratch, ". --path clusters/home", &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("0 objects from 1 Kustomization, 1 Kustomization not ready, in "), "{ran}");
}

#[test]
fn a_missing_key_is_named_with_the_way_to_give_it() {
    let homelab = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/homelab"));
    let encrypted = std::fs::read_to_string(homelab.join("clusters/home/cluster-secrets.sops.yaml")).unwrap();
    let decryption = "  decryption: {provider: sops, secretRef: {name: keys}}\n";
    let scratch = Scratch::new([
        ROOT,
        ("clusters/home/apps.yaml", &child("apps", decryption)),
        ("apps/secret.sops.yaml", &encrypted),
    ]);
    let ran = try_in(&scratch, ".", &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk"), "{ran}");
    assert!(ran.stderr.contains("help: give the age key with --age-key-file FILE or SOPS_AGE_KEY_FILE=FILE"), "{ran}");

    let key = homelab.join("age.agekey");
    let ran = try_in(&scratch, &format!(". --age-key-file {}", key.display()), &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
    assert!(ran.stdout.contains("the age key is in Secret/flux-system/keys"), "{ran}");
    assert!(!ran.stdout.contains("AGE-SECRET-KEY"), "{ran}");
}

/// What `windlass secrets decrypt` finds, `windlass try` finds: here an SSH key at its usual place.
#[test]
fn keys_are_found_where_sops_looks() {
    let decryption = "  decryption: {provider: sops, secretRef: {name: keys}}\n";
    let scratch = Scratch::new([
        ROOT,
        ("clusters/home/apps.yaml", &child("apps", decryption)),
        (
            "apps/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\nstringData: {a: b}\n",
        ),
    ]);
    let key = scratch.path().join(".ssh/id_ed25519");
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let encrypt = "secrets encrypt -i --encrypted-regex ^(data|stringData)$ apps/secret.yaml";
    let ran = run_in(scratch.path(), encrypt, &[("SOPS_AGE_RECIPIENTS", public.trim())]);
    assert_eq!(ran.code, Some(0), "{ran}");

    let ran = try_in(&scratch, ".", &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
    assert!(ran.stdout.contains("Kustomization/flux-system/apps  ready  1 object\n"), "{ran}");
    assert!(
        ran.stdout.contains("Secret/flux-system/keys, which spec.decryption names, is not in the repository"),
        "{ran}"
    );

    std::fs::remove_file(&key).unwrap();
    let ran = try_in(&scratch, ".", &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("ssh-ed25519"), "the recipient is named: {ran}");

    // A key that is found twice is told once.
    let key = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/homelab/age.agekey"));
    let ran = try_in(&scratch, &format!(". --age-key-file {}", key.display()), &[]);
    assert_eq!(
        ran.stderr.matches("age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk").count(),
        1,
        "{ran}"
    );
    assert!(ran.stderr.contains("(from the keys given, SOPS_AGE_KEY_FILE "), "{ran}");
}

#[test]
fn what_cannot_be_tried_is_refused_with_what_to_do() {
    let scratch = Scratch::new([ROOT, ("clusters/away/sync.yaml", &ROOT.1.replace("clusters/home", "clusters/away"))]);
    insta::assert_snapshot!("try_many_roots", try_in(&scratch, ".", &[]));
    insta::assert_snapshot!("try_no_such_path", try_in(&scratch, ". --path clusters/moon", &[]));
    insta::assert_snapshot!("try_no_directory", try_in(&scratch, "nowhere", &[]));
    insta::assert_snapshot!("try_no_keys", try_in(&scratch, ". --age-key-file none", &[]));
    insta::assert_snapshot!("try_no_root", try_in(&Scratch::new([("map.yaml", MAP)]), ".", &[]));
}

#[test]
fn kept_it_serves_until_it_is_told_to_stop() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["try", "--keep"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe stays open: nobody to print to means the end.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut url = None;
    let mut kubeconfig = None;
    for line in lines.by_ref() {
        url = url.or_else(|| Some(line.split_once("at http://")?.1.split(',').next()?.to_owned()));
        if let Some(path) = line.trim().strip_prefix("export KUBECONFIG=") {
            kubeconfig = Some(path.to_owned());
            break;
        }
    }
    let (url, kubeconfig) = (url.unwrap(), kubeconfig.unwrap());
    assert!(std::fs::read_to_string(&kubeconfig).unwrap().contains(&url));
    let mut stream = TcpStream::connect(&url).unwrap();
    write!(stream, "GET /apis/apps/v1/deployments HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"home-assistant\""));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(files(temporary.path()), Vec::<String>::new());
}
