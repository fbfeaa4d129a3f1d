use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use gix_transport::Protocol;
use gix_transport::client::git::ConnectMode;
use hyper::body::Bytes;
use russh::client::{AuthResult, Config, Handle, Msg};
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Preferred};

use crate::Error;
use crate::git::auth::SshAuth;
use crate::git::dial::dial;
use crate::git::exchange::Connected;
use crate::git::known_hosts::{KnownHosts, describe};
use crate::git::pipe::Complaints;
use crate::git::session::Session;
use crate::git::source::GitRemote;
use crate::git::url::GitUrl;

/// Opens a repository over SSH. The private key stays in memory.
pub(crate) fn connect(session: &Session, remote: &GitRemote) -> Result<Connected, Error> {
    let url = &remote.url;
    let auth =
        remote.auth.ssh.as_ref().ok_or_else(|| Error::InvalidCredentials {
            problem: format!("{url} needs a private key and known_hosts"),
        })?;
    let key = private_key(auth)?;
    let known = KnownHosts::read(&auth.known_hosts, &url.host, url.port_or_default());
    let stream = dial(session, url)?;
    let client = Client { known: Arc::new(known), offered: Arc::default() };
    let config = Arc::new(Config {
        preferred: Preferred { key: preferred_keys(&client.known), ..Preferred::default() },
        ..Config::default()
    });
    session.set_doing("greeting the ssh server");
    let greeted = session.wait(async { Ok(russh::client::connect_stream(config, stream, client.clone()).await) });
    let mut handle = match greeted {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => return Err(client.host_key_error(session, url).unwrap_or_else(|| failed(session, error))),
        Err(error) => return Err(broken(session, error)),
    };
    authenticate(session, url, &mut handle, key)?;
    session.set_doing("starting git on the ssh server");
    let (reader, writer) = run(session, &handle, &url.path)?;
    let complaints = reader.complaints.clone();
    let channel = Rc::new(std::cell::RefCell::new(reader));
    let transport = gix_transport::client::git::blocking_io::Connection::new(
        Shared(Rc::clone(&channel)),
        writer,
        Protocol::V2,
        url.path.as_str(),
        None::<(String, Option<u16>)>,
        ConnectMode::Process,
        false,
    );
    let complaints = move || {
        // The connection lives as long as somebody may want to know why it failed.
        let _alive = &handle;
        channel.borrow_mut().drain();
        complaints.text()
    };
    Ok(Connected { transport: Box::new(transport), complaints: Box::new(complaints) })
}

fn private_key(auth: &SshAuth) -> Result<PrivateKey, Error> {
    let invalid = |problem: &str| Error::InvalidCredentials { problem: problem.to_owned() };
    let passphrase = auth.passphrase.as_ref().map(|text| text.as_str());
    // The library's own errors are not shown: they might quote the key.
    russh::keys::decode_secret_key(&auth.identity, passphrase).map_err(|error| match (error, passphrase) {
        (russh::keys::Error::KeyIsEncrypted, None) => {
            invalid("the private key is encrypted, and the secret has no password for it")
        }
        (_, Some(_)) => invalid("the private key cannot be read, or its password is wrong"),
        (_, None) => invalid("the private key is in no form that is understood (OpenSSH or PEM)"),
    })
}

/// The kinds of host keys to ask for: first those that are known, so that a server with several shows one of them.
fn preferred_keys(known: &KnownHosts) -> std::borrow::Cow<'static, [Algorithm]> {
    let known: Vec<_> = known.keys().iter().map(PublicKey::algorithm).collect();
    // An RSA key is one kind, whatever hash it signs with.
    let is_rsa = |algorithm: &Algorithm| matches!(algorithm, Algorithm::Rsa { .. });
    let is_known = |algorithm: &Algorithm| known.contains(algorithm) || (is_rsa(algorithm) && known.iter().any(is_rsa));
    let (mut first, rest): (Vec<_>, Vec<_>) = Preferred::default().key.iter().cloned().partition(is_known);
    first.extend(rest);
    first.into()
}

fn authenticate(session: &Session, url: &GitUrl, handle: &mut Handle<Client>, key: PrivateKey) -> Result<(), Error> {
    session.set_doing("signing in");
    let user = url.user.as_deref().unwrap_or("git");
    let public = describe(key.public_key());
    let key = Arc::new(key);
    let result = session.wait(async {
        let hash = match handle.best_supported_rsa_hash().await {
            Ok(hash) => hash.flatten(),
            Err(error) => return Ok(Err(error)),
        };
        Ok(handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash)).await)
    });
    match result.map_err(|error| broken(session, error))? {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { .. }) => Err(Error::AuthenticationFailed {
            url: session.url(),
            detail: format!("the ssh server does not accept the key {public} for the user {user:?}"),
        }),
        Err(error) => Err(failed(session, error)),
    }
}

