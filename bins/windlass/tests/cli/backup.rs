//! `windlass backup`: a repository from its first key to a restored file, in a folder and on S3.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::Value;
use windlass_apiserver::ApiServer;
use windlass_testbed::{SeaweedS3, require_peers};

use crate::run::{Ran, Scratch, run_in};

const CONFIG: &str = "\
repository: REPOSITORY
writerKey: writer.key
host: attic
cache: cache
scratch: scratch
recipients:
  - {label: paper, key: PAPER}
  - {label: partner, key: PARTNER}
save:
  files:
    - {name: notes, path: notes, exclude: ['*.log'], databases: snapshot}
  sqlite:
    - {name: home, path: home.db}
  dumps:
    - {name: greeting, command: [printf, hello], timeout: 1m}
  git:
    - {name: homelab, path: repository}
retention: {last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0}
";

/// A home with something of every kind to save, and keys.
struct Home {
    scratch: Scratch,
    variables: Vec<(String, String)>,
}

impl Home {
    fn new(repository: &str, variables: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new([("notes/a.txt", "first\n"), ("notes/today.log", "noise\n")]);
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let home = Self { scratch, variables };
        home.sqlite("home.db", "PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)");
        home.sqlite("notes/index.db", "CREATE TABLE word (text); INSERT INTO word VALUES ('first')");
        fs::create_dir(home.path("repository")).unwrap();
        home.git(&["init", "-q", "-b", "main"]);
        home.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
        let key = |file: &str| home.good(&format!("backup key new {file}")).stdout.trim().to_owned();
        let (paper, partner) = (key("paper.key"), key("partner.key"));
        home.good("backup key new writer.key --writer");
        let config = CONFIG.replace("PAPER", &paper).replace("PARTNER", &partner).replace("REPOSITORY", repository);
        fs::write(home.path("windlass-backup.yaml"), config).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn run(&self, command: &str) -> Ran {
        let path = std::env::var("PATH").unwrap();
        let own = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<_> = own.chain([("PATH", path.as_str())]).collect();
        run_in(self.scratch.path(), command, &variables)
    }

    fn good(&self, command: &str) -> Ran {
        let ran = self.run(command);
        assert_eq!(ran.code, Some(0), "{ran}");
        ran
    }

    fn json(&self, command: &str) -> Value {
        serde_json::from_str(&self.good(&format!("{command} -o json")).stdout).unwrap()
    }

    /// What the `sqlite3` program says to `script`.
    fn sqlite(&self, file: &str, script: &str) -> String {
        let output = Command::new("sqlite3").arg(self.path(file)).arg(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments).current_dir(self.path("repository"));
        assert!(git.output().unwrap().status.success());
    }
}

/// All that one does with a repository, wherever it is.
fn whole_life(home: &Home) {
    let made = home.good("backup init").stdout;
    assert!(made.contains("opens with    paper") && made.contains("windlass-writer1"), "{made}");
    let again = home.run("backup init");
    assert!(again.code == Some(2) && again.stderr.contains("holds the repository"), "{again}");
    assert_eq!(home.good("backup list").stdout, "no snapshots yet\n");
    assert_eq!(home.run("backup status").code, Some(1), "nothing to rely on yet");

    // Nothing is written by a dry run.
    assert!(home.good("backup run --dry-run").stdout.contains("to be saved"));
    assert_eq!(home.good("backup list").stdout, "no snapshots yet\n");

    let first = home.good("backup run");
    for item in ["files/notes", "sqlite/home", "dump/greeting", "git/homelab"] {
        assert!(first.stdout.contains(item) && first.stderr.contains(&format!("{item} saved")), "{first}");
    }
    let second = home.json("backup run");
    let reused = |answer: &Value| -> Vec<bool> {
        answer["items"].as_array().unwrap().iter().map(|item| item["added"]["reused"].as_bool().unwrap()).collect()
    };
    assert_eq!(reused(&second), [true; 4]);

    fs::write(home.path("notes/a.txt"), "second\n").unwrap();
    home.sqlite("home.db", "INSERT INTO t VALUES (4)");
    assert_eq!(reused(&home.json("backup run")), [false, false, true, true]);
    let listed = home.json("backup list");
    assert_eq!(listed["snapshots"].as_array().unwrap().len(), 3);
    assert!(home.good("backup list").stdout.contains("complete"));

    // Names take a key, either of the two.
    assert!(!home.good("backup show").stdout.contains("files/notes"));
    for key in ["paper.key", "partner.key"] {
        let shown = home.good(&format!("backup show --identity {key}")).stdout;
        assert!(shown.contains("4 rows in 1 table") && shown.contains("1 file, 1 database"), "{shown}");
    }
    let refused = home.run("backup show --identity writer.key");
    assert!(refused.code == Some(2) && refused.stderr.contains("writer.key"), "{refused}");
    let same = home.good("backup diff 1 2 -i paper.key");
    assert!(same.stdout.contains("all the same"), "{same}");
    let differs = home.run("backup diff 1 -i paper.key");
    assert!(differs.code == Some(1) && differs.stdout.contains("changed"), "{differs}");
    assert_eq!(home.run("backup diff -i paper.key").stdout, home.run("backup diff 2 3 -i paper.key").stdout);

    assert_eq!(home.good("backup cat dump/greeting -i paper.key").stdout, "hello");
    let missing = home.run("backup cat dump/other -i paper.key");
    assert!(missing.code == Some(2) && missing.stderr.contains("dump/other"), "{missing}");
    put_back(home);
    look_after(home);
}

fn put_back(home: &Home) {
    home.good("backup extract files/notes --snapshot 1 --to old -i paper.key");
    assert_eq!(fs::read_to_string(home.path("old/a.txt")).unwrap(), "first\n");
    assert!(!home.path("old/today.log").exists());
    assert_eq!(home.sqlite("old/index.db", "SELECT text FROM word"), "first");
    let refused = home.run("backup extract files/notes --to notes -i paper.key");
    assert!(refused.code == Some(2) && refused.stderr.contains("--replace"), "{refused}");

    home.sqlite("home.db", "DELETE FROM t");
    let done = home.good("backup extract sqlite/home --to home.db --replace -i paper.key");
    assert!(done.stdout.contains("what was there is at"), "{done}");
    assert_eq!(home.sqlite("home.db", "SELECT count(*) FROM t"), "4");

    home.good("backup extract git/homelab --to homelab.git -i partner.key");
    let clone = Command::new("git").args(["clone", "-q", "homelab.git", "clone"]).current_dir(home.path("")).output();
    assert!(clone.unwrap().status.success());
    home.good("backup extract dump/greeting --to greeting.txt -i paper.key");
    assert_eq!(fs::read_to_string(home.path("greeting.txt")).unwrap(), "hello");
    fs::write(home.path("greeting.txt"), "mine").unwrap();
    let done = home.good("backup extract dump/greeting --to greeting.txt --replace -i paper.key");
    assert!(done.stdout.contains("what was there is at greeting.txt.before-1"), "{done}");
    assert_eq!(fs::read_to_string(home.path("greeting.txt.before-1")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(home.path("greeting.txt")).unwrap(), "hello");

    // What a restore cannot put into place is said before anything is done.
    let restore = "restore --only-data -i paper.key --yes --data";
    for (data, what) in [
        ("dump/greeting=greeting.txt", "--replace"),
        ("files/notes=notes", "--replace"),
        ("sqlite/home=missing/home.db", "there is no folder missing"),
        ("sqlite/hoem=new.db", "its items: "),
    ] {
        let refused = home.run(&format!("{restore} git/homelab=other.git --data {data}"));
        assert!(refused.code == Some(2) && refused.stderr.contains(what), "{data}: {refused}");
        assert!(!home.path("other.git").exists(), "{data}");
    }
    home.good(&format!("{restore} git/homelab=other.git --data dump/greeting=greeting.txt --replace"));
    assert!(home.path("other.git/HEAD").exists() && home.path("greeting.txt.before-2").exists());
}

fn look_after(home: &Home) {
    let verified = home.json("backup verify --identity paper.key");
    assert_eq!((verified["whole"].as_array().unwrap().len(), &verified["damaged"]), (3, &Value::Array(Vec::new())));
    assert!(home.good("backup key prove --identity paper.key").stdout.contains("recorded"));
    let status = home.json("backup status");
    assert_eq!(status["good"], true);
    let proven: Vec<bool> = status["recipients"].as_array().unwrap().iter().map(|one| !one["at"].is_null()).collect();
    assert_eq!(proven, [true, false]);

    let plan = home.good("backup prune --dry-run").stdout;
    assert!(plan.contains("1 stay, 2 would go"), "{plan}");
    assert!(home.good("backup prune").stdout.contains("take-back"));
    assert_eq!(home.good("backup list").stdout.matches("let go").count(), 2);
    let swept = home.good("backup sweep").stdout;
    assert!(swept.contains("0 snapshots and 0 objects"), "a day is not over: {swept}");
    assert!(home.good("backup prune --take-back").stdout.contains("stay after all"));
    assert_eq!(home.json("backup list")["snapshots"].as_array().unwrap().len(), 3);
}

#[test]
fn a_repository_in_a_folder_from_its_first_key_to_a_restored_file() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    whole_life(&home);

    // Somebody shortens an object.
    let item = walk(&home.path("store/items")).into_iter().next().unwrap();
    let bytes = fs::read(&item).unwrap();
    fs::write(&item, &bytes[..bytes.len() - 1]).unwrap();
    let damaged = home.run("backup verify");
    assert!(damaged.code == Some(1) && damaged.stdout.contains("damaged: items/"), "{damaged}");
}

#[test]
fn a_repository_on_s3_from_its_first_key_to_a_restored_file() -> Result<(), Box<dyn std::error::Error>> {
    let testbed = require_peers!(SeaweedS3::NEEDS);
    let s3 = SeaweedS3::start(&testbed)?;
    s3.create_bucket("backups")?;
    let repository = format!("s3://backups/home?endpoint={}", s3.endpoint());
    let keys = [("AWS_ACCESS_KEY_ID", SeaweedS3::ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SeaweedS3::SECRET_KEY)];
    let home = Home::new(&repository, &keys);
    whole_life(&home);

    // Elsewhere: no configuration, no cache, the keys from a file.
    let elsewhere = Scratch::new([(
        "credentials",
        &*format!(
            "[default]\naws_access_key_id={}\naws_secret_access_key={}\n",
            SeaweedS3::ACCESS_KEY,
            SeaweedS3::SECRET_KEY
        ),
    )]);
    fs::copy(home.path("partner.key"), elsewhere.path().join("key"))?;
    let listed = elsewhere.run(&format!("backup list -r {repository} --credentials credentials"));
    assert!(listed.code == Some(0) && listed.stdout.contains("attic"), "{listed}");
    let other = "windlass-writer1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
    let refused = elsewhere.run(&format!("backup list -r {repository} --credentials credentials --trust {other}"));
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(!format!("{listed}{refused}").contains(SeaweedS3::SECRET_KEY));
    Ok(())
}

#[test]
fn what_cannot_be_saved_does_not_stop_the_rest() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    home.good("backup init");
    home.good("backup run");
    // A damaged database, a program that fails late.
    fs::write(home.path("home.db"), "not what it was, and long enough to be looked at").unwrap();
    let _ = fs::remove_file(home.path("home.db-wal"));
    let _ = fs::remove_file(home.path("home.db-shm"));
    let config = fs::read_to_string(home.path("windlass-backup.yaml")).unwrap();
    let failing = config.replace("command: [printf, hello]", "shell: 'printf part; echo gone >&2; exit 3'");
    fs::write(home.path("windlass-backup.yaml"), failing).unwrap();
    let ran = home.run("backup run");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("sqlite/home is not saved") && ran.stderr.contains("no SQLite database"), "{ran}");
    assert!(ran.stderr.contains("exit status 3") && ran.stderr.contains("gone"), "{ran}");
    assert!(ran.stdout.contains("partial: 2 kept in their last version"), "{ran}");
    // The good ones are still there.
    assert_eq!(home.good("backup cat dump/greeting -i paper.key").stdout, "hello");
    home.good("backup extract sqlite/home --to back.db -i paper.key");
    assert_eq!(home.sqlite("back.db", "SELECT count(*) FROM t"), "3");
    assert!(home.good("backup show -i paper.key").stdout.contains("exit status 3"));
}

