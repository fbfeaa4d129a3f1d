//! Addresses of Vault, and paths below them.

use hyper::Uri;

use super::VaultError;

/// An address: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) secure: bool,
    /// Without the brackets of IPv6.
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands in the `Host` header.
    pub(super) authority: String,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        let fault = |reason| VaultError::Address { address: text.to_owned(), reason };
        let uri: Uri = text.parse().map_err(|_| fault("it is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(fault("it starts with neither https:// nor http://")),
        };
        let authority = uri.authority().ok_or_else(|| fault("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(fault("it holds a user"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(fault("it goes on behind its host"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { secure, host, port, authority: authority.to_string() })
    }

    pub(super) fn text(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

/// The path of a request below `/v1/`, with what a path cannot hold as `%41`.
pub(super) fn path(path: &str) -> String {
    let mut out = String::from("/v1/");
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    for (number, part) in parts.enumerate() {
        if number > 0 {
            out.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = Address::parse("https://vault.example.com").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.secure), ("vault.example.com", 443, true));
        let address = Address::parse("http://[::1]:8200/").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.text().as_str()), ("::1", 8200, "http://[::1]:8200"));
        for text in ["", "vault:8200", "ftp://x", "https://user@x", "https://x/prefix", "https://x?y"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_stay_below_the_engine() {
        assert_eq!(path("a/b/encrypt/k 1"), "/v1/a/b/encrypt/k%201");
        assert_eq!(path("../sys/encrypt/x?y#z"), "/v1/sys/encrypt/x%3Fy%23z");
    }
}
