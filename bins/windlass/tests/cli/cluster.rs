//! The commands that speak to a cluster: where there is none, at a real API server, and at the embedded one.

use std::net::TcpListener;

use serde_json::json;

use crate::api::{Api, on_both_servers};
use crate::run::{Ran, Scratch, run_in};

on_both_servers!(
    a_repository_is_compared_applied_and_pruned,
    a_definition_of_the_homelab_and_its_objects_are_applied_and_then_nothing_differs,
    objects_are_steered,
    a_reconcile_is_waited_for_and_tells_how_it_went,
);

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

const COMMANDS: &[&str] = &[
    "get kustomizations",
    "get sources -A -o json",
    "diff",
    "apply --yes",
    "reconcile kustomization apps",
    "reconcile source git flux-system",
    "suspend ks apps",
    "resume gitrepo flux-system",
];

#[test]
fn without_a_kubeconfig_it_says_where_it_looked() {
    let scratch = Scratch::new([("kustomization.yaml", "resources: []\n")]);
    for command in COMMANDS {
        let ran = scratch.run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran}");
        assert!(ran.stderr.contains("error: there is no kubeconfig: ~/.kube/config does not exist"), "{ran}");
    }
    insta::assert_snapshot!("kubeconfig_named", scratch.run("get ks --kubeconfig none.yaml"));
    insta::assert_snapshot!(
        "kubeconfig_in_environment",
        run_in(scratch.path(), "diff", &[("KUBECONFIG", "none.yaml")])
    );
}

#[test]
fn a_context_that_is_missing_is_named_and_the_others_too() {
    let scratch = Scratch::new([("kubeconfig", kubeconfig("https://127.0.0.1:1").as_str())]);
    insta::assert_snapshot!(scratch.run("get ks --kubeconfig kubeconfig --context home"));
}

#[test]
fn a_cluster_that_does_not_answer_is_said_to() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}");
    let scratch = Scratch::new([("kubeconfig", kubeconfig(&url).as_str()), ("kustomization.yaml", "resources: []\n")]);
    for command in COMMANDS {
        let ran = scratch.run(&format!("{command} --kubeconfig kubeconfig"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran}");
        assert!(ran.stderr.contains(&format!("error: cannot reach {url}\n")), "{ran}");
    }
    let ran = scratch.run("get ks --kubeconfig kubeconfig");
    insta::assert_snapshot!("unreachable", ran.golden(&[(&port.to_string(), "<port>")]));
}

#[test]
fn bad_arguments_are_refused_before_anything_is_asked() {
    let scratch = Scratch::new([("kubeconfig", kubeconfig("https://127.0.0.1:1").as_str())]);
    insta::assert_snapshot!("no_such_path", scratch.run("diff --path clusters/home --kubeconfig kubeconfig"));
    insta::assert_snapshot!("path_outside", scratch.run("diff --path ../other --kubeconfig kubeconfig"));
    insta::assert_snapshot!("no_such_repository", scratch.run("diff nowhere --kubeconfig kubeconfig"));
    insta::assert_snapshot!("no_such_keys", scratch.run("diff --age-key-file none --kubeconfig kubeconfig"));
    insta::assert_snapshot!("other_source", scratch.run("reconcile source oci charts --kubeconfig kubeconfig"));
    insta::assert_snapshot!("name_and_all", scratch.run("get ks apps -A --kubeconfig kubeconfig"));
}

fn kubeconfig(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: test\n  cluster: {{server: {url:?}}}\n\
         contexts:\n- name: test\n  context: {{cluster: test, user: test}}\nusers:\n- name: test\n  user: {{}}\n"
    )
}

const REPOSITORY: [(&str, &str); 5] = [
    ("clusters/home/kustomization.yaml", "resources:\n- apps.yaml\n"),
    (
        "clusters/home/apps.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: default\n\
         spec:\n  path: ./apps\n  interval: 1h\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: home\n  \
         postBuild:\n    substitute:\n      greeting: hello\n",
    ),
    ("apps/kustomization.yaml", "namespace: default\nresources:\n- config.yaml\n- secret.yaml\n"),
    ("apps/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config\ndata:\n  text: ${greeting}\n"),
    ("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  password: hunter2\n"),
];

struct Home<'k> {
    scratch: Scratch,
    api: &'k Api,
}

impl Home<'_> {
    fn run(&self, command: &str) -> Ran {
        let kubeconfig = self.api.kubeconfig();
        run_in(self.scratch.path(), command, &[("KUBECONFIG", kubeconfig.to_str().unwrap())])
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.scratch.path().join(path), text).unwrap();
    }
}

fn a_repository_is_compared_applied_and_pruned(api: &Api) {
    let home = Home { scratch: Scratch::new(REPOSITORY), api };
    insta::assert_snapshot!("get_without_definitions", home.run("get ks"));
    api.make(&home.run("crds").stdout);
    wait_for_definitions(&home);
    insta::assert_snapshot!("get_nothing", home.run("get ks"));

    insta::assert_snapshot!("diff_all", home.run("diff --path clusters/home"));
    insta::assert_snapshot!("apply_without_yes", home.run("apply --path clusters/home"));
    insta::assert_snapshot!(
        "apply_all",
        home.run("apply --path clusters/home --prune --yes --revision main@sha1:0123456789ab")
    );
    insta::assert_snapshot!("diff_nothing", home.run("diff --path clusters/home --prune"));
    insta::assert_snapshot!("get_applied", home.run("get ks -n default"));

    home.write("apps/config.yaml", &REPOSITORY[3].1.replace("text:", "other:"));
    home.write("apps/secret.yaml", &REPOSITORY[4].1.replace("hunter2", "hunter3"));
    insta::assert_snapshot!("diff_changes", home.run("diff --path clusters/home --prune"));
    insta::assert_snapshot!("diff_changes_json", home.run("diff --path clusters/home -o json"));
    home.write("apps/kustomization.yaml", "namespace: default\nresources:\n- config.yaml\n");
    insta::assert_snapshot!("diff_prune", home.run("diff --path clusters/home --prune"));
    insta::assert_snapshot!("apply_prune", home.run("apply --path clusters/home --prune --yes"));
    assert!(api.get("v1", "Secret", "default", "login").is_none());

    home.write("apps/config.yaml", &REPOSITORY[3].1.replace("greeting", "greting"));
    insta::assert_snapshot!("diff_broken", home.run("diff --path clusters/home --prune"));
    insta::assert_snapshot!("apply_broken", home.run("apply --path clusters/home --prune --yes"));
}

