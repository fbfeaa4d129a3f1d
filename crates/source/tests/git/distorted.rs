//! A server, or somebody in between, that sends what git never would.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use windlass_source::{Auth, Cancel, GitOptions, GitRemote, GitSource, Poll};
use windlass_testbed::{GitHttp, GitHttpOptions, require_peers};

use crate::repository::{Repository, noise};
use crate::{changed, main_branch, text};

/// Passes everything on, but for one byte of the answers: the `place`-th of each connection is turned around.
fn distorting(to: String, place: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            let (mut asking, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut asking, &mut asked));
            let place = place.load(Ordering::Relaxed);
            thread::spawn(move || {
                let (mut buffer, mut passed) = ([0; 4096], 0);
                while let Ok(count @ 1..) = server.read(&mut buffer) {
                    if (passed..passed + count).contains(&place) {
                        buffer[place - passed] ^= 0x15;
                    }
                    passed += count;
                    if client.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_distorted_answer_is_an_error_and_never_a_wrong_file() {
    let testbed = require_peers!(GitHttp::NEEDS);
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let server = GitHttp::start(&testbed, repository.root(), &GitHttpOptions::default()).unwrap();
    let address = server.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let place = Arc::new(AtomicUsize::new(usize::MAX));
    let port = distorting(address, Arc::clone(&place));
    let remote = || GitRemote {
        url: format!("http://127.0.0.1:{port}/app.git").parse().unwrap(),
        reference: main_branch(),
        auth: Auth::none(),
    };
    let options = || GitOptions::default().with_timeout(std::time::Duration::from_secs(2));
    let source = GitSource::open(repository.store(), remote(), options()).unwrap();
    changed(&source);
    repository.write("noise", noise(2000));
    let pushed = repository.push_file("app.yaml", "two");
    let mut refused = 0;
    for at in (0..1500).step_by(29).chain(1500..1520).chain((1520..3600).step_by(211)) {
        place.store(at, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let fresh = GitSource::open(folder.path(), remote(), options()).unwrap();
        match fresh.poll(None, &Cancel::new()) {
            Ok(Poll::Changed(snapshot)) => {
                assert_eq!((snapshot.revision.hash(), text(&snapshot, "app.yaml").as_str()), (pushed.as_str(), "two"));
            }
            Ok(Poll::Unchanged) => panic!("nothing was known"),
            Err(_) => refused += 1,
        }
        let _ = source.poll(None, &Cancel::new());
        let last = source.last().unwrap();
        let expected = if last.revision.hash() == pushed { "two" } else { "one" };
        assert_eq!(text(&last, "app.yaml"), expected);
    }
    println!("{refused} distorted answers were refused");
    assert!(refused > 20, "{refused}");
    place.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(text(&changed(&source), "app.yaml"), "two");
}
