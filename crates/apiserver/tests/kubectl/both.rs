//! The same commands on both servers: what kubectl says has to be the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use windlass_apiserver::ApiServer;
use windlass_testbed::{KubeApi, Testbed, Tool, require_peers};

use crate::run::{Said, kubectl};

const OBJECTS: &str = include_str!("objects.yaml");
const WIDGET: &str =
    "apiVersion: kubectl.example/v1\nkind: Widget\nmetadata: {name: one, namespace: apps}\nspec: {size: small}\n";
const REPLACED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: apps}\ndata: {a: c}\n";

/// What differs by nature, and what the known differences of the crate's documentation name.
static HIDDEN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r#"resourceVersion: "\d+""#, "resourceVersion: <revision>"),
        (r"Resource Version: +\d+", "Resource Version: <revision>"),
        (r"\b10\.96\.\d+\.\d+ *", "<address> "),
        (r"(?m)^(diff|---|\+\+\+) .*$", "$1"),
        // An age of ten seconds makes its column wider than one of nine.
        (r"(?m)\b\d+[smh](\d+s)?( +|$)", "<age> "),
        (r"(CLUSTER-IP|AGE) +", "$1 "),
        (r"/tmp/[^ ]*", "<file>"),
        // What the client's own log says of a watch that it ends.
        (r"(?m)^[IWE]\d{4} .*\n", ""),
    ];
    patterns.into_iter().map(|(pattern, shown)| (Regex::new(pattern).expect("a pattern"), shown)).collect()
});

fn hide(text: &str) -> String {
    HIDDEN.iter().fold(text.to_owned(), |text, (pattern, shown)| pattern.replace_all(&text, *shown).into_owned())
}

fn hidden(said: Said) -> Said {
    Said { code: said.code, out: hide(&said.out), err: hide(&said.err) }
}

fn files(folder: &Path) -> BTreeMap<&'static str, PathBuf> {
    let changed = OBJECTS.replace("colour: blue", "colour: red").replace("web:1", "web:2");
    let texts = [
        ("{objects}", OBJECTS.to_owned()),
        ("{changed}", changed),
        ("{replaced}", REPLACED.to_owned()),
        ("{widget}", WIDGET.to_owned()),
        ("{wrong-widget}", WIDGET.replace("one", "two").replace("small", "huge")),
    ];
    let write = |(name, text): (&'static str, String)| {
        let path = folder.join(format!("{}.yaml", name.trim_matches(['{', '}'])));
        std::fs::write(&path, text).expect("a file");
        (name, path)
    };
    texts.into_iter().map(write).collect()
}

fn play(testbed: &Testbed, config: &Path, folder: &Path, command: &str) -> Said {
    let files = files(folder);
    let mut args: Vec<String> = command.split(' ').map(str::to_owned).collect();
    for arg in &mut args {
        if let Some(path) = files.get(arg.as_str()) {
            *arg = path.display().to_string();
        }
    }
    kubectl(testbed, config, folder, &args)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_says_the_same_of_both_servers() {
    let mut needs = KubeApi::NEEDS.to_vec();
    needs.push(Tool::Kubectl);
    let testbed = require_peers!(&needs);
    let real = KubeApi::start(&testbed).expect("a real server");
    let server = ApiServer::builder().without_controllers().build();
    let serving = server.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let config = folders[1].path().join("kubeconfig");
    std::fs::write(&config, serving.kubeconfig()).unwrap();
    let only = std::env::var("WINDLASS_COMMAND").unwrap_or_default();
    let mut differences = Vec::new();
    let commands = include_str!("commands.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for command in commands.filter(|command| command.contains(&only)) {
        let sides = [(real.kubeconfig().to_owned(), folders[0].path()), (config.clone(), folders[1].path())];
        let said = sides.map(|(config, folder)| {
            let (testbed, folder, command) = (testbed.clone(), folder.to_owned(), command.to_owned());
            tokio::task::spawn_blocking(move || hidden(play(&testbed, &config, &folder, &command)))
        });
        let [real, ours] = said;
        let (real, ours) = (real.await.unwrap(), ours.await.unwrap());
        if real != ours {
            differences.push(format!("kubectl {command}\n-- real: {real}\n-- ours: {ours}"));
        }
        if command == "apply --server-side -f {objects}" {
            // The real server serves a definition only after a while.
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
