//! Over HTTP and HTTPS, against git's own server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use windlass_source::{Auth, Cancel, Error, GitOptions, GitRemote, GitSource, Poll, Reason, Reference};
use windlass_testbed::{Fault, GitHttp, GitHttpOptions, require_peers};

use crate::repository::{Repository, noise};
use crate::{changed, failure, main_branch, text};

fn source(repository: &Repository, url: &str, auth: Auth) -> GitSource {
    source_of(repository, url, auth, main_branch())
}

fn source_of(repository: &Repository, url: &str, auth: Auth, reference: Reference) -> GitSource {
    let remote = GitRemote { url: url.parse().unwrap(), reference, auth };
    GitSource::open(repository.store(), remote, GitOptions::default()).unwrap()
}

/// Every file below `folder`, and when it was changed last.
fn times(folder: &Path) -> Vec<(String, SystemTime)> {
    let mut all = vec![(folder.display().to_string(), fs::metadata(folder).unwrap().modified().unwrap())];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(times(&path));
        } else {
            all.push((path.display().to_string(), fs::metadata(&path).unwrap().modified().unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn an_unchanged_poll_lists_one_reference_and_writes_nothing() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    for number in 0..50 {
        repository.write(&format!("apps/{number}.yaml"), "x".repeat(number));
    }
    repository.push();
    for number in 0..200 {
        repository.git(&["update-ref", &format!("refs/tags/v0.{number}.0"), "HEAD"]);
    }
    repository.git(&["push", "-q", "origin", "--tags"]);
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let source = source(&repository, &server.url("app.git"), Auth::none());
    let snapshot = changed(&source);
    println!("first fetch: {:?}", server.requests().unwrap());

    let before = times(&repository.store());
    server.forget_requests().unwrap();
    assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap(), Poll::Unchanged));
    let requests = server.requests().unwrap();
    println!("unchanged poll: {requests:?}");
    assert_eq!(
        requests.paths.into_iter().collect::<Vec<_>>(),
        [
            ("GET /app.git/info/refs?service=git-upload-pack".to_owned(), 1),
            ("POST /app.git/git-upload-pack".to_owned(), 1),
        ]
    );
    assert!(requests.bytes < 500, "{} bytes", requests.bytes);
    assert_eq!(times(&repository.store()), before);

    server.forget_requests().unwrap();
    repository.push_file("apps/1.yaml", "changed");
    assert_eq!(text(&changed(&source), "apps/1.yaml"), "changed");
    let requests = server.requests().unwrap();
    println!("update by one file of 50: {requests:?}");
    assert!(requests.total == 3 && requests.bytes < 4000, "{requests:?}");
}

#[test]
fn a_restart_asks_for_the_reference_only() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    changed(&source(&repository, &server.url("app.git"), Auth::none()));
    let source = source(&repository, &server.url("app.git"), Auth::none());
    let before = times(&repository.store());
    server.forget_requests().unwrap();
    assert_eq!(text(&changed(&source), "app.yaml"), "one");
    assert_eq!((server.requests().unwrap().total, times(&repository.store())), (2, before));
}

#[test]
fn credentials_are_checked() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let options = GitHttpOptions {
        basic: Some(("me".to_owned(), "hunter2".to_owned())),
        token: Some("t0ken".to_owned()),
        tls: false,
    };
    let server = GitHttp::start(&testbed, repository.root(), &options).unwrap();
    let url = server.url("app.git");
    for auth in [Auth::basic("me", "hunter2"), Auth::bearer("t0ken")] {
        changed(&source(&repository, &url, auth));
    }
    let inside = url.replace("http://", "http://me:hunter2@");
    changed(&source(&repository, &inside, Auth::none()));

    let error = failure(&source(&repository, &url, Auth::none()));
    assert_eq!(
        error.to_string(),
        format!("{url} refused access: no credentials were given (HTTP status 401 Unauthorized)")
    );
    assert_eq!((error.reason(), error.is_transient()), (Reason::AuthenticationFailed, false));
    let wrong = url.replace("http://", "http://me:wrong-password@");
    let error = failure(&source(&repository, &wrong, Auth::none()));
    assert!(error.to_string().contains("the credentials given are wrong"), "{error}");
    assert!(!format!("{error} {error:?}").contains("wrong-password"));
}

#[test]
fn tls_is_checked() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let options = GitHttpOptions { tls: true, ..GitHttpOptions::default() };
    let server = GitHttp::start(&testbed, repository.root(), &options).unwrap();
    let url = server.url("app.git");
    let trusting = Auth::none().with_ca(server.ca_pem().unwrap());
    let good = source(&repository, &url, trusting);
    let known = changed(&good).revision;
    // The second handshake is resumed; it must do as well.
    assert!(matches!(good.poll(Some(&known), &Cancel::new()).unwrap(), Poll::Unchanged));
    drop(good);

    let error = failure(&source(&repository, &url, Auth::none()));
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(error.to_string().starts_with("no trusted TLS connection to 127.0.0.1:"), "{error}");
    let error = failure(&source(&repository, &url, Auth::none().with_ca("nonsense")));
    assert_eq!(error.to_string(), "the credentials cannot be used: ca.crt holds no certificate in PEM form");
    let client = Auth::none().with_client_certificate("nonsense", "secret-key");
    assert!(matches!(failure(&source(&repository, &url, client)), Error::InvalidCredentials { .. }));
}

