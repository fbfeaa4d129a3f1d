//! A real API server with the example homelab on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tempfile::TempDir;
use windlass_engine::{Engine, Options};
use windlass_recovery::{Selection, survey};
use windlass_testbed::{GitHttp, GitHttpOptions, KubeApi, KubeApiOptions, Testbed, is_made_by_the_servers};

pub(crate) fn homelab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab")
}

pub(crate) fn start(testbed: &Testbed) -> KubeApi {
    KubeApi::start_with(testbed, KubeApiOptions::default().with_controllers()).unwrap()
}

pub(crate) async fn client(kube: &KubeApi) -> Client {
    let kubeconfig = Kubeconfig::read_from(kube.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// The example homelab in a Git repository behind a server.
pub(crate) struct Git {
    work: PathBuf,
    pub(crate) server: GitHttp,
    _folder: TempDir,
}

impl Git {
    pub(crate) fn new(testbed: &Testbed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (bare, work) = (folder.path().join("served/repo.git"), folder.path().join("work"));
        fs::create_dir_all(&bare).unwrap();
        git(&bare, &["init", "-q", "--bare", "-b", "main"]);
        git(folder.path(), &["clone", "-q", bare.to_str().unwrap(), work.to_str().unwrap()]);
        git(&work, &["checkout", "-q", "-b", "main"]);
        let server = GitHttp::start(testbed, &folder.path().join("served"), &GitHttpOptions::default()).unwrap();
        assert!(Command::new("cp").arg("-R").arg(homelab().join(".")).arg(&work).status().unwrap().success());
        let repository = Self { work, server, _folder: folder };
        let sync = "clusters/home/flux-system/gotk-sync.yaml";
        repository.edit(sync, "https://git.example.test/homelab.git", &repository.server.url("repo.git"));
        repository.edit(sync, "interval: 5m", "interval: 1s");
        repository
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.work.join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{} holds no {from:?}", path.display());
        fs::write(&path, text.replace(from, to)).unwrap();
    }

    pub(crate) fn push(&self) -> String {
        git(&self.work, &["add", "-A"]);
        git(&self.work, &["commit", "-q", "--allow-empty", "-m", "test"]);
        git(&self.work, &["push", "-q", "origin", "main"]);
        git(&self.work, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// What a person does to let a cluster follow it.
    pub(crate) fn bootstrap(&self, kube: &KubeApi) {
        kube.apply(&windlass_yaml::print_documents(&windlass_flux::crds())).unwrap();
        for crd in ["gitrepositories.source.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io"] {
            kube.kubectl(["wait", "--for=condition=Established", "--timeout=30s", &format!("crd/{crd}")]).unwrap();
        }
        kube.kubectl(["create", "namespace", "flux-system"]).unwrap();
        let key = format!("--from-file=age.agekey={}", homelab().join("age.agekey").display());
        kube.kubectl(["create", "secret", "generic", "sops-age", "-n", "flux-system", &key]).unwrap();
        kube.apply(&fs::read_to_string(self.work.join("clusters/home/flux-system/gotk-sync.yaml")).unwrap()).unwrap();
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder);
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the reconciler until all Kustomizations are ready at a revision, and stops it.
pub(crate) async fn reconcile(kube: &KubeApi, options: Options, revision: &str) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = Engine::new(client(kube).await, options);
    let running = tokio::spawn(engine.run(async move { drop(stopped.await) }));
    let end = Instant::now() + Duration::from_secs(90);
    for name in ["flux-system", "infrastructure", "policies", "apps"] {
        loop {
            let object = kube.get("kustomizations.v1.kustomize.toolkit.fluxcd.io", "flux-system", name);
            let status = object.map(|object| object["status"].clone()).unwrap_or_default();
            let ready = status["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
            let is_ready = ready.is_some_and(|ready| ready["status"] == "True");
            let applied = status["lastAppliedRevision"].as_str().unwrap_or_default();
            if is_ready && applied.contains(revision) {
                break;
            }
            assert!(Instant::now() < end, "{name} is not ready at {revision}: {status}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    stop.send(()).unwrap();
    running.await.unwrap();
}

/// Everything in a cluster that somebody made, by its path in an archive, without what each cluster chooses itself.
pub(crate) async fn contents(kube: &KubeApi) -> BTreeMap<String, Value> {
    let saved = survey(&client(kube).await, &Selection::everything()).await.unwrap();
    assert!(saved.facts.faults.is_empty(), "{:?}", saved.facts.faults);
    let mut contents = BTreeMap::new();
    for (path, object) in &saved.objects {
        if is_made_by_the_servers(path, object.value()) {
            continue;
        }
        let mut value = object.value().clone();
        if path.contains(".toolkit.fluxcd.io/")
            && let Some(metadata) = value["metadata"].as_object_mut()
        {
            // The reconciler puts its finalizer on when it sees the object.
            metadata.remove("finalizers");
        }
        let spec = value["spec"].as_object_mut();
        if let Some(spec) = spec.filter(|spec| spec.get("clusterIP").is_some_and(|address| address != "None")) {
            spec.remove("clusterIP");
            spec.remove("clusterIPs");
        }
        contents.insert(path.clone(), value);
    }
    contents
}
