use std::fmt;

use zeroize::Zeroizing;

use crate::Error;

/// Who asks for objects. Prints as the id of the access key.
#[derive(Clone)]
pub struct S3Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: Zeroizing<String>,
    pub(super) session_token: Option<Zeroizing<String>>,
}

impl S3Credentials {
    /// An access key and its secret.
    #[must_use]
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: Zeroizing::new(secret_key.into()), session_token: None }
    }

    /// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` by a function, such as the environment.
    /// `None` when there are none. No service is asked: the one that AWS machines have costs seconds elsewhere.
    #[must_use]
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let read = |name: &str| read(name).filter(|value| !value.is_empty());
        let mut found = Self::new(read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
        found.session_token = read("AWS_SESSION_TOKEN").map(Zeroizing::new);
        Some(found)
    }

    /// Reads a profile out of the text of a credentials file, as the AWS tools keep it in `~/.aws/credentials`.
    ///
    /// # Errors
    /// When there is no such profile, or it has no key in it.
    pub fn from_profile(text: &str, profile: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Error::KeyText { what: "a profile with an access key", reason };
        let mut inside = false;
        let mut seen = false;
        let (mut access_key, mut secret_key, mut session_token) = (None, None, None);
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let name = name.trim();
                inside = name == profile || name.strip_prefix("profile ").is_some_and(|name| name.trim() == profile);
                seen |= inside;
            } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';']))
            {
                let value = Some(value.trim().to_owned());
                match name.trim() {
                    "aws_access_key_id" => access_key = value,
                    "aws_secret_access_key" => secret_key = value,
                    "aws_session_token" => session_token = value,
                    _ => {}
                }
            }
        }
        if !seen {
            return Err(refuse(format!("the file has no profile {profile}")));
        }
        let missing = |what: &str| refuse(format!("profile {profile} has no {what}"));
        let access_key = access_key.ok_or_else(|| missing("aws_access_key_id"))?;
        let secret_key = secret_key.ok_or_else(|| missing("aws_secret_access_key"))?;
        let session_token = session_token.map(Zeroizing::new);
        Ok(Self { session_token, ..Self::new(access_key, secret_key) })
    }
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "S3Credentials({}, <redacted>)", self.access_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[default]\naws_access_key_id = A1\naws_secret_access_key=S1=\n\n# other\n[ nas ]\n\
                        aws_access_key_id=A2\naws_secret_access_key = S2\naws_session_token = T2\n[empty]\n";

    #[test]
    fn profiles_are_read_as_the_aws_tools_write_them() {
        let default = S3Credentials::from_profile(FILE, "default").unwrap();
        assert_eq!((default.access_key.as_str(), default.secret_key.as_str()), ("A1", "S1="));
        let nas = S3Credentials::from_profile(FILE, "nas").unwrap();
        assert_eq!(nas.session_token.as_ref().unwrap().as_str(), "T2");
        assert!(S3Credentials::from_profile(FILE, "empty").unwrap_err().to_string().contains("aws_access_key_id"));
        assert!(S3Credentials::from_profile(FILE, "other").unwrap_err().to_string().contains("no profile other"));
    }

    #[test]
    fn debugging_shows_no_secret() {
        let shown = format!("{:?}", S3Credentials::new("AKIA", "very-secret"));
        assert!(shown.contains("AKIA") && !shown.contains("very-secret"));
    }
}
