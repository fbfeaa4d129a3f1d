use std::fmt;

use zeroize::Zeroizing;

/// What a repository is opened with; the default is nothing.
///
/// `Debug` tells which kinds of credentials are there, never their text.
#[derive(Clone, Default)]
pub struct Auth {
    pub(crate) http: Option<HttpAuth>,
    pub(crate) tls: TlsAuth,
    pub(crate) ssh: Option<SshAuth>,
}

#[derive(Clone)]
pub(crate) enum HttpAuth {
    Basic { username: String, password: Zeroizing<String> },
    Bearer(Zeroizing<String>),
}

#[derive(Clone, Default)]
pub(crate) struct TlsAuth {
    /// PEM certificates trusted besides the public ones.
    pub(crate) ca: Option<String>,
    /// PEM certificate chain and key that we show.
    pub(crate) client: Option<(String, Zeroizing<String>)>,
}

#[derive(Clone)]
pub(crate) struct SshAuth {
    /// The private key in OpenSSH or PEM form.
    pub(crate) identity: Zeroizing<String>,
    pub(crate) passphrase: Option<Zeroizing<String>>,
    pub(crate) known_hosts: String,
}

impl Auth {
    /// No credentials.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// User name and password, or token in place of the password, over https.
    #[must_use]
    pub fn basic(username: impl Into<String>, password: impl Into<String>) -> Self {
        let http = HttpAuth::Basic { username: username.into(), password: Zeroizing::new(password.into()) };
        Self { http: Some(http), ..Self::default() }
    }

    /// A bearer token, over https.
    #[must_use]
    pub fn bearer(token: impl Into<String>) -> Self {
        Self { http: Some(HttpAuth::Bearer(Zeroizing::new(token.into()))), ..Self::default() }
    }

    /// An SSH private key (OpenSSH or PEM text), and the `known_hosts` lines that the server must be in.
    #[must_use]
    pub fn ssh(identity: impl Into<String>, known_hosts: impl Into<String>) -> Self {
        let identity = Zeroizing::new(identity.into());
        Self { ssh: Some(SshAuth { identity, passphrase: None, known_hosts: known_hosts.into() }), ..Self::default() }
    }

    /// The same with a passphrase for the SSH private key.
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: impl Into<String>) -> Self {
        if let Some(ssh) = &mut self.ssh {
            ssh.passphrase = Some(Zeroizing::new(passphrase.into()));
        }
        self
    }

    /// The same with certificates (PEM) trusted besides the public ones.
    #[must_use]
    pub fn with_ca(mut self, pem: impl Into<String>) -> Self {
        self.tls.ca = Some(pem.into());
        self
    }

    /// The same with a certificate chain and its key (PEM) that are shown to the server.
    #[must_use]
    pub fn with_client_certificate(mut self, chain: impl Into<String>, key: impl Into<String>) -> Self {
        self.tls.client = Some((chain.into(), Zeroizing::new(key.into())));
        self
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds = Vec::new();
        match &self.http {
            Some(HttpAuth::Basic { .. }) => kinds.push("basic"),
            Some(HttpAuth::Bearer(_)) => kinds.push("bearer"),
            None => {}
        }
        kinds.extend(self.tls.ca.as_ref().map(|_| "ca"));
        kinds.extend(self.tls.client.as_ref().map(|_| "client certificate"));
        kinds.extend(self.ssh.as_ref().map(|_| "ssh"));
        write!(f, "Auth({})", if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") })
    }
}