/// Starts git's program on the server.
fn run(session: &Session, handle: &Handle<Client>, path: &str) -> Result<(Reader, Writer), Error> {
    // `~` is meant for the server's shell, as in `ssh://host/~user/repository`.
    let path = path.strip_prefix('/').filter(|rest| rest.starts_with('~')).unwrap_or(path);
    let command = format!("git-upload-pack '{}'", path.replace('\'', "'\\''"));
    let opened = session.wait(async {
        let start = async {
            let channel = handle.channel_open_session().await?;
            // A server that does not let it through speaks the older protocol.
            channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
            channel.exec(true, command).await?;
            Ok::<_, russh::Error>(channel)
        };
        Ok(start.await)
    });
    let channel = opened.map_err(|error| broken(session, error))?.map_err(|error| failed(session, error))?;
    let (reading, writing) = channel.split();
    let complaints = Complaints::default();
    let reader =
        Reader { session: session.clone(), channel: reading, pieces: VecDeque::new(), complaints, ended: false };
    Ok((reader, Writer { session: session.clone(), channel: writing }))
}

fn failed(session: &Session, error: russh::Error) -> Error {
    let (url, doing) = (session.url(), session.doing());
    match error {
        russh::Error::IO(source) => Error::ConnectionLost { url, doing, source },
        russh::Error::HUP | russh::Error::Disconnect | russh::Error::SendError | russh::Error::RecvError => {
            Error::ConnectionLost { url, doing, source: io::Error::new(io::ErrorKind::ConnectionAborted, error) }
        }
        error => Error::Protocol { url, doing, source: Box::new(error) },
    }
}

fn broken(session: &Session, source: io::Error) -> Error {
    let (url, doing) = (session.url(), session.doing());
    session.take_fault().unwrap_or(Error::ConnectionLost { url, doing, source })
}

/// Decides whether the server is whom we know.
#[derive(Clone)]
struct Client {
    known: Arc<KnownHosts>,
    offered: Arc<Mutex<Option<String>>>,
}

impl Client {
    fn host_key_error(&self, session: &Session, url: &GitUrl) -> Option<Error> {
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (host, known) = (url.host_and_port(), self.known.describe());
        Some(Error::UnknownHostKey { url: session.url(), host, offered, known })
    }
}

impl russh::client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let refused = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } if self.known.accepts(key) => return Ok(true),
            PublicKeyOrCertificate::PublicKey { key, .. } => describe(key),
            PublicKeyOrCertificate::Certificate(_) => "a certificate".to_owned(),
        };
        *self.offered.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        Ok(false)
    }
}

/// What the program on the server prints.
struct Reader {
    session: Session,
    channel: ChannelReadHalf,
    pieces: VecDeque<Bytes>,
    complaints: Complaints,
    ended: bool,
}

impl Reader {
    /// Waits for the next message, and puts it where it belongs.
    fn receive(&mut self) -> io::Result<()> {
        let channel = &mut self.channel;
        match self.session.wait(async { Ok(channel.wait().await) })? {
            Some(ChannelMsg::Data { data }) => self.pieces.push_back(data),
            Some(ChannelMsg::ExtendedData { data, .. }) => self.complaints.add(&data),
            // Standard error may still follow the end of standard output, which `drain` waits for.
            Some(ChannelMsg::Close | ChannelMsg::Failure) | None => self.ended = true,
            Some(_) => {}
        }
        Ok(())
    }

    /// Reads what is left, for the sake of the complaints in it.
    fn drain(&mut self) {
        while !self.ended && self.receive().is_ok() {
            self.pieces.clear();
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.pieces.front().is_none_or(Bytes::is_empty) {
            self.pieces.pop_front();
            if self.pieces.is_empty() {
                if self.ended {
                    return Ok(0);
                }
                self.receive()?;
            }
        }
        let Some(piece) = self.pieces.front_mut() else { return Ok(0) };
        let count = buffer.len().min(piece.len());
        buffer[..count].copy_from_slice(&piece.split_to(count));
        Ok(count)
    }
}

/// The reader, shared with whoever asks for complaints.
struct Shared(Rc<std::cell::RefCell<Reader>>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

struct Writer {
    session: Session,
    channel: ChannelWriteHalf<Msg>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.session.wait(async { self.channel.data_bytes(piece).await.map_err(io::Error::other) })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