#[test]
fn a_run_that_is_told_to_end_leaves_no_snapshot_and_the_next_one_goes_on() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    home.good("backup init");
    let config = home.path("windlass-backup.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("command: [printf, hello]", "shell: 'echo x; touch started; sleep 1000'")).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["backup", "run"])
        .current_dir(home.scratch.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !home.path("started").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the dump did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").arg(run.id().to_string()).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the signal to end"));
    assert!(begun.elapsed() < Duration::from_secs(60));
    fs::write(&config, text).unwrap();
    assert_eq!(home.good("backup list").stdout, "no snapshots yet\n");
    home.good("backup run");
    assert_eq!(home.json("backup list")["snapshots"].as_array().unwrap().len(), 1);
}

#[test]
fn keys_come_back_from_paper_and_from_shares() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    home.good("backup init");
    home.good("backup run");
    let page = home.good("backup key paper paper.key").stdout;
    assert!(page.contains("RECOVERY KEY \"paper\"") && page.contains("windlass-writer1"), "{page}");
    fs::write(home.path("typed.txt"), page).unwrap();
    let typed = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["backup", "key", "read", "read.key"])
        .stdin(fs::File::open(home.path("typed.txt")).unwrap())
        .stdout(Stdio::null())
        .current_dir(home.scratch.path())
        .status();
    assert!(typed.unwrap().success());
    home.good("backup show -i read.key");
    // The page names the writer: who restores with its key has to believe nobody else.
    assert!(fs::read_to_string(home.path("read.key")).unwrap().contains("# writer: windlass-writer1"));
    let warned = |key: &str| home.good(&format!("drill -r store -i {key}")).stderr.contains("nobody said whose");
    assert!(!warned("read.key") && warned("paper.key"));

    home.good("backup key split partner.key --shares 3 --threshold 2");
    home.good("backup key join partner.key.share-3 partner.key.share-1 --to joined.key");
    home.good("backup show -i joined.key");
    let few = home.run("backup key join partner.key.share-2 --to few.key");
    assert!(few.code == Some(2) && !home.path("few.key").exists(), "{few}");
    // Nothing secret is readable for others, and nothing is overwritten.
    for file in ["paper.key", "writer.key", "read.key", "joined.key", "partner.key.share-1"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert_eq!(home.run("backup key new paper.key").code, Some(2));

    // Another key instead of the partner's.
    let third = home.good("backup key new third.key").stdout;
    let config = fs::read_to_string(home.path("windlass-backup.yaml")).unwrap();
    let line = config.lines().find(|line| line.contains("label: partner")).unwrap();
    let changed = config.replace(line, &format!("  - {{label: third, key: {}}}", third.trim()));
    fs::write(home.path("windlass-backup.yaml"), changed).unwrap();
    assert!(home.good("backup key change").stdout.contains("third"));
    home.good("backup run");
    home.good("backup show -i third.key");
    assert_eq!(home.run("backup show -i partner.key").code, Some(2));
    home.good("backup show 1 -i partner.key");
}