#[test]
fn failures_are_told_apart() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let url = server.url("app.git");
    let absent = server.url("absent.git");
    let error = failure(&source(&repository, &absent, Auth::none()));
    assert_eq!(error.to_string(), format!("there is no repository at {absent}, or these credentials may not see it"));
    let error = failure(&source_of(&repository, &url, Auth::none(), Reference::branch("Main").unwrap()));
    assert_eq!(error.to_string(), format!("{url} has no branch \"Main\"; did you mean \"main\"?"));
    let error = failure(&source(&repository, "http://127.0.0.1:1/app.git", Auth::none()));
    assert_eq!(error.to_string(), "cannot reach 127.0.0.1:1 for http://127.0.0.1:1/app.git");
    assert!(error.is_transient());

    let source = source(&repository, &url, Auth::none());
    server.fault(&Fault { count: 1, status: Some(503), ..Fault::default() }).unwrap();
    let error = failure(&source);
    assert_eq!(error.to_string(), format!("{url} answered: HTTP status 503 Service Unavailable"));
    assert!(error.is_transient());
    server.fault(&Fault { count: 1, status: Some(403), ..Fault::default() }).unwrap();
    assert_eq!(failure(&source).reason(), Reason::AuthenticationFailed);
    changed(&source);
}

#[test]
fn a_connection_that_breaks_anywhere_harms_nothing() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    let first = repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let source = source(&repository, &server.url("app.git"), Auth::none());
    changed(&source);
    repository.write("big.bin", noise(200_000));
    let second = repository.push();
    for after in [0, 1, 4, 30, 100, 200, 300, 1000, 50_000, 150_000, 199_000] {
        for path in ["info/refs", "git-upload-pack"] {
            let fault = Fault { count: 10, path: path.to_owned(), after: Some(after), ..Fault::default() };
            server.fault(&fault).unwrap();
            match source.poll(None, &Cancel::new()) {
                // The cut came after the end of a short answer.
                Ok(Poll::Changed(_)) => {}
                Ok(Poll::Unchanged) => panic!("nothing was known"),
                Err(error) => {
                    assert!(error.is_transient(), "{after} {path}: {error:?}");
                    assert_eq!(source.last().unwrap().revision.hash(), first);
                }
            }
        }
    }
    server.fault(&Fault::default()).unwrap();
    assert_eq!(changed(&source).revision.hash(), second);
}

#[test]
fn waiting_ends_with_the_time_or_the_caller() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let url = server.url("app.git");
    let remote = GitRemote { url: url.parse().unwrap(), reference: main_branch(), auth: Auth::none() };
    let options = GitOptions::default().with_timeout(Duration::from_millis(300));
    let source = GitSource::open(repository.store(), remote, options).unwrap();
    server.fault(&Fault { count: 2, delay: Duration::from_secs(20), ..Fault::default() }).unwrap();
    let start = Instant::now();
    let error = failure(&source);
    assert_eq!(error.to_string(), format!("{url} took longer than 0.3s while greeting the server"));
    assert!(error.is_transient());
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(matches!(source.poll(None, &cancel), Err(Error::Cancelled { .. })));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Answers every request with a redirect, and gives what it was asked.
fn redirecting(to: String) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/moved.git", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap();
            let _ = sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
            let answer =
                format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, receiver)
}

#[test]
fn redirects_are_followed_without_credentials_for_others() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let tail = "/info/refs?service=git-upload-pack";
    let (url, _asked) = redirecting(server.url("app.git") + tail);
    assert_eq!(text(&changed(&source(&repository, &url, Auth::none())), "app.yaml"), "one");

    let options = GitHttpOptions { basic: Some(("me".to_owned(), "hunter2".to_owned())), ..GitHttpOptions::default() };
    let guarded = GitHttp::start(&testbed, repository.root(), &options).unwrap();
    let (url, asked) = redirecting(guarded.url("app.git") + tail);
    let error = failure(&source(&repository, &url, Auth::basic("me", "hunter2")));
    assert!(error.to_string().contains("credentials are not sent on to the host"), "{error}");
    assert!(asked.recv().unwrap().contains("authorization: Basic"));

    let (url, _asked) = redirecting("https://example.com/sign-in".to_owned());
    let error = failure(&source(&repository, &url, Auth::none()));
    assert!(error.to_string().contains("redirects to what is no git repository"), "{error}");
    let (url, _asked) = redirecting("/moved.git".to_owned() + tail);
    assert!(failure(&source(&repository, &url, Auth::none())).to_string().contains("without end"));
}

#[test]
fn limits_hold() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.write("big.txt", "0".repeat(3_000_000));
    repository.write("noise", noise(100_000));
    repository.push();
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let url = server.url("app.git");
    let poll = |options: GitOptions| {
        let remote = GitRemote { url: url.parse().unwrap(), reference: main_branch(), auth: Auth::none() };
        GitSource::open(repository.store(), remote, options).unwrap().poll(None, &Cancel::new())
    };
    let error = poll(GitOptions::default().with_max_pack_bytes(50_000)).unwrap_err();
    assert_eq!(error.to_string(), format!("{url} sent more than 50000 bytes in one fetch: that is the limit"));
    let error = poll(GitOptions::default().with_max_object_bytes(2_000_000)).unwrap_err();
    assert!(matches!(error, Error::ObjectTooLarge { .. }), "{error:?}");
    let Poll::Changed(snapshot) = poll(GitOptions::default().with_max_file_bytes(1000)).unwrap() else { panic!() };
    let path = windlass_manifest::TreePath::new("big.txt").unwrap();
    let error = snapshot.files.read(&path).unwrap_err();
    assert_eq!(error.to_string(), "big.txt has 3000000 bytes: files over 1000 bytes are not read");
}