fn a_definition_of_the_homelab_and_its_objects_are_applied_and_then_nothing_differs(api: &Api) {
    let kubeconfig = api.kubeconfig();
    let homelab = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/homelab");
    let run = |command: &str| run_in(homelab.as_ref(), command, &[("KUBECONFIG", kubeconfig.to_str().unwrap())]);

    api.make("apiVersion: v1\nkind: Namespace\nmetadata: {name: dashboard}\n");

    // A definition and objects of it, which the server cannot judge before the definition is there.
    insta::assert_snapshot!("homelab_before", run("diff --path infrastructure/crds --prune"));
    insta::assert_snapshot!("homelab_apply", run("apply --path infrastructure/crds --prune --yes --wait --timeout 1m"));
    insta::assert_snapshot!("homelab_after", run("diff --path infrastructure/crds --prune"));

    api.delete("homelab.example.test/v1", "Bookmark", "dashboard", "router");
    insta::assert_snapshot!("homelab_drift", run("diff --path infrastructure/crds --prune"));
}

fn objects_are_steered(api: &Api) {
    let home = Home { scratch: Scratch::new(REPOSITORY), api };
    api.make(&home.run("crds").stdout);
    wait_for_definitions(&home);
    insta::assert_snapshot!("suspend_missing", home.run("suspend kustomization apps"));
    insta::assert_snapshot!("reconcile_missing", home.run("reconcile source git apps"));
    insta::assert_snapshot!("get_missing", home.run("get ks apps"));

    api.make(REPOSITORY[1].1);
    insta::assert_snapshot!("suspend", home.run("suspend ks apps -n default"));
    insta::assert_snapshot!("get_suspended", home.run("get ks -A"));
    insta::assert_snapshot!("reconcile_suspended", home.run("reconcile ks apps -n default"));
    insta::assert_snapshot!("resume", home.run("resume kustomization apps -n default"));
    insta::assert_snapshot!("reconcile_unanswered", home.run("reconcile ks apps -n default --timeout 1s"));
    let yaml = home.run("get ks apps -n default -o yaml").stdout;
    assert!(yaml.starts_with("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"), "{yaml}");
    assert!(!yaml.contains("managedFields"));
}

fn a_reconcile_is_waited_for_and_tells_how_it_went(api: &Api) {
    let home = Home { scratch: Scratch::new(REPOSITORY), api };
    api.make(&home.run("crds").stdout);
    wait_for_definitions(&home);
    api.make(REPOSITORY[1].1);
    api.make(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: home, namespace: default}\n\
         spec: {url: 'https://git.example.org/home', interval: 1h}\n",
    );
    let with_answers = |command: &str, answers: &[((&str, &str), &str, &str)]| {
        std::thread::scope(|scope| {
            let ran = scope.spawn(|| home.run(command));
            for (kind, name, ready) in answers {
                answer(api, *kind, name, ready);
            }
            ran.join().unwrap()
        })
    };
    let (source, kustomization) = ((SOURCE, "GitRepository"), (KUSTOMIZE, "Kustomization"));
    let command = "reconcile ks apps -n default --with-source --timeout 20s";
    insta::assert_snapshot!(
        "reconcile_good",
        with_answers(command, &[(source, "home", "True"), (kustomization, "apps", "True")])
    );
    insta::assert_snapshot!("reconcile_bad", with_answers(command, &[(source, "home", "False")]));
    insta::assert_snapshot!(
        "reconcile_source",
        with_answers("reconcile source git home -n default --timeout 20s", &[(source, "home", "True")])
    );
}

/// Does what a reconciler does when it has handled a request.
fn answer(api: &Api, (api_version, kind): (&str, &str), name: &str, ready: &str) {
    let requested = (0..200).find_map(|_| {
        let object = api.get(api_version, kind, "default", name).unwrap();
        let requested =
            object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].as_str().map(str::to_owned);
        let handled = object["status"]["lastHandledReconcileAt"].as_str().map(str::to_owned);
        std::thread::sleep(std::time::Duration::from_millis(50));
        requested.filter(|requested| Some(requested) != handled.as_ref())
    });
    let requested = requested.expect("nobody asked");
    let status = json!({"status": {
        "lastHandledReconcileAt": requested,
        "conditions": [{"type": "Ready", "status": ready, "reason": "Tested", "message": "it was tested",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    }});
    api.patch_status(api_version, kind, "default", name, &status);
}

/// Waits until the API serves what was just defined.
fn wait_for_definitions(home: &Home<'_>) {
    for _ in 0..100 {
        if ["get ks", "get sources"].iter().all(|command| home.run(command).code == Some(0)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the API does not serve the kinds: {}", home.run("get ks"));
}
