//! Git's smart HTTP protocol in front of a folder of bare repositories, with Git itself behind it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A server that only serves fetches. It stops when it is dropped.
pub(crate) struct GitServer {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl GitServer {
    /// Serves the repositories below `root`; with a user and a password only to who gives them.
    pub(crate) fn start(root: &Path, basic: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let wanted = basic.map(|(user, password)| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        let (root, is_over) = (root.to_owned(), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (root, wanted) = (root.clone(), wanted.clone());
                // A client that goes away in between is no fault.
                std::thread::spawn(move || stream.and_then(|stream| serve(&stream, &root, wanted.as_deref())));
            }
        });
        Self { address, stopped }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the listener, which then closes.
        let _ = TcpStream::connect(self.address);
    }
}

/// What is asked, as far as Git needs to know it.
struct Request {
    target: String,
    authorization: Option<String>,
    protocol: Option<String>,
    body: Vec<u8>,
}

fn serve(stream: &TcpStream, root: &Path, wanted: Option<&str>) -> io::Result<()> {
    let request = read(&mut BufReader::new(stream))?;
    if wanted.is_some() && request.authorization.as_deref() != wanted {
        return answer(stream, "401 Unauthorized\r\nwww-authenticate: Basic realm=\"git\"", "text/plain", b"");
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    if let Some(repository) = path.strip_suffix("/info/refs").filter(|_| query == "service=git-upload-pack") {
        let mut body = b"001e# service=git-upload-pack\n0000".to_vec();
        body.extend(upload_pack(&root.join(repository.trim_start_matches('/')), &request, true)?);
        return answer(stream, "200 OK", "application/x-git-upload-pack-advertisement", &body);
    }
    if let Some(repository) = path.strip_suffix("/git-upload-pack") {
        let body = upload_pack(&root.join(repository.trim_start_matches('/')), &request, false)?;
        return answer(stream, "200 OK", "application/x-git-upload-pack-result", &body);
    }
    answer(stream, "404 Not Found", "text/plain", b"")
}

fn upload_pack(repository: &PathBuf, request: &Request, advertise: bool) -> io::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(["upload-pack", "--stateless-rpc"]);
    if advertise {
        command.arg("--http-backend-info-refs");
    }
    if let Some(protocol) = &request.protocol {
        command.env("GIT_PROTOCOL", protocol);
    }
    let mut child = command.arg(repository).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    // What it wants to know is small, so that it is taken whole before anything is answered.
    child.stdin.take().unwrap().write_all(&request.body)?;
    Ok(child.wait_with_output()?.stdout)
}

fn read(stream: &mut impl BufRead) -> io::Result<Request> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut request = Request { target, authorization: None, protocol: None, body: Vec::new() };
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = Some(value.to_owned()),
            "git-protocol" => request.protocol = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            "transfer-encoding" => is_chunked = value == "chunked",
            _ => {}
        }
    }
    if is_chunked {
        return Ok(Request { body: chunks(stream)?, ..request });
    }
    request.body = vec![0; length];
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

fn answer(mut stream: &TcpStream, status: &str, content_type: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\ncache-control: \
         no-cache\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}
