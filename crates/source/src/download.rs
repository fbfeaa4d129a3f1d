use std::io::Read as _;
use std::time::Duration;

use crate::git::http_client::Client;
use crate::git::session::Session;
use crate::git::source::GitRemote;
use crate::git::tls;
use crate::git::url::Scheme;
use crate::{Auth, Cancel, Error, GitUrl, Reference};

/// What fetching a file may take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// How long it may take, redirects included. Default: 60 seconds.
    pub timeout: Duration,
    /// How many bytes the file may have. Default: 16 MiB.
    pub max_bytes: u64,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), max_bytes: 16 << 20 }
    }
}

/// Fetches the file at an `http` or `https` URL: whatever the server answers with a status of 2xx.
///
/// Redirects are followed, to other hosts too, but from `https` to `https` only. Credentials are those of the URL or of
/// `auth`, and go to the URL's own host alone. A proxy is not asked. The call blocks; on a thread that drives an
/// asynchronous runtime it panics.
///
/// # Errors
/// See [`Error`]; no text of it shows credentials, or the query of the URL, where tokens stand too.
pub fn download(url: &str, auth: &Auth, options: &DownloadOptions, cancel: &Cancel) -> Result<Vec<u8>, Error> {
    let url = GitUrl::of_file(url)?;
    let shown = url.to_string();
    if !matches!(url.scheme, Scheme::Http | Scheme::Https) {
        return Err(Error::InvalidUrl { url: shown, problem: "files are fetched from http:// and https:// only" });
    }
    let session = Session::start(shown.clone(), options.timeout, cancel)?;
    let tls = tls::client_config(&auth.tls)?;
    let remote = GitRemote { url, reference: Reference::head(), auth: auth.clone() };
    let body = Client::new(session.clone(), &remote, tls)?.get_file()?;
    session.set_doing("reading its answer");
    let mut bytes = Vec::new();
    let limit = options.max_bytes;
    body.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|source| {
        let lost = Error::ConnectionLost { url: shown.clone(), doing: session.doing(), source };
        session.take_fault().unwrap_or(lost)
    })?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { url: shown, limit });
    }
    Ok(bytes)
}
