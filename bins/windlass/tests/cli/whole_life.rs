//! The life of a backup on the command line, on a real API server and two S3 servers of different manners: made, filled,
//! compared, verified, restored from, drilled, thinned out; and when the cluster is gone, the cluster rebuilt.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use kube::config::{KubeConfigOptions, Kubeconfig};
use regex::Regex;
use serde_json::Value;
use tokio::runtime::Runtime;
use windlass_backup::{OpenOptions, Repository, S3Credentials, StoreUrl, Trust, WriterKey};
use windlass_cluster::{Cluster, Keep as _, Options};
use windlass_manifest::{Manifest, Origin};
use windlass_recovery::{PrunedObjects, Selection, survey};
use windlass_testbed::{KubeApi, KubeApiOptions, RcloneS3, SeaweedS3, Testbed, is_made_by_the_servers, require_peers};

use crate::run::{Ran, Scratch, run_in};

const CONFIG: &str = "\
repository: REPOSITORY
writerKey: writer.key
host: home
cache: cache/NAME
scratch: scratch
recipients:
  - {label: paper, key: PAPER}
  - {label: partner, key: PARTNER}
save:
  cluster: {}
  files:
    - {name: media, path: volumes/media}
  sqlite:
    - {name: notes, path: volumes/notes.db}
  dumps:
    - {name: greeting, command: [printf, hello]}
  git:
    - {name: homelab, path: work}
retention: {last: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0}
";

/// What Git does not say.
const BY_HAND: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: private}
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: private}
stringData: {token: not-in-git}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: notes, namespace: private}
spec:
  replicas: 2
  selector: {matchLabels: {app: notes}}
  template:
    metadata: {labels: {app: notes}}
    spec:
      containers: [{name: notes, image: 'registry.example/notes:1'}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: media, namespace: private}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ''
  resources: {requests: {storage: 1Gi}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: private}
spec: {size: 3}
";

const WIDGETS: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// One household: a repository, data, keys, a cluster.
struct Household {
    scratch: Scratch,
    kube: KubeApi,
    runtime: Runtime,
}

/// Where one of its backup repositories is.
struct Place<'a> {
    name: &'a str,
    endpoint: String,
}