#[test]
fn faults_of_the_configuration_name_file_and_line() {
    let home = Home::new("store", &[]);
    let good = fs::read_to_string(home.path("windlass-backup.yaml")).unwrap();
    let cases = [
        ("host: attic", "hots: attic", 3, "hots"),
        ("timeout: 1m", "timeout: soon", 15, "\"soon\" is no duration"),
        ("name: home,", "name: '../home',", 13, "is no name"),
        ("databases: snapshot", "databases: raw", 11, "raw"),
        ("command: [printf, hello]", "allowEmpty: true", 15, "needs one of `command` and `shell`"),
        ("path: repository", "path: repository, url: 'https://x/y'", 17, "needs one of `path` and `url`"),
        ("exclude: ['*.log']", "exclude: ['[']", 11, "no pattern"),
        ("repository: store", "repository: 'ftp://nas/x'", 1, "ftp:// is not known"),
        ("path: home.db", "path: home.db, claim: config", 13, "\"config\" is no claim: expected NAMESPACE/NAME"),
        ("  git:", "  files:", 16, "files"),
    ];
    for (from, to, line, what) in cases {
        assert!(good.contains(from), "{from}");
        fs::write(home.path("windlass-backup.yaml"), good.replacen(from, to, 1)).unwrap();
        let ran = home.run("backup run");
        let place = format!("windlass-backup.yaml:{line}: ");
        assert!(ran.code == Some(2) && ran.stderr.contains(&place) && ran.stderr.contains(what), "{to}: {ran}");
    }
    fs::remove_file(home.path("windlass-backup.yaml")).unwrap();
    let ran = home.run("backup run");
    assert!(ran.stderr.contains("there is no windlass-backup.yaml here"), "{ran}");
}

