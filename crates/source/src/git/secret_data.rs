use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::git::auth::{HttpAuth, SshAuth, TlsAuth};
use crate::git::url::Scheme;
use crate::{Auth, Error, GitUrl};

impl Auth {
    /// Reads the credentials for `url` from the data of a Kubernetes Secret, by Flux's keys.
    ///
    /// For `https` these are `username` and `password`, or `bearerToken`, and `ca.crt` (formerly `caFile`), `tls.crt`
    /// and `tls.key`; for `ssh` `identity`, `known_hosts`, and `password` for the key's passphrase. Other keys, and
    /// those of the other scheme, are not looked at.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] where keys contradict each other, one is missing, or one is not text.
    pub fn from_secret_data<V: AsRef<[u8]>>(url: &GitUrl, data: &BTreeMap<String, V>) -> Result<Self, Error> {
        let data = Data(data);
        match url.scheme {
            Scheme::Https | Scheme::Http => Ok(Self { http: http(&data)?, tls: tls(&data)?, ssh: None }),
            Scheme::Ssh => Ok(Self { ssh: Some(ssh(&data)?), ..Self::default() }),
            Scheme::File => Ok(Self::default()),
        }
    }
}

struct Data<'a, V>(&'a BTreeMap<String, V>);

impl<V: AsRef<[u8]>> Data<'_, V> {
    /// The text at `key`; an empty value counts as absent.
    fn text(&self, key: &str) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(bytes) = self.0.get(key).map(AsRef::as_ref).filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).map_err(|_| invalid(format!("the value of {key} is not UTF-8 text")))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// A text for one header line: the line break that an editor leaves at its end is dropped.
    fn line(&self, key: &str) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let line = text.trim_end_matches(['\r', '\n']);
        if line.contains(|c: char| c.is_control()) {
            return Err(invalid(format!("the value of {key} holds a control character")));
        }
        Ok(Some(Zeroizing::new(line.to_owned())))
    }
}

fn invalid(problem: impl Into<String>) -> Error {
    Error::InvalidCredentials { problem: problem.into() }
}

fn http<V: AsRef<[u8]>>(data: &Data<'_, V>) -> Result<Option<HttpAuth>, Error> {
    match (data.line("username")?, data.line("password")?, data.line("bearerToken")?) {
        (None, None, None) => Ok(None),
        (None, None, Some(token)) => Ok(Some(HttpAuth::Bearer(token))),
        (Some(username), Some(password), None) => {
            Ok(Some(HttpAuth::Basic { username: username.as_str().to_owned(), password }))
        }
        (_, _, Some(_)) => Err(invalid("the secret holds both bearerToken and username or password: leave one out")),
        (Some(_), None, None) => Err(invalid("the secret holds username without password")),
        (None, Some(_), None) => Err(invalid("the secret holds password without username")),
    }
}

fn tls<V: AsRef<[u8]>>(data: &Data<'_, V>) -> Result<TlsAuth, Error> {
    let ca = match data.text("ca.crt")? {
        Some(ca) => Some(ca),
        None => data.text("caFile")?,
    };
    let client = match (data.text("tls.crt")?, data.text("tls.key")?) {
        (Some(chain), Some(key)) => Some((chain.as_str().to_owned(), key)),
        (None, None) => None,
        (Some(_), None) => return Err(invalid("the secret holds tls.crt without tls.key")),
        (None, Some(_)) => return Err(invalid("the secret holds tls.key without tls.crt")),
    };
    Ok(TlsAuth { ca: ca.map(|text| text.as_str().to_owned()), client })
}

fn ssh<V: AsRef<[u8]>>(data: &Data<'_, V>) -> Result<SshAuth, Error> {
    let identity =
        data.text("identity")?.ok_or_else(|| invalid("the secret lacks identity, the private key for ssh"))?;
    let known_hosts = data.text("known_hosts")?.ok_or_else(|| {
        invalid("the secret lacks known_hosts: without it the ssh server cannot be told from an impostor")
    })?;
    let passphrase = data.line("password")?;
    Ok(SshAuth { identity, passphrase, known_hosts: known_hosts.as_str().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, pairs: &[(&str, &str)]) -> Result<Auth, String> {
        let data = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
        Auth::from_secret_data(&url.parse().unwrap(), &data).map_err(|error| error.to_string())
    }

    #[test]
    fn the_keys_of_flux_are_read() {
        let auth = read("https://h/x", &[("username", "me"), ("password", "p\n"), ("ca.crt", "pem")]).unwrap();
        assert_eq!(format!("{auth:?}"), "Auth(basic, ca)");
        assert!(matches!(auth.http, Some(HttpAuth::Basic { password, .. }) if password.as_str() == "p"));
        assert_eq!(
            format!("{:?}", read("https://h/x", &[("bearerToken", "t"), ("caFile", "p")]).unwrap()),
            "Auth(bearer, ca)"
        );
        let auth = read("ssh://git@h/x", &[("identity", "k"), ("known_hosts", "h"), ("password", "p")]).unwrap();
        assert!(auth.ssh.unwrap().passphrase.is_some());
    }

    #[test]
    fn contradictions_and_gaps_are_named() {
        for (url, pairs, problem) in [
            ("https://h/x", &[("username", "a"), ("password", "b"), ("bearerToken", "c")][..], "both bearerToken"),
            ("https://h/x", &[("username", "a")], "username without password"),
            ("https://h/x", &[("password", "a")], "password without username"),
            ("https://h/x", &[("tls.crt", "a")], "tls.crt without tls.key"),
            ("https://h/x", &[("bearerToken", "a\nb")], "control character"),
            ("ssh://h/x", &[("identity", "k")], "lacks known_hosts"),
            ("ssh://h/x", &[("known_hosts", "k")], "lacks identity"),
        ] {
            let error = read(url, pairs).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let auth = Auth::basic("me", "hunter2").with_client_certificate("chain", "hunter2");
        assert!(!format!("{auth:?}").contains("hunter2"));
    }
}
