//! What a user of Git is known by: the netrc file, the credential helpers, the keys in `~/.ssh`; and whom the machine
//! trusts. Nothing of it is printed or kept.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use windlass_source::{Auth, Error};
use zeroize::Zeroizing;

use super::netrc;

/// Where the certificates lie that a machine trusts.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The names that `ssh-keygen` gives to keys.
const KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// Finds the credentials for a URL.
pub(super) struct Credentials {
    home: Option<PathBuf>,
    netrc: Option<PathBuf>,
    bundle: Option<PathBuf>,
}

impl Credentials {
    /// Those of whoever runs this program.
    pub(super) fn of_user() -> Self {
        let home = std::env::home_dir();
        let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
        let netrc = named("NETRC").or_else(|| home.as_ref().map(|home| home.join(".netrc")));
        let bundle = named("GIT_SSL_CAINFO").or_else(|| named("SSL_CERT_FILE"));
        let bundle = bundle.or_else(|| BUNDLES.map(PathBuf::from).into_iter().find(|path| path.is_file()));
        Self { home, netrc, bundle }
    }

    /// Tries with what is at hand, and once more with what Git's credential helpers know where the server asks who it is.
    pub(super) fn try_each<T>(&self, url: &str, mut attempt: impl FnMut(Auth) -> Result<T, Error>) -> Result<T, Error> {
        let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| !scheme.eq_ignore_ascii_case("ssh"))
        else {
            return attempt(self.ssh());
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let from_netrc = || netrc::find(&self.read(self.netrc.as_deref()?)?, host.split(':').next()?);
        // Credentials in the URL are used by who fetches.
        let auth = match user {
            Some(_) => None,
            None => from_netrc().map(|found| Auth::basic(found.login, found.password.as_str())),
        };
        match attempt(self.trusting(auth.unwrap_or_default())) {
            Err(error @ Error::AuthenticationFailed { .. }) => match helped(scheme, host, user) {
                Some((user, password)) => attempt(self.trusting(Auth::basic(user, password.as_str()))),
                None => Err(error),
            },
            answer => answer,
        }
    }

    /// The first key that is there, for the hosts that are known.
    fn ssh(&self) -> Auth {
        let Some(directory) = self.home.as_ref().map(|home| home.join(".ssh")) else { return Auth::none() };
        let read = |name: &str| self.read(&directory.join(name));
        match KEYS.iter().find_map(|name| read(name)) {
            Some(key) => Auth::ssh(key.as_str(), read("known_hosts").map_or_else(String::new, |text| text.to_string())),
            None => Auth::none(),
        }
    }

    fn trusting(&self, auth: Auth) -> Auth {
        match self.bundle.as_deref().and_then(|path| self.read(path)) {
            Some(bundle) => auth.with_ca(bundle.as_str()),
            None => auth,
        }
    }

    #[expect(clippy::unused_self, reason = "what is read are the user's files")]
    fn read(&self, path: &Path) -> Option<Zeroizing<String>> {
        fs::read_to_string(path).ok().map(Zeroizing::new)
    }
}

/// What Git's credential helpers know about a host. Nobody is asked at the terminal.
fn helped(scheme: &str, host: &str, user: Option<&str>) -> Option<(String, Zeroizing<String>)> {
    let mut child = Command::new("git")
        .args(["-c", "core.askPass=", "credential", "fill"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env_remove("SSH_ASKPASS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let user = user.map(|user| user.split(':').next().unwrap_or_default());
    let user = user.map_or_else(String::new, |user| format!("username={user}\n"));
    let _ = write!(child.stdin.take()?, "protocol={scheme}\nhost={host}\n{user}\n");
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    let text = Zeroizing::new(String::from_utf8(output.stdout).ok()?);
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    Some((value("username")?.to_owned(), Zeroizing::new(value("password")?.to_owned())))
}