#[test]
fn a_change_of_keys_is_told_and_made() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    home.good("backup init");
    let phone = home.good("backup key new phone.key").stdout.trim().to_owned();
    let config = fs::read_to_string(home.path("windlass-backup.yaml")).unwrap();
    let partner = config.lines().find(|line| line.contains("partner")).unwrap();
    let changed = config.replace(partner, &format!("  - {{label: phone, key: {phone}}}"));
    fs::write(home.path("windlass-backup.yaml"), changed).unwrap();

    let told = home.good("backup key change --dry-run");
    assert!(told.stdout.contains("opens with    phone") && told.stdout.contains(", new\n"), "{told}");
    assert!(told.stdout.contains("no longer     partner") && told.stderr.contains("nothing was changed"), "{told}");
    home.good("backup run");
    assert_eq!(home.run("backup show --identity phone.key").code, Some(2));
    let made = home.good("backup key change");
    assert_eq!(made.stdout, told.stdout);
    home.good("backup run");
    home.good("backup show --identity phone.key");
    assert_eq!(home.run("backup show --identity partner.key").code, Some(2));
}

#[test]
fn a_single_key_has_to_be_waived() {
    let home = Home::new("store", &[]);
    fs::create_dir(home.path("store")).unwrap();
    let config = fs::read_to_string(home.path("windlass-backup.yaml")).unwrap();
    let line = config.lines().find(|line| line.contains("label: partner")).unwrap();
    fs::write(home.path("windlass-backup.yaml"), config.replace(&format!("{line}\n"), "")).unwrap();
    let refused = home.run("backup init");
    assert!(refused.code == Some(2) && refused.stderr.contains("--waive-second-recipient"), "{refused}");
    home.good("backup init --waive-second-recipient");
}

