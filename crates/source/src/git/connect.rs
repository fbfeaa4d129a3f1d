use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use crate::Error;
use crate::git::exchange::Connected;
use crate::git::session::Session;
use crate::git::source::GitRemote;
use crate::git::url::Scheme;
use crate::git::{http, local, ssh, tls};

/// What a source keeps from one connection to the next.
#[derive(Default)]
pub(crate) struct Dialer {
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Dialer {
    /// Opens the way to a repository that its URL names.
    pub(crate) fn connect(&self, session: &Session, remote: &GitRemote) -> Result<Connected, Error> {
        session.set_doing("connecting");
        match remote.url.scheme {
            Scheme::Https | Scheme::Http => http::connect(session, remote, self.tls(remote)?),
            Scheme::Ssh => ssh::connect(session, remote),
            Scheme::File => local::connect(session, &remote.url.path),
        }
    }

    fn tls(&self, remote: &GitRemote) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = tls::client_config(&remote.auth.tls)?;
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}
