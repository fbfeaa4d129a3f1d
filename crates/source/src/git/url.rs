use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::Error;

/// Where a repository is: `https://`, `http://`, `ssh://`, `file://`, or an absolute path.
///
/// Credentials in it are used, and never printed: `Display` and `Debug` show them as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct GitUrl {
    pub(crate) scheme: Scheme,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// With its leading slash, as written.
    pub(crate) path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    Http,
    Ssh,
    File,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
            Self::Ssh => 22,
            Self::File => 0,
        }
    }
}

impl GitUrl {
    pub(crate) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// Host and port as they stand in error texts.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port_or_default())
    }

    /// The text that servers may see in a request line or a `Host` header: no credentials.
    pub(crate) fn without_credentials(&self) -> String {
        format!("{}{}", self.root(), self.path)
    }

    /// What the `Host` header of a request says.
    pub(crate) fn host_header(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{}{port}", bracketed(&self.host))
    }

    /// Scheme, host and port.
    pub(crate) fn root(&self) -> String {
        format!("{}://{}", self.scheme.name(), self.host_header())
    }

    /// Whether credentials for `self` may be sent to `other` after a redirect.
    pub(crate) fn is_same_origin(&self, other: &Self) -> bool {
        let upgrade = self.scheme == Scheme::Http
            && other.scheme == Scheme::Https
            && (self.port_or_default(), other.port_or_default()) == (80, 443);
        self.host.eq_ignore_ascii_case(&other.host)
            && (upgrade || (self.scheme == other.scheme && self.port_or_default() == other.port_or_default()))
    }
}

impl FromStr for GitUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fail = |problem| Error::InvalidUrl { url: redacted(text), problem };
        if text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
            return Err(fail("it holds a space or a control character"));
        }
        if text.starts_with('/') {
            return Ok(Self::local(text));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(fail(if text.contains(':') {
                "the short form of ssh is not supported: write ssh://user@host/path"
            } else {
                "it has no scheme such as https://"
            }));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "ssh" => Scheme::Ssh,
            "file" => {
                return if rest.starts_with('/') {
                    Ok(Self::local(rest))
                } else {
                    Err(fail("the path is not absolute"))
                };
            }
            _ => return Err(fail("the scheme is none of https, http, ssh, file")),
        };
        if rest.contains(['?', '#']) {
            return Err(fail("a repository's URL has no query and no fragment"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (userinfo, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host, port) = split_port(host).ok_or_else(|| fail("the port is no number up to 65535"))?;
        if host.is_empty() || host.starts_with('-') || host.contains(['[', ']', '@', '\\']) {
            return Err(fail("it has no valid host"));
        }
        if path.len() < 2 {
            return Err(fail("it has no path: that of the repository is missing"));
        }
        let (user, password) = match userinfo.map(|info| info.split_once(':').unwrap_or((info, ""))) {
            None => (None, None),
            Some((user, password)) => {
                let decode = |part| percent_decoded(part).ok_or_else(|| fail("its credentials hold a broken % escape"));
                (Some(decode(user)?), Some(Zeroizing::new(decode(password)?)).filter(|text| !text.is_empty()))
            }
        };
        Ok(Self { scheme, user, password, host: host.to_owned(), port, path: path.to_owned() })
    }
}

impl GitUrl {
    /// The URL of a file: it may have a query, which is part of the path then, and a fragment, which means nothing.
    pub(crate) fn of_file(text: &str) -> Result<Self, Error> {
        let text = text.split('#').next().unwrap_or_default();
        let (place, query) = text.split_once('?').map_or((text, None), |(place, query)| (place, Some(query)));
        let mut url: Self = place.parse()?;
        if let Some(query) = query {
            if query.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
                return Err(Error::InvalidUrl { url: url.to_string(), problem: "its query holds a space" });
            }
            url.path = format!("{}?{query}", url.path);
        }
        Ok(url)
    }

    fn local(path: &str) -> Self {
        let path = path.to_owned();
        Self { scheme: Scheme::File, user: None, password: None, host: String::new(), port: None, path }
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    match port {
        None | Some("") => Some((name, None)),
        Some(port) => Some((name, Some(port.parse().ok()?))),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

/// A text that may be no URL at all, without what may be a password in it.
fn redacted(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    // A password with a slash in it ends up in what looks like the path, so the last @ counts.
    match rest.rfind('@') {
        Some(at) if scheme.starts_with("http") || rest[..at].contains(':') => {
            format!("{scheme}***{}", &rest[at..])
        }
        _ => text.to_owned(),
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme == Scheme::File {
            return write!(f, "file://{}", self.path);
        }
        write!(f, "{}://", self.scheme.name())?;
        match (&self.user, self.scheme) {
            (None, _) => {}
            (Some(user), Scheme::Ssh) => write!(f, "{user}{}@", if self.password.is_some() { ":***" } else { "" })?,
            // Tokens are often written as the user name.
            (Some(_), _) => f.write_str("***@")?,
        }
        f.write_str(&bracketed(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        // A query may hold a token.
        match self.path.split_once('?') {
            Some((path, _)) => write!(f, "{path}?***"),
            None => f.write_str(&self.path),
        }
    }
}

impl fmt::Debug for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> GitUrl {
        text.parse().unwrap()
    }

    #[test]
    fn urls_are_taken_apart() {
        let parsed = url("https://me:s%40cret@[::1]:8443/a/b.git");
        assert_eq!((parsed.host.as_str(), parsed.port, parsed.path.as_str()), ("::1", Some(8443), "/a/b.git"));
        assert_eq!(parsed.password.as_ref().map(|text| text.as_str()), Some("s@cret"));
        assert_eq!(parsed.to_string(), "https://***@[::1]:8443/a/b.git");
        assert_eq!(url("ssh://git@example.com/x").to_string(), "ssh://git@example.com/x");
        assert_eq!(url("/srv/repo"), url("file:///srv/repo"));
    }

    #[test]
    fn what_is_no_url_is_named() {
        for (text, problem) in [
            ("git@github.com:me/x.git", "the short form of ssh"),
            ("ftp://h/x", "the scheme is none of"),
            ("https://h", "it has no path"),
            ("https:///x", "it has no valid host"),
            ("https://h:99999/x", "the port"),
            ("file://relative", "the path is not absolute"),
            ("relative/path", "it has no scheme"),
        ] {
            let error = text.parse::<GitUrl>().unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn the_query_of_a_file_is_kept_and_not_shown() {
        let parsed = GitUrl::of_file("https://me:hunter2@h/a/b.yaml?token=hunter3#L1").unwrap();
        assert_eq!(parsed.path, "/a/b.yaml?token=hunter3");
        assert_eq!(parsed.to_string(), "https://***@h/a/b.yaml?***");
        assert!(GitUrl::of_file("https://h/a?b c").is_err());
    }

    #[test]
    fn a_refused_url_does_not_show_its_password() {
        for text in [
            "https://hunter2@h/x",
            "ftp://me:hunter2@h/x",
            "https://me:hunter2@h",
            "https://me:hun/hunter2@h/x",
            "me:hunter2@h:x",
        ] {
            let error = text.parse::<GitUrl>().map_or_else(|error| error.to_string(), |url| url.to_string());
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_prints_parses_again(text in "(https|ssh|file)?(://)?[a-z@:/\\[\\]%0-9?.-]{0,30}") {
            if let Ok(url) = text.parse::<GitUrl>()
                && url.password.is_none()
                && url.user.is_none()
            {
                prop_assert_eq!(url.to_string().parse::<GitUrl>().unwrap(), url);
            }
        }
    }
}