#[test]
fn objects_of_a_cluster_are_saved_and_a_cluster_that_is_away_stops_nothing() {
    let home = Home::new("store", &[("KUBECONFIG", "kubeconfig")]);
    fs::create_dir(home.path("store")).unwrap();
    let config = home.path("windlass-backup.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("save:\n", "save:\n  cluster: {}\n")).unwrap();
    home.good("backup init");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = ApiServer::new();
    let serving = runtime.block_on(server.serve(([127, 0, 0, 1], 0).into())).unwrap();
    fs::write(home.path("kubeconfig"), serving.kubeconfig()).unwrap();
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": "shop"}, "stringData": {"a": "hunter2"},
    });
    runtime.block_on(apply(&server, secret));
    let ran = home.good("backup run");
    assert!(ran.stdout.contains("cluster/objects") && !format!("{ran}").contains("hunter2"), "{ran}");
    let shown = home.good("backup show -i paper.key").stdout;
    assert!(shown.contains("2 objects, 1 secret"), "the Secret and its namespace: {shown}");
    for (wanted, what) in [("Secret/shop/tokne", "Secret/shop/tokne"), ("--namespace shpo", "namespace shpo")] {
        let ran = home.run(&format!("restore -i paper.key {wanted} --yes"));
        assert!(ran.code == Some(2) && ran.stderr.contains(&format!("{what}: nothing in the backup")), "{ran}");
    }

    // What would be lost: the claim that nobody saves; and what the host of the configuration saves, which is fine.
    let claim = serde_json::json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "photos", "namespace": "shop"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    runtime.block_on(apply(&server, claim));
    let ran = home.run("coverage");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("claim shop/photos would lose all of it"), "{ran}");
    let ran = home.run("coverage -o metrics");
    assert!(ran.stdout.contains("windlass_coverage_ok{kind=\"claim\",name=\"shop/photos\"} 0"), "{ran}");
    for (key, objects) in [("", "unsaved"), (" -i paper.key", "inTime")] {
        let ran = home.run(&format!("coverage -o json{key}"));
        let found: Value = serde_json::from_str(&ran.stdout).unwrap();
        let subjects = found["subjects"].as_array().unwrap();
        let states: Vec<(&str, &str)> =
            subjects.iter().map(|one| (one["kind"].as_str().unwrap(), one["state"].as_str().unwrap())).collect();
        assert_eq!(states, [("objects", objects), ("claim", "unsaved"), ("host", "inTime")], "{ran}");
    }
    drop((serving, server));
    runtime.shutdown_background();

    let ran = home.run("backup run");
    assert!(ran.code == Some(1) && ran.stderr.contains("cluster/objects is not saved: "), "{ran}");
    assert!(home.good("backup cat cluster/objects -i paper.key").stdout.contains("token"));
}

