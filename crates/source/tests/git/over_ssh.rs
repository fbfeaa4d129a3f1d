//! Over SSH, against OpenSSH's server.

use std::fs;
use std::process::Command;

use windlass_source::{Auth, Cancel, Error, GitOptions, GitRemote, GitSource, Poll, Reason, Reference};
use windlass_testbed::{Sshd, require_peers};

use crate::repository::Repository;
use crate::{changed, failure, main_branch, text};

fn source(repository: &Repository, url: &str, auth: Auth) -> GitSource {
    let remote = GitRemote { url: url.parse().unwrap(), reference: main_branch(), auth };
    GitSource::open(repository.store(), remote, GitOptions::default()).unwrap()
}

fn key_of(server: &Sshd) -> String {
    fs::read_to_string(server.private_key()).unwrap()
}

#[test]
fn a_repository_is_fetched_and_followed() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = Sshd::start(&testbed, repository.root()).unwrap();
    let source = source(&repository, &server.url("app.git"), Auth::ssh(key_of(&server), server.known_hosts()));
    let snapshot = changed(&source);
    assert_eq!(text(&snapshot, "app.yaml"), "one");
    assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap(), Poll::Unchanged));
    repository.push_file("app.yaml", "x".repeat(3_000_000));
    assert_eq!(text(&changed(&source), "app.yaml").len(), 3_000_000);
}

#[test]
fn the_host_must_be_known() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = Sshd::start(&testbed, repository.root()).unwrap();
    let url = server.url("app.git");
    let error = failure(&source(&repository, &url, Auth::ssh(key_of(&server), "github.com ssh-rsa AAAA")));
    assert!(matches!(error, Error::UnknownHostKey { .. }), "{error:?}");
    let said = error.to_string();
    let host = format!("127.0.0.1:{}", server.port());
    assert!(
        said.starts_with(&format!("the host key of {host} is not in known_hosts: it offered ssh-ed25519 SHA256:")),
        "{said}"
    );
    assert!(said.ends_with("known_hosts holds no key for this host"), "{said}");
    assert_eq!(error.reason(), Reason::AuthenticationFailed);

    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let known = format!("[127.0.0.1]:{} {other}", server.port());
    let said = failure(&source(&repository, &url, Auth::ssh(key_of(&server), known))).to_string();
    assert!(
        said.ends_with("known_hosts holds ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
        "{said}"
    );
}

#[test]
fn the_key_must_be_accepted() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = Sshd::start(&testbed, repository.root()).unwrap();
    let url = server.url("app.git");
    let stranger = generate(&repository, "stranger", "ed25519", "");
    let error = failure(&source(&repository, &url, Auth::ssh(stranger, server.known_hosts())));
    assert!(matches!(error, Error::AuthenticationFailed { .. }), "{error:?}");
    assert!(error.to_string().contains("does not accept the key ssh-ed25519 SHA256:"), "{error}");
    let error = failure(&source(&repository, &url, Auth::ssh("no key at all", server.known_hosts())));
    assert!(error.to_string().contains("is in no form that is understood"), "{error}");
    let error = failure(&source(&repository, &url, Auth::none()));
    assert!(error.to_string().contains("needs a private key and known_hosts"), "{error}");
}

#[test]
fn keys_of_every_usual_kind_do_with_and_without_a_passphrase() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let kinds = ["ed25519", "ecdsa", "rsa"];
    let keys: Vec<String> = kinds.iter().map(|kind| generate(&repository, kind, kind, "open sesame")).collect();
    let authorized: String =
        kinds.iter().map(|kind| fs::read_to_string(repository.root().join(format!("{kind}.pub"))).unwrap()).collect();
    let server = Sshd::start_for(&testbed, repository.root(), &authorized).unwrap();
    let url = server.url("app.git");
    for (kind, key) in kinds.iter().zip(keys) {
        let auth = Auth::ssh(key.as_str(), server.known_hosts());
        changed(&source(&repository, &url, auth.clone().with_passphrase("open sesame")));
        let error = failure(&source(&repository, &url, auth.clone().with_passphrase("wrong")));
        assert!(error.to_string().contains("its password is wrong"), "{kind}: {error}");
        let error = failure(&source(&repository, &url, auth));
        assert!(error.to_string().contains("is encrypted"), "{kind}: {error}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = Sshd::start(&testbed, repository.root()).unwrap();
    let auth = Auth::ssh(key_of(&server), server.known_hosts());
    let error = failure(&source(&repository, &server.url("absent.git"), auth.clone()));
    assert!(matches!(error, Error::RepositoryNotFound { .. }), "{error:?}");
    let remote =
        GitRemote { url: server.url("app.git").parse().unwrap(), reference: Reference::tag("v1").unwrap(), auth };
    let source = GitSource::open(repository.store(), remote, GitOptions::default()).unwrap();
    assert!(matches!(failure(&source), Error::ReferenceNotFound { .. }));
}

#[test]
fn a_server_that_speaks_only_the_old_protocol_does() {
    let testbed = require_peers!(Sshd::NEEDS);
    let repository = Repository::new();
    let first = repository.push_file("app.yaml", "one");
    repository.git(&["tag", "-a", "-m", "one", "v1.0.0"]);
    repository.git(&["push", "-q", "origin", "--tags"]);
    let key = generate(&repository, "old", "ed25519", "");
    let public = fs::read_to_string(repository.root().join("old.pub")).unwrap();
    // The server forgets which version it was asked for.
    let line = format!("command=\"GIT_PROTOCOL= sh -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" {public}");
    let server = Sshd::start_for(&testbed, repository.root(), &line).unwrap();
    let of = |reference| GitRemote {
        url: server.url("app.git").parse().unwrap(),
        reference,
        auth: Auth::ssh(key.as_str(), server.known_hosts()),
    };
    let open = |reference| GitSource::open(repository.store(), of(reference), GitOptions::default()).unwrap();

    let source = open(main_branch());
    let snapshot = changed(&source);
    assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap(), Poll::Unchanged));
    let second = repository.push_file("app.yaml", "two");
    assert_eq!(text(&changed(&source), "app.yaml"), "two");
    drop(source);
    let tagged = changed(&open(Reference::tag("v1.0.0").unwrap()));
    assert_eq!(tagged.revision.to_string(), format!("v1.0.0@sha1:{first}"));
    // Such a server hands out what it lists, and nothing else.
    repository.push_file("app.yaml", "three");
    let error = failure(&open(Reference::commit(&second).unwrap()));
    assert!(matches!(error, Error::CommitNotReachable { .. }), "{error:?}");
    let through = changed(&open(Reference::commit_on_branch(&second, "main").unwrap()));
    assert_eq!((through.revision.hash(), text(&through, "app.yaml").as_str()), (second.as_str(), "two"));
    assert!(
        matches!(failure(&open(Reference::branch("mian").unwrap())), Error::ReferenceNotFound { near, .. } if near == ["main"])
    );
}

fn generate(repository: &Repository, name: &str, kind: &str, passphrase: &str) -> String {
    let path = repository.root().join(name);
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", kind, "-N", passphrase, "-C", name, "-f"]).arg(&path);
    assert!(command.status().unwrap().success());
    fs::read_to_string(path).unwrap()
}
