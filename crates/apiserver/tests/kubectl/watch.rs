//! `kubectl get --watch` on both servers.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use windlass_apiserver::ApiServer;
use windlass_testbed::{KubeApi, Testbed, Tool, require_peers};

use crate::run::kubectl;

/// The lines that a watch prints while an object is made, changed, and deleted; each is waited for.
fn watched(testbed: &Testbed, config: &Path, folder: &Path) -> Vec<String> {
    let mut command = testbed.command(Tool::Kubectl).expect("kubectl");
    command.arg("--kubeconfig").arg(config).arg("--cache-dir").arg(folder.join("cache"));
    command.args(["get", "configmaps", "--watch", "--output-watch-events", "-l", "seen=yes", "-L", "step"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let (send, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    // The watch has begun when something is seen; until then the object is made again and again.
    let run = |args: &str| {
        let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        kubectl(testbed, config, folder, &args)
    };
    let next = || lines.recv_timeout(Duration::from_secs(20)).expect("a line of the watch");
    run("create configmap one --from-literal=a=b");
    run("label configmap one seen=yes step=1");
    let mut seen = vec![next(), next()];
    for args in [
        "label configmap one step=2 --overwrite",
        "label configmap one seen-",
        "label configmap one seen=yes",
        "delete configmap one",
    ] {
        run(args);
        seen.push(next());
    }
    child.kill().expect("it runs");
    child.wait().expect("it ran");
    // Ages differ by nature.
    seen.iter()
        .map(|line| line.split_whitespace().filter(|word| !word.ends_with('s')).collect::<Vec<_>>().join(" "))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_prints_the_same_of_both_servers() {
    let mut needs = KubeApi::NEEDS.to_vec();
    needs.push(Tool::Kubectl);
    let testbed = require_peers!(&needs);
    let real = KubeApi::start(&testbed).expect("a real server");
    let serving = ApiServer::new().serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kubeconfig");
    std::fs::write(&config, serving.kubeconfig()).unwrap();
    let path = folder.path().to_owned();
    let (expected, found) = tokio::task::spawn_blocking(move || {
        (watched(&testbed, &real.kubeconfig(), &path.join("real")), watched(&testbed, &config, &path.join("ours")))
    })
    .await
    .unwrap();
    assert_eq!(found, expected);
}