impl Household {
    fn new(testbed: &Testbed) -> Self {
        let kube = start(testbed);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let house = Self { scratch: Scratch::new([("volumes/media/photo.jpg", "not really")]), kube, runtime };
        house.sqlite("volumes/notes.db", "CREATE TABLE notes (text); INSERT INTO notes VALUES ('a'), ('b'), ('c')");
        house.clone_homelab();
        house.bootstrap();
        house.good("backup key new writer.key --writer");
        for key in ["paper", "partner"] {
            let public = house.good(&format!("backup key new {key}.key")).stdout;
            fs::write(house.path(&format!("{key}.pub")), public.trim()).unwrap();
        }
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The example homelab as a repository, whose host is gone.
    fn clone_homelab(&self) {
        let homelab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
        let copied = Command::new("cp").arg("-R").arg(homelab).arg(self.path("work")).status();
        assert!(copied.unwrap().success());
        let sync = self.path("work/clusters/home/flux-system/gotk-sync.yaml");
        let text = fs::read_to_string(&sync).unwrap();
        fs::write(&sync, text.replace("https://git.example.test", "http://127.0.0.1:9")).unwrap();
        for arguments in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "all"]] {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]).args(arguments);
            assert!(git.current_dir(self.path("work")).status().unwrap().success());
        }
    }

    /// What a person does to let a cluster follow the repository, and what was made in it besides.
    fn bootstrap(&self) {
        let kube = &self.kube;
        kube.apply(&self.good("crds").stdout).unwrap();
        kube.apply(WIDGETS).unwrap();
        let established = ["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"];
        kube.kubectl(established).unwrap();
        kube.kubectl(["create", "namespace", "flux-system"]).unwrap();
        let key = format!("--from-file=age.agekey={}", self.path("work/age.agekey").display());
        kube.kubectl(["create", "secret", "generic", "sops-age", "-n", "flux-system", &key]).unwrap();
        let sync = self.path("work/clusters/home/flux-system/gotk-sync.yaml");
        kube.apply(&fs::read_to_string(sync).unwrap()).unwrap();
        self.good(
            "apply work --path clusters/home --yes --age-key-file work/age.agekey --revision main@sha1:0123456789",
        );
        kube.apply(BY_HAND).unwrap();
    }

    fn run(&self, command: &str) -> Ran {
        self.run_at(&self.kube, command, &std::env::var("PATH").unwrap())
    }

    fn run_at(&self, kube: &KubeApi, command: &str, programs: &str) -> Ran {
        let kubeconfig = kube.kubeconfig();
        let variables = [
            ("KUBECONFIG", kubeconfig.to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", SeaweedS3::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SeaweedS3::SECRET_KEY),
            ("PATH", programs),
        ];
        let ran = run_in(self.scratch.path(), command, &variables);
        for secret in [SeaweedS3::SECRET_KEY, "not-in-git", "bm90LWluLWdpdA", "AGE-SECRET-KEY"] {
            assert!(!ran.to_string().contains(secret), "{ran}");
        }
        ran
    }

    fn good(&self, command: &str) -> Ran {
        let ran = self.run(command);
        assert_eq!(ran.code, Some(0), "{ran}");
        ran
    }

    fn sqlite(&self, file: &str, script: &str) -> String {
        let output = Command::new("sqlite3").arg(self.path(file)).arg(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes the configuration of a repository.
    fn configure(&self, place: &Place<'_>) {
        let key = |name: &str| fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        let config = CONFIG
            .replace("REPOSITORY", &format!("s3://backups/{}?endpoint={}", place.name, place.endpoint))
            .replace("NAME", place.name)
            .replace("PAPER", &key("paper"))
            .replace("PARTNER", &key("partner"));
        fs::write(self.path(&format!("{}.yaml", place.name)), config).unwrap();
    }

    /// What windlassd does before it prunes.
    fn prune(&self, place: &Place<'_>, namespace: &str, name: &str) {
        let writer = WriterKey::parse(&fs::read_to_string(self.path("writer.key")).unwrap()).unwrap();
        let url = StoreUrl::parse(&format!("s3://backups/{}?endpoint={}", place.name, place.endpoint)).unwrap();
        self.runtime.block_on(async {
            let credentials = S3Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY);
            let options = OpenOptions::new(Trust::Writers(vec![writer.id()]));
            let repository = Repository::open(url.open(Some(credentials)).unwrap(), options).await.unwrap();
            let cluster = Cluster::new(client(&self.kube).await, Options::default());
            let live = self.kube.get("configmaps", namespace, name).unwrap();
            let keep = PrunedObjects::new(
                Arc::new(move |_| {
                    let opened = (repository.clone(), writer.clone());
                    Box::pin(async move { Ok(opened) })
                }),
                "home",
                cluster,
            );
            keep.keep(vec![Manifest::new(live, Origin::unknown()).unwrap()]).await.unwrap();
        });
        self.kube.kubectl(["delete", "configmap", "-n", namespace, name]).unwrap();
    }

    fn contents(&self, kube: &KubeApi) -> BTreeMap<String, Value> {
        let saved = self.runtime.block_on(async { survey(&client(kube).await, &Selection::everything()).await });
        let saved = saved.unwrap();
        assert!(saved.facts.faults.is_empty(), "{:?}", saved.facts.faults);
        let objects = saved.objects.into_iter().map(|(path, object)| (path, object.value().clone()));
        objects.filter(|(path, object)| !is_made_by_the_servers(path, object)).map(without_choices).collect()
    }
}

fn start(testbed: &Testbed) -> KubeApi {
    KubeApi::start_with(testbed, KubeApiOptions::default().with_controllers()).unwrap()
}

async fn client(kube: &KubeApi) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(kube.kubeconfig()).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// An object without the addresses that its cluster chose.
fn without_choices((path, mut object): (String, Value)) -> (String, Value) {
    if let Some(spec) =
        object["spec"].as_object_mut().filter(|spec| spec.get("clusterIP").is_some_and(|ip| ip != "None"))
    {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    (path, object)
}

fn assert_equal(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, object) in before {
        assert_eq!(object, &after[path], "{path}");
    }
}

/// The run without what differs each time: keys, ids, times, sizes, places.
fn golden(house: &Household, place: &Place<'_>, ran: &Ran) -> String {
    let text = ran.to_string().replace(house.scratch.path().to_str().unwrap(), "<home>");
    let text = text.replace(&place.endpoint, "<endpoint>").replace(place.name, "<place>");
    let patterns = [
        (r"windlass-writer1[a-z0-9]+", "<writer>"),
        (r"age1[a-z0-9]+", "<recipient>"),
        (r"\d{4,}-\d{8}T\d{6}Z-[0-9A-Za-z]+", "<snapshot>"),
        (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "<id>"),
        (r"sha1:[0-9a-f]+", "sha1:<hex>"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
        (r"\b[0-9a-f]{16,}\b", "<hex>"),
        (r"\b\d+(\.\d+)? (B|kB|MB)\b", "<size>"),
        (r"\b\d+\.\d s\b", "<seconds>"),
        (r"\b\d+[smhd] ago\b", "<age> ago"),
        (r"in \d+s:", "in <age>:"),
        (r"\.before-\d+", ".before-<n>"),
        (r"   \d+\.\d\n", "   <seconds>\n"),
        (r" {3,}", "   "),
    ];
    patterns
        .iter()
        .fold(text, |text, (pattern, with)| Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned())
}

#[test]
fn from_init_to_rebuild_on_two_s3_servers_that_differ() {
    let testbed = require_peers!([KubeApi::NEEDS, SeaweedS3::NEEDS, RcloneS3::NEEDS].concat());
    let (weed, rclone) = (SeaweedS3::start(&testbed).unwrap(), RcloneS3::start(&testbed).unwrap());
    weed.create_bucket("backups").unwrap();
    rclone.create_bucket("backups").unwrap();
    let house = Household::new(&testbed);
    let places =
        [Place { name: "weed", endpoint: weed.endpoint() }, Place { name: "rclone", endpoint: rclone.endpoint() }];
    for place in &places {
        house.configure(place);
        fill(&house, place);
        look_at(&house, place);
        restore(&house, place);
        undelete(&house, place);
        thin_out(&house, place);
        jobs(&house, place);
        // The cluster is gone, the Git host too, and the machine that rebuilds has no git.
        rebuild(&testbed, &house, place, &house.contents(&house.kube));
        house.kube.kubectl(["delete", "configmap", "-n", "private", "settings"]).unwrap();
        house.sqlite("volumes/notes.db", "DELETE FROM notes WHERE text = 'd'");
    }
}

/// Made, filled, run again without a change, and with some.
fn fill(house: &Household, place: &Place<'_>) {
    let config = format!("--config {}.yaml", place.name);
    let run = format!("backup run {config}");
    insta::assert_snapshot!("life_init", golden(house, place, &house.run(&format!("backup init {config}"))));
    insta::assert_snapshot!("life_dry_run", golden(house, place, &house.run(&format!("{run} --dry-run"))));
    insta::assert_snapshot!("life_first_run", golden(house, place, &house.run(&run)));
    insta::assert_snapshot!("life_unchanged_run", golden(house, place, &house.run(&run)));
    house.kube.kubectl(["create", "configmap", "-n", "private", "settings", "--from-literal=theme=dark"]).unwrap();
    house.sqlite("volumes/notes.db", "INSERT INTO notes VALUES ('d')");
    insta::assert_snapshot!("life_changed_run", golden(house, place, &house.run(&run)));
}

/// Listed, compared, verified, drilled, judged.
fn look_at(house: &Household, place: &Place<'_>) {
    let config = format!("--config {}.yaml", place.name);
    let shown = |name: &str, command: &str| {
        insta::assert_snapshot!(name, golden(house, place, &house.run(&format!("{command} {config}"))));
    };
    shown("life_list", "backup list");
    shown("life_diff", "backup diff 2 3 -i paper.key");
    shown("life_restore_untried", "restore --dry-run -i paper.key --kind Secret");
    shown("life_restore_only_verified", "restore --dry-run -i paper.key --kind Secret --verified");
    shown("life_verify", "backup verify");
    shown("life_prove", "backup key prove -i partner.key");
    shown("life_drill", "drill -i partner.key");
    shown("life_status", "backup status");
    if place.name == "weed" {
        shown("life_drill_in_cluster", "drill -i paper.key --in-cluster");
        insta::assert_snapshot!("life_coverage", golden(house, place, &house.run("coverage")));
    }
}

/// What was changed and deleted by accident comes back, with a plan first, and nothing else moves.
fn restore(house: &Household, place: &Place<'_>) {
    let command = format!("restore --config {}.yaml -i paper.key -n private", place.name);
    let before = house.contents(&house.kube);
    let replicas = || house.kube.get("deployments.v1.apps", "private", "notes").unwrap()["spec"]["replicas"].clone();
    house.kube.kubectl(["delete", "secret", "-n", "private", "token"]).unwrap();
    house.kube.kubectl(["scale", "deployment", "-n", "private", "notes", "--replicas=7"]).unwrap();
    let shown = |name: &str, arguments: &str| {
        insta::assert_snapshot!(name, golden(house, place, &house.run(&format!("{command} {arguments}"))));
    };
    shown("life_restore_plan", "--mode replace --dry-run");
    shown("life_restore_nobody_to_ask", "--mode replace");
    shown("life_restore_skip", "--yes");
    assert_eq!(replicas(), 7);
    shown("life_restore_update", "--yes --mode update Deployment/private/notes");
    assert_eq!(replicas(), 2);
    house.kube.kubectl(["scale", "deployment", "-n", "private", "notes", "--replicas=7"]).unwrap();
    shown("life_restore_replace", "--yes --mode replace");
    assert_equal(&before, &house.contents(&house.kube));
    // Data into place, while what uses them has no replicas.
    house.sqlite("volumes/notes.db", "DELETE FROM notes");
    let data = "--only-data --hold private/Deployment/notes --data sqlite/notes=volumes/notes.db";
    let refused = house.run(&format!("{command} {data} --yes"));
    assert!(refused.code == Some(2) && refused.stderr.contains("--replace"), "{refused}");
    assert_eq!(replicas(), 2, "for what cannot be done nobody is stopped");
    let used = fs::File::open(house.path("volumes/notes.db")).unwrap();
    let refused = house.run(&format!("{command} {data} --yes --replace"));
    assert!(refused.code == Some(2) && refused.stderr.contains("in use"), "{refused}");
    assert_eq!(replicas(), 0, "who has no data waits");
    drop(used);
    shown("life_release", "--release");
    assert_eq!(replicas(), 2);
    shown("life_restore_data", &format!("{data} --yes --replace"));
    assert_eq!(house.sqlite("volumes/notes.db", "SELECT count(*) FROM notes"), "4");
    assert_equal(&before, &house.contents(&house.kube));
    let json = house.good(&format!("{command} --dry-run -o json")).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json["tried"]["drill"]["good"] == true && json["snapshot"].is_string(), "{json}");
}

/// What windlassd pruned comes back.
fn undelete(house: &Household, place: &Place<'_>) {
    let command = format!("undelete --config {}.yaml -i paper.key", place.name);
    let before = house.contents(&house.kube);
    house.prune(place, "private", "settings");
    insta::assert_snapshot!("life_undelete_list", golden(house, place, &house.run(&command)));
    let plan = house.run(&format!("{command} ConfigMap/private/settings --dry-run"));
    assert!(plan.code == Some(0) && plan.stdout.contains("1 to create"), "{plan}");
    let back = house.run(&format!("{command} ConfigMap/private/settings --yes"));
    insta::assert_snapshot!("life_undelete", golden(house, place, &back));
    assert_equal(&before, &house.contents(&house.kube));
    // The newest snapshot is of what was pruned; the latest backup is meant.
    let greeting = house.good(&format!("backup cat dump/greeting --config {}.yaml -i paper.key", place.name));
    assert_eq!(greeting.stdout, "hello");
}

/// Two of three stay, in two steps a day apart.
fn thin_out(house: &Household, place: &Place<'_>) {
    let config = format!("--config {}.yaml", place.name);
    let shown = |name: &str, command: &str| {
        insta::assert_snapshot!(name, golden(house, place, &house.run(&format!("{command} {config}"))));
    };
    shown("life_prune_plan", "backup prune --dry-run");
    shown("life_prune", "backup prune");
    shown("life_sweep", "backup sweep");
}

/// Jobs beside a volume, one that saves it and one that puts data back: a real API server knows every field, and what the
/// second one runs does what it is to do.
fn jobs(house: &Household, place: &Place<'_>) {
    let command =
        format!("backup job notes -n private --claim media --image windlass:test --config {}.yaml", place.name);
    let back =
        "--user 1000:1000 --put-back files/media=/volumes/media/library --put-back sqlite/notes=/volumes/media/n.db";
    for extra in ["--schedule @daily --beside app=notes", back] {
        let manifests = house.good(&format!("{command} {extra}")).stdout;
        let file = house.path("job.yaml");
        fs::write(&file, manifests).unwrap();
        let apply = ["apply", "--dry-run=server", "--validate=strict", "-f", file.to_str().unwrap()];
        let taken = house.kube.kubectl(apply).unwrap();
        assert_eq!(taken.lines().count(), 2, "{taken}");
    }
    let text = fs::read_to_string(house.path("job.yaml")).unwrap();
    let documents = windlass_yaml::read_documents(&text, &windlass_yaml::ReadOptions::resource()).unwrap();
    let pod = &documents[1].value["spec"]["template"]["spec"];
    let containers = pod["initContainers"].as_array().unwrap().iter().chain(pod["containers"].as_array().unwrap());
    let volumes = format!("mounted-{}", place.name);
    fs::create_dir_all(house.path(&volumes).join("media")).unwrap();
    for container in containers {
        let arguments: Vec<&str> =
            container["args"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let here = arguments
            .join(" ")
            .replace("/volumes/", &format!("{volumes}/"))
            .replace("/etc/windlass/identity/identity.key", "paper.key")
            .replace("/etc/windlass/config/windlass-backup.yaml", &format!("{}.yaml", place.name));
        house.good(&here);
    }
    assert_eq!(fs::read_to_string(house.path(&volumes).join("media/library/photo.jpg")).unwrap(), "not really");
    assert_eq!(house.sqlite(&format!("{volumes}/media/n.db"), "SELECT count(*) FROM notes"), "4");
    let elsewhere = house.run(&format!("{command} --put-back files/media=/volumes/other/x"));
    assert!(elsewhere.code == Some(2) && elsewhere.stderr.contains("on no claim that is mounted"), "{elsewhere}");
}

/// Kills a rebuild while it applies what Git defines.
fn cut_off(house: &Household, kube: &KubeApi, command: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(command.split_whitespace())
        .current_dir(house.scratch.path())
        .envs([("AWS_ACCESS_KEY_ID", SeaweedS3::ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SeaweedS3::SECRET_KEY)])
        .envs([("KUBECONFIG", kube.kubeconfig()), ("HOME", house.scratch.path().to_owned())])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let reached = said.skip_while(|line| line != "==> reconcile with Git").nth(20);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached.is_some(), "it ended before it could be killed");
    assert!(kube.get("namespaces", "", "private").is_ok());
}

/// Another cluster becomes the one that is gone: by a bucket, one key, and the line of the writer.
fn rebuild(testbed: &Testbed, house: &Household, place: &Place<'_>, before: &BTreeMap<String, Value>) {
    let kube = start(testbed);
    let writer = WriterKey::parse(&fs::read_to_string(house.path("writer.key")).unwrap()).unwrap().id();
    let (name, endpoint) = (place.name, &place.endpoint);
    let command =
        format!("rebuild --bucket backups/{name} --endpoint {endpoint} --identity partner.key --trust {writer}");
    fs::create_dir_all(house.path(&format!("restored/{name}"))).unwrap();
    let data = format!("--data sqlite/notes=restored/{name}/notes.db --data files/media=restored/{name}/media");
    let plan = house.run_at(&kube, &format!("{command} {data} --dry-run"), "/nowhere");
    insta::assert_snapshot!("life_rebuild_plan", golden(house, place, &plan));
    assert!(kube.get("namespaces", "", "private").is_err(), "a plan makes nothing");
    let typo = house.run_at(&kube, &format!("{command} --data sqlite/nots=x --yes"), "/nowhere");
    assert!(typo.code == Some(2) && typo.stderr.contains("holds no sqlite/nots"), "{typo}");

    let mut arguments = format!("{data} --yes");
    if name == "rclone" {
        cut_off(house, &kube, &format!("{command} {data} --yes"));
        // Where data go was said the first time.
        "--yes --continue".clone_into(&mut arguments);
    }
    let mut ran = house.run_at(&kube, &format!("{command} {arguments}"), "/nowhere");
    assert_eq!(ran.code, Some(0), "{ran}");
    for step in ["==> reconcile with Git", "==> put data into place", "==> let workloads run"] {
        assert!(ran.stderr.contains(step), "{ran}");
    }
    ran.stderr.clear();
    if name != "rclone" {
        insta::assert_snapshot!("life_rebuild", golden(house, place, &ran));
    }
    assert_equal(before, &house.contents(&kube));
    let rows = |file: &str| house.sqlite(file, "SELECT text FROM notes ORDER BY rowid");
    assert_eq!(rows(&format!("restored/{name}/notes.db")), "a\nb\nc\nd");
    assert_eq!(fs::read_to_string(house.path(&format!("restored/{name}/media/photo.jpg"))).unwrap(), "not really");
    let again = house.run_at(&kube, &format!("{command} --yes"), "/nowhere");
    assert!(again.code == Some(2) && again.stderr.contains("the cluster is not empty"), "{again}");
}
