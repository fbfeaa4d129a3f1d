//! Workloads without replicas while their data are put into place, and a power cut meanwhile.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Api, on_both_servers};
use crate::run::{Ran, Scratch, run_in};

on_both_servers!(a_restore_that_was_killed_is_let_go_by_one_command);

const WORKLOAD: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'registry.example/web:1'}]}
---
# It does not end, so a restore waits for it.
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: 'registry.example/web:1'}]}
";

fn restore_with(timeout: &str) -> String {
    let data = "--only-data --data dump/greeting=greeting.txt";
    format!("restore {data} --hold shop/Deployment/web --yes --timeout {timeout} -i paper.key")
}

struct Home<'a> {
    scratch: Scratch,
    api: &'a Api,
}

impl Home<'_> {
    fn kubeconfig(&self) -> PathBuf {
        self.api.kubeconfig()
    }

    fn run(&self, command: &str) -> Ran {
        run_in(self.scratch.path(), command, &[("KUBECONFIG", self.kubeconfig().to_str().unwrap())])
    }

    fn good(&self, command: &str) -> Ran {
        let ran = self.run(command);
        assert_eq!(ran.code, Some(0), "{ran}");
        ran
    }

    fn workload(&self) -> Value {
        self.api.get("apps/v1", "Deployment", "shop", "web").unwrap()
    }

    /// A restore that has stopped the workload, and waits for its Pod.
    fn holding(&self) -> Child {
        let child = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .args(restore_with("10m").split_whitespace())
            .current_dir(self.scratch.path())
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", self.scratch.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while self.workload()["spec"]["replicas"] != 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is not held");
            std::thread::sleep(Duration::from_millis(50));
        }
        child
    }
}

fn a_restore_that_was_killed_is_let_go_by_one_command(api: &Api) {
    let home = Home { scratch: Scratch::new([("store/.keep", "")]), api };
    api.make(WORKLOAD);
    home.good("backup key new writer.key --writer");
    let key = |name: &str| home.good(&format!("backup key new {name}.key")).stdout.trim().to_owned();
    let config = format!(
        "repository: store\nwriterKey: writer.key\nhost: attic\nrecipients: [{{label: paper, key: {}}}, {{label: partner, \
         key: {}}}]\nsave: {{dumps: [{{name: greeting, command: [/bin/echo, hello]}}]}}\n",
        key("paper"),
        key("partner")
    );
    fs::remove_file(home.scratch.path().join("store/.keep")).unwrap();
    fs::write(home.scratch.path().join("windlass-backup.yaml"), config).unwrap();
    home.good("backup init");
    home.good("backup run");
    assert_eq!(home.good("restore --release").stdout, "nothing is held\n");

    // kill -9, after a power cut nobody is there to clean up.
    let mut child = home.holding();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(home.workload()["spec"]["replicas"], 0);
    assert_eq!(home.good("restore --release --dry-run").stdout, "Deployment/shop/web is held\n");
    assert_eq!(home.good("restore --release").stdout, "Deployment/shop/web is released\n");
    let released = home.workload();
    assert_eq!(released["spec"]["replicas"], 3);
    assert!(released["metadata"]["annotations"].get("restore.windlass.dev/held").is_none(), "{released}");

    // Done again after a kill, it still knows how many there were; and nothing is written while Pods are there.
    let mut child = home.holding();
    child.kill().unwrap();
    child.wait().unwrap();
    let remain = home.run(&restore_with("300ms"));
    assert!(remain.code == Some(2) && remain.stderr.contains("Pods of shop do not end"), "{remain}");
    assert!(!home.scratch.path().join("greeting.txt").exists());
    assert_eq!(home.workload()["spec"]["replicas"], 3);

    // Asked to end, it says how to go on.
    let child = home.holding();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the signal to end") && said.contains("windlass restore --release"), "{said}");
    let json = home.good("restore --release -o json").stdout;
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["released"][0], "Deployment/shop/web");

    // Held for a Job that puts the data back, and let go after it.
    api.delete("v1", "Pod", "shop", "web-1");
    let held = home.good("restore --only-hold --hold shop --yes");
    assert_eq!(held.stdout, "Deployment/shop/web is held\n");
    assert_eq!(home.workload()["spec"]["replicas"], 0);
    home.good("restore --release");
    assert_eq!(home.workload()["spec"]["replicas"], 3);
}
