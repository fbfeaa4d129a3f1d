//! `windlass build --allow-remote-bases`: what is named by a URL is fetched, as kustomize fetches it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;
use windlass_testbed::{GitHttp, GitHttpOptions, Testbed, Tool, require_peers};

use crate::run::{Ran, Scratch, run_in};

const WEB: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  COLOR: ";

/// A repository `org/app.git` with tags `v1` and `both`, branches `main` and `both`, and a base in a directory.
fn repository(root: &Path) -> String {
    let (work, bare) = (root.join("work"), root.join("org/app.git"));
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(&work)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = |color: &str| {
        fs::write(work.join("deploy/base/web.yaml"), format!("{WEB}{color}\n")).unwrap();
        git(&["add", "."]);
        git(&["commit", "-q", "-m", color]);
    };
    fs::create_dir_all(work.join("deploy/base")).unwrap();
    fs::create_dir_all(work.join("deploy/prod")).unwrap();
    fs::write(work.join("deploy/base/kustomization.yaml"), "resources: [web.yaml]\n").unwrap();
    fs::write(
        work.join("deploy/prod/kustomization.yaml"),
        "resources: [../base]\nnamePrefix: prod-\nbuildMetadata: [originAnnotations]\n",
    )
    .unwrap();
    git(&["init", "-q", "-b", "main"]);
    commit("blue");
    git(&["tag", "v1"]);
    git(&["tag", "both"]);
    let first = git(&["rev-parse", "HEAD"]);
    git(&["checkout", "-q", "-b", "both"]);
    commit("green");
    git(&["checkout", "-q", "main"]);
    commit("red");
    git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    first
}

fn kustomize(testbed: &Testbed, directory: &Path, subject: &str) -> String {
    let mut command = testbed.command(Tool::Kustomize).unwrap();
    let output = command.current_dir(directory).args(["build", subject]).output().unwrap();
    assert!(output.status.success(), "{subject}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn build(directory: &Path, subject: &str, variables: &[(&str, &str)]) -> Ran {
    run_in(directory, &format!("build --allow-remote-bases {subject}"), variables)
}

#[test]
fn repositories_are_fetched_as_kustomize_fetches_them() {
    let testbed = require_peers!(GitHttp::NEEDS, [Tool::Kustomize]);
    let root = TempDir::new().unwrap();
    let first = repository(root.path());
    let server = GitHttp::start(&testbed, root.path(), &GitHttpOptions::default()).unwrap();
    let url = server.url("org/app.git");
    let scratch = Scratch::new([("unused", "")]);
    let heads = "heads/both".to_owned();
    for reference in ["", "v1", "main", "both", &first, "refs/heads/both", &heads] {
        let query = if reference.is_empty() { String::new() } else { format!("?ref={reference}") };
        let remote = format!("{url}//deploy/prod{query}");
        let local = format!("resources: ['{url}//deploy/base{query}']\nnameSuffix: -here\n");
        fs::write(scratch.path().join("kustomization.yaml"), local).unwrap();
        for subject in [".", &remote] {
            let ours = build(scratch.path(), subject, &[]);
            assert_eq!(ours.code, Some(0), "{subject}: {}", ours.stderr);
            assert_eq!(ours.stdout, kustomize(&testbed, scratch.path(), subject), "{subject} at {reference:?}");
        }
    }
    let golden = |ran: Ran| ran.golden(&[(&server.url(""), "http://git.test/")]);
    fs::write(scratch.path().join("kustomization.yaml"), format!("resources: ['{url}//deploy/base?ref=v2']\n"))
        .unwrap();
    insta::assert_snapshot!("remote_without_the_ref", golden(build(scratch.path(), ".", &[])));
    insta::assert_snapshot!(
        "remote_without_the_directory",
        golden(build(scratch.path(), &format!("{url}//none"), &[]))
    );
    insta::assert_snapshot!("remote_not_allowed", golden(scratch.run(&format!("build {url}//deploy/prod"))));
    let watched = build(scratch.path(), &format!("--watch {url}//deploy/prod"), &[]);
    insta::assert_snapshot!("remote_watched", golden(watched));
}

#[test]
fn a_private_repository_is_opened_with_the_credentials_of_the_user() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let root = TempDir::new().unwrap();
    repository(root.path());
    let options =
        GitHttpOptions { basic: Some(("me".to_owned(), "hunter2".to_owned())), tls: true, ..GitHttpOptions::default() };
    let server = GitHttp::start(&testbed, root.path(), &options).unwrap();
    let (url, ca) = (server.url("org/app.git"), server.ca_file().unwrap());
    let trusted = [("SSL_CERT_FILE", ca.to_str().unwrap())];
    let scratch = Scratch::new([("unused", "")]);
    let subject = format!("{url}//deploy/base");
    // Once as a file, which it is not, and once as a repository.
    let refused = build(scratch.path(), &subject, &trusted);
    assert!(refused.stderr.contains("no credentials were given"), "{}", refused.stderr);

    let host = url.strip_prefix("https://").and_then(|url| url.split(':').next()).unwrap();
    fs::write(scratch.path().join(".netrc"), format!("machine {host} login me password hunter2\n")).unwrap();
    let known = build(scratch.path(), &subject, &trusted);
    assert_eq!((known.code, known.stdout), (Some(0), format!("{}\n", sorted("red"))), "{}", known.stderr);

    fs::remove_file(scratch.path().join(".netrc")).unwrap();
    let with = |pair: &str| subject.replace("https://", &format!("https://{pair}@"));
    assert_eq!(build(scratch.path(), &with("me:hunter2"), &trusted).code, Some(0));
    for text in [with("me:hunter3"), format!("{}?ref=none", with("me:hunter2"))] {
        fs::write(scratch.path().join("kustomization.yaml"), format!("resources:\n- {text}\n")).unwrap();
        for ran in [build(scratch.path(), ".", &trusted), build(scratch.path(), &text, &trusted), scratch.run("build")]
        {
            assert_ne!(ran.code, Some(0), "{text}");
            assert!(!ran.stderr.contains("hunter") && !ran.stderr.is_empty(), "{}", ran.stderr);
        }
    }
    let distrusted = build(scratch.path(), &with("me:hunter2"), &[]);
    assert!(distrusted.stderr.contains("no trusted TLS connection"), "{}", distrusted.stderr);
}

