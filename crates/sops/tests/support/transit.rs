//! A transit engine as the documentation of Vault describes it: the calls `encrypt` and `decrypt` under `/v1/`, their errors,
//! and the redirection of a standby server. Each request has a connection of its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "hvs.marker-of-the-token";

/// How a server answers.
#[derive(Debug, Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Willing,
    Sealed,
    /// Sends on to another address.
    Standby(String),
    /// Answers with this body.
    Odd(&'static str),
    Silent,
}

/// A running server.
pub(crate) struct Transit {
    pub(crate) port: u16,
    /// The paths that were asked, each with its namespace.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Keys(Mutex<BTreeMap<String, [u8; 32]>>);

impl Transit {
    pub(crate) fn start(mood: Mood, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, keys) = (Arc::clone(&asked), Keys::default());
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if matches!(mood, Mood::Silent) {
                    std::mem::forget(stream);
                    continue;
                }
                match &tls {
                    None => serve(stream, &mood, &keys, &seen),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        serve(StreamOwned::new(connection, stream), &mood, &keys, &seen);
                    }
                }
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self, key: &str) -> String {
        format!("http://127.0.0.1:{}/v1/transit/keys/{key}", self.port)
    }
}

fn serve(mut stream: impl Read + Write, mood: &Mood, keys: &Keys, asked: &Mutex<Vec<String>>) {
    let Some((head, body)) = request(&mut stream) else { return };
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.map(|line| line[name.len() + 1..].trim().to_owned()).unwrap_or_default()
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(format!("{}{path}", header("x-vault-namespace")));
    let errors = |text: &str| json!({ "errors": [text] }).to_string();
    let mut location = String::new();
    let (status, answer) = match mood {
        Mood::Sealed => (503, errors("Vault is sealed")),
        Mood::Odd(text) => (200, (*text).to_owned()),
        Mood::Standby(active) => {
            location = format!("Location: {active}{path}\r\n");
            (307, String::new())
        }
        _ if !head.starts_with("PUT ") && !head.starts_with("POST ") => (405, errors("unsupported operation")),
        _ if header("x-vault-token") != TOKEN => (403, errors("permission denied")),
        _ => match transit(&path, &body, keys) {
            Ok(data) => (200, json!({ "request_id": "r", "lease_id": "", "data": data }).to_string()),
            Err(text) => (400, errors(text)),
        },
    };
    let length = answer.len();
    let head = format!("HTTP/1.1 {status} X\r\n{location}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{answer}").as_bytes());
    let _ = stream.flush();
}

fn request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Some(0), |text| text.trim().parse().ok())?;
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn transit(path: &str, body: &[u8], keys: &Keys) -> Result<Value, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "failed to parse JSON input")?;
    let (call, name) = path.strip_prefix("/v1/transit/").and_then(|rest| rest.split_once('/')).ok_or("no handler")?;
    let mut keys = keys.0.lock().unwrap();
    match call {
        "encrypt" => {
            let plain = STANDARD.decode(body["plaintext"].as_str().ok_or("missing plaintext")?);
            let plain = plain.map_err(|_| "failed to base64-decode plaintext")?;
            let number = u8::try_from(keys.len()).unwrap();
            let key = keys.entry(name.to_owned()).or_insert([number; 32]);
            let nonce = [plain[0]; 12];
            let sealed = Aes256Gcm::new(&(*key).into()).encrypt(&Nonce::from(nonce), &*plain).unwrap();
            Ok(json!({ "ciphertext": format!("vault:v1:{}", STANDARD.encode([&nonce[..], &sealed].concat())) }))
        }
        "decrypt" => {
            let key = keys.get(name).ok_or("encryption key not found")?;
            let text = body["ciphertext"].as_str().and_then(|text| text.strip_prefix("vault:v1:"));
            let sealed = STANDARD.decode(text.ok_or("invalid ciphertext: no prefix")?);
            let sealed =
                sealed.ok().filter(|sealed| sealed.len() > 12).ok_or("invalid ciphertext: could not decode base64")?;
            let (nonce, sealed) = sealed.split_at(12);
            let nonce: [u8; 12] = nonce.try_into().unwrap();
            let plain = Aes256Gcm::new(&(*key).into()).decrypt(&Nonce::from(nonce), sealed);
            Ok(json!({ "plaintext": STANDARD.encode(plain.map_err(|_| "cipher: message authentication failed")?) }))
        }
        _ => Err("unsupported path"),
    }
}