/// The manifests are taken by an API server that refuses fields it does not know.
#[test]
fn manifests_for_a_job_beside_a_volume_are_valid() {
    let home = Home::new("store", &[]);
    let kinds = |extra: &str| {
        let command = format!("backup job notes -n home --claim config --claim media --image windlass:test {extra}");
        let text = home.good(&command).stdout;
        let documents = windlass_yaml::read_documents(&text, &windlass_yaml::ReadOptions::resource()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = ApiServer::new();
        documents.into_iter().map(|document| runtime.block_on(apply(&server, document.value))).collect::<Vec<_>>()
    };
    let once = kinds("");
    assert_eq!(once[0]["kind"], "Job");
    let often = kinds("--schedule @daily --beside app=home --user 1000:1000 --config windlass-backup.yaml");
    assert_eq!((&often[0]["kind"], &often[1]["kind"]), (&"ConfigMap".into(), &"CronJob".into()));
    let pod = &often[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].to_string();
    assert!(mounts.contains("/volumes/config") && mounts.contains("/volumes/media"), "{mounts}");
    assert!(pod["affinity"].to_string().contains("\"app\":\"home\""));
    assert_eq!(pod["securityContext"]["runAsUser"], 1000);
    // A dump runs in the image that has the command; windlass is put beside it.
    let dump = kinds("--schedule @daily --with-image postgres:17 --env-from db");
    let pod = &dump[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let (main, before) = (&pod["containers"][0], &pod["initContainers"][0]);
    assert_eq!((&main["image"], &before["image"]), (&"postgres:17".into(), &"windlass:test".into()));
    assert_eq!(main["envFrom"][0]["secretRef"]["name"], "db");
    let put = before["args"].as_array().unwrap().last().unwrap();
    assert_eq!(main["command"][0], *put);
    home.good("backup put-program program");
    let program = std::process::Command::new(home.path("program")).arg("--version").output().unwrap();
    assert!(program.status.success() && program.stdout.starts_with(b"windlass "));
}

async fn apply(server: &ApiServer, object: Value) -> Value {
    let (group, version) = match object["apiVersion"].as_str().unwrap().split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", "v1"),
    };
    let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
    let (namespace, name) = (object["metadata"]["namespace"].as_str(), object["metadata"]["name"].as_str());
    let space = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    let spaces: Api<DynamicObject> =
        Api::all_with(server.client(), &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace")));
    let mut strictly = PatchParams::apply("test");
    strictly.field_validation = Some(kube::api::ValidationDirective::Strict);
    spaces.patch(namespace.unwrap(), &strictly, &Patch::Apply(&space)).await.unwrap();
    let api: Api<DynamicObject> =
        Api::namespaced_with(server.client(), namespace.unwrap(), &ApiResource::from_gvk(&kind));
    let applied = api.patch(name.unwrap(), &strictly, &Patch::Apply(&object)).await.unwrap();
    serde_json::to_value(applied).unwrap()
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
