use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use russh::keys::{HashAlg, PublicKey};
use sha1::{Digest, Sha1};

/// The lines of a `known_hosts` file that speak of one host.
pub(crate) struct KnownHosts {
    accepted: Vec<PublicKey>,
    revoked: Vec<PublicKey>,
}

impl KnownHosts {
    /// Reads the lines for `host` and `port` out of `text`. Lines that cannot be read are passed over, as OpenSSH does.
    pub(crate) fn read(text: &str, host: &str, port: u16) -> Self {
        let name =
            if port == 22 { host.to_ascii_lowercase() } else { format!("[{}]:{port}", host.to_ascii_lowercase()) };
        let mut known = Self { accepted: Vec::new(), revoked: Vec::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace();
            let Some(first) = words.next() else { continue };
            let (marker, hosts) =
                if first.starts_with('@') { (Some(first), words.next()) } else { (None, Some(first)) };
            let (Some(hosts), Some(_kind), Some(blob)) = (hosts, words.next(), words.next()) else { continue };
            if !names(hosts, &name) {
                continue;
            }
            let Some(key) = STANDARD.decode(blob).ok().and_then(|blob| PublicKey::from_bytes(&blob).ok()) else {
                continue;
            };
            match marker {
                None => known.accepted.push(key),
                Some("@revoked") => known.revoked.push(key),
                // Certificate authorities are not supported: their lines vouch for no plain key.
                Some(_) => {}
            }
        }
        known
    }

    pub(crate) fn accepts(&self, key: &PublicKey) -> bool {
        let is = |known: &PublicKey| known.key_data() == key.key_data();
        self.accepted.iter().any(is) && !self.revoked.iter().any(is)
    }

    /// The keys that the host may show.
    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.accepted
    }

    /// What is known, for an error text.
    pub(crate) fn describe(&self) -> String {
        if self.accepted.is_empty() {
            return "no key for this host".to_owned();
        }
        self.accepted.iter().map(describe).collect::<Vec<_>>().join(", ")
    }
}

/// Key type and fingerprint.
pub(crate) fn describe(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
}

/// Whether the first field of a line means `name`: patterns with commas, or one hashed name.
fn names(hosts: &str, name: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        return is_hash_of(hashed, name).unwrap_or(false);
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// `*` and `?` as in a shell.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last star was, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

fn is_hash_of(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
    Some(hmac_sha1(&salt, name.as_bytes())[..] == hash[..])
}

/// RFC 2104; the salt is not secret, so nothing here need be constant in time.
fn hmac_sha1(key: &[u8], text: &[u8]) -> [u8; 20] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.map(|own| own ^ byte);
    let inner = Sha1::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha1::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    fn knows(hosts: &str, host: &str, port: u16) -> bool {
        !KnownHosts::read(&format!("# a comment\n{hosts} {KEY} me@home\n"), host, port).keys().is_empty()
    }

    #[test]
    fn lines_are_found_by_host() {
        assert!(knows("github.com", "github.com", 22));
        assert!(knows("other,GitHub.com", "github.COM", 22));
        assert!(!knows("github.com", "github.com", 2222));
        assert!(knows("[github.com]:2222", "github.com", 2222));
        assert!(knows("*.example.com", "git.example.com", 22));
        assert!(!knows("*.example.com,!git.example.com", "git.example.com", 22));
        assert!(!knows("gith?b.co", "github.com", 22));
    }

    #[test]
    fn hashed_names_are_found() {
        // As `ssh-keygen -H` writes them: salt, and HMAC-SHA1 of the name under it.
        let salt = STANDARD.encode(b"0123456789abcdefghij");
        let hash = STANDARD.encode(hmac_sha1(b"0123456789abcdefghij", b"github.com"));
        assert!(knows(&format!("|1|{salt}|{hash}"), "github.com", 22));
        assert!(!knows(&format!("|1|{salt}|{hash}"), "gitlab.com", 22));
        // A line that `ssh-keygen -H` made of github.com.
        assert!(knows("|1|1Dh6lAHV+RmlF/ufOjodqh5F+Ek=|BnYm8PLw0MWZ2IS2KWQNvgHJ3ZE=", "github.com", 22));
        assert!(!knows("|1|broken", "github.com", 22));
    }

    #[test]
    fn hmac_is_that_of_rfc_2202() {
        let hex: String =
            hmac_sha1(b"Jefe", b"what do ya want for nothing?").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn a_revoked_key_is_not_accepted() {
        let text = format!("h {KEY}\n@revoked * {KEY}\n");
        let known = KnownHosts::read(&text, "h", 22);
        assert!(!known.accepts(&known.keys()[0]));
    }
}