/// `web` as it is printed.
fn sorted(color: &str) -> String {
    format!("apiVersion: v1\ndata:\n  COLOR: {color}\nkind: ConfigMap\nmetadata:\n  name: web")
}

/// Serves a few files, until the test ends.
fn files() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let signed_in = headers.iter().any(|line| line.eq_ignore_ascii_case("authorization: Basic bWU6aHVudGVyMg=="));
    let file = format!("{WEB}blue\n");
    let (status, header, body) = match request.split(' ').nth(1).unwrap_or_default() {
        "/releases/v1/crds.yaml?raw=1" | "/final/crds.yaml" => ("200 OK", "", file),
        "/releases/latest/crds.yaml" => ("302 Found", "Location: ../../final/crds.yaml\r\n", String::new()),
        "/private/crds.yaml" if signed_in => ("200 OK", "", file),
        "/private/crds.yaml" => ("401 Unauthorized", "", String::new()),
        "/page/crds.yaml" => ("200 OK", "", "\n<!DOCTYPE html>\n<html><body>Sign in: here</body></html>\n".to_owned()),
        "/broken/crds.yaml" => ("200 OK", "", "kind: A\nkind: B\n".to_owned()),
        "/large/crds.yaml" => ("200 OK", "", "#".repeat(17 << 20)),
        "/round/crds.yaml" => ("302 Found", "Location: /round/crds.yaml\r\n", String::new()),
        _ => ("404 Not Found", "", String::new()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

#[test]
fn files_are_fetched_as_kustomize_fetches_them() {
    let testbed = require_peers!([Tool::Kustomize]);
    let url = files();
    let scratch = Scratch::new([("unused", "")]);
    for path in ["releases/v1/crds.yaml?raw=1", "releases/latest/crds.yaml"] {
        fs::write(scratch.path().join("kustomization.yaml"), format!("resources:\n- {url}/{path}\n")).unwrap();
        let ours = build(scratch.path(), ".", &[]);
        assert_eq!(ours.stdout, kustomize(&testbed, scratch.path(), "."), "{path}: {}", ours.stderr);
    }
    // Not only resources: everything that is a file may be a URL.
    let patch = format!("resources: ['{url}/final/crds.yaml']\npatches: [{{path: '{url}/final/crds.yaml'}}]\n");
    fs::write(scratch.path().join("kustomization.yaml"), patch).unwrap();
    assert_eq!(build(scratch.path(), ".", &[]).stdout, kustomize(&testbed, scratch.path(), "."));
}

#[test]
fn what_cannot_be_fetched_says_why() {
    let url = files();
    let golden = |path: &str, flags: &str| {
        let scratch = Scratch::new([("kustomization.yaml", format!("resources:\n- {url}/{path}\n").as_str())]);
        scratch.run(&format!("build {flags}")).golden(&[(&url, "http://files.test")])
    };
    let mut all = golden("final/crds.yaml", "");
    for path in ["none/crds.yaml", "page/crds.yaml", "broken/crds.yaml", "large/crds.yaml", "round/crds.yaml"] {
        all += &golden(path, "--allow-remote-bases");
    }
    insta::assert_snapshot!("files_that_cannot_be_fetched", all);
}

#[test]
fn a_password_in_a_url_is_used_and_never_shown() {
    let url = files();
    let run = |pair: &str, path: &str| {
        let text = format!("resources:\n- {}/{path}\n", url.replace("http://", &format!("http://{pair}@")));
        Scratch::new([("kustomization.yaml", text.as_str())]).run("build --allow-remote-bases")
    };
    assert_eq!(run("me:hunter2", "private/crds.yaml").stdout, format!("{}\n", sorted("blue")));
    for (pair, path) in
        [("me:hunter3", "private/crds.yaml"), ("me:hunter2", "none"), ("me:hunter2", "broken/crds.yaml")]
    {
        let ran = run(pair, path);
        assert!(ran.code != Some(0) && !ran.stderr.contains("hunter"), "{}", ran.stderr);
    }
}
