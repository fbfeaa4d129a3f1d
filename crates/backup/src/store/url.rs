use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use super::{DirectoryStore, LockMode, ObjectLock, S3Credentials, S3Options, S3Store, Store, StoreError, StoreFault};

/// Where a repository is, as one writes it on a command line or in a resource:
/// `s3://bucket/prefix?endpoint=https://nas.lan:9000&region=garage`, `file:///mnt/nas/backup`, or `/mnt/nas/backup`.
///
/// For S3 these can follow the question mark: `endpoint`, `region`, `ca` (a file with certificates), `path-style`
/// (`true` or `false`), `sse`, `object-lock` (days) and `object-lock-mode` (`governance` or `compliance`), `as-of` (a
/// time, `2026-11-20T07:00:00Z`: the bucket as it was then). Credentials cannot: what is on a command line is seen by
/// everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// A bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// The folder in it.
        prefix: String,
        /// The server; `None` is AWS.
        endpoint: Option<String>,
        /// The region.
        region: Option<String>,
        /// A file with certificates to trust.
        ca: Option<PathBuf>,
        /// Whether the bucket is in the path.
        path_style: Option<bool>,
        /// What is said about encryption at rest.
        sse: Option<String>,
        /// Lock what is written.
        object_lock: Option<ObjectLock>,
        /// Look at the bucket as it was.
        as_of: Option<Timestamp>,
    },
    /// A folder.
    Directory(PathBuf),
}

/// Why a text is no address of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; a store is s3://bucket/prefix?endpoint=https://…&region=…, file:///folder, or /folder")]
pub struct NotAStore {
    reason: String,
}

impl StoreUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NotAStore> {
        text.parse()
    }

    /// Whether credentials are needed.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        matches!(self, Self::S3 { .. })
    }

    /// Opens the store. Credentials are asked for only where they are needed; reading the CA's file blocks.
    ///
    /// # Errors
    /// When the folder is missing, credentials are, or the CA's file cannot be read.
    pub fn open(&self, credentials: Option<S3Credentials>) -> Result<Arc<dyn Store>, StoreError> {
        let (bucket, prefix, endpoint, region, ca, path_style, sse, object_lock, as_of) = match self {
            Self::Directory(path) => return Ok(Arc::new(DirectoryStore::open(path)?)),
            Self::S3 { bucket, prefix, endpoint, region, ca, path_style, sse, object_lock, as_of } => {
                (bucket, prefix, endpoint, region, ca, path_style, sse, object_lock, as_of)
            }
        };
        let place = format!("s3://{bucket}");
        let refuse = |what: String| StoreError::new("open", prefix, &place, StoreFault::Other(what));
        let credentials = credentials.ok_or_else(|| {
            refuse("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile".to_owned())
        })?;
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| refuse(format!("cannot read {}", path.display())).because(error))
        };
        let defaults = S3Options::new(bucket, credentials);
        Ok(Arc::new(S3Store::connect(S3Options {
            endpoint: endpoint.clone(),
            prefix: prefix.clone(),
            region: region.clone().unwrap_or(defaults.region.clone()),
            ca: ca.as_ref().map(read).transpose()?,
            path_style: *path_style,
            server_side_encryption: sse.clone(),
            object_lock: *object_lock,
            as_of: *as_of,
            ..defaults
        })?))
    }
}

impl FromStr for StoreUrl {
    type Err = NotAStore;

    fn from_str(text: &str) -> Result<Self, NotAStore> {
        let refuse = |reason: String| Err(NotAStore { reason });
        if let Some(path) = text.strip_prefix("file://") {
            return match path.strip_prefix("localhost").unwrap_or(path) {
                path if path.starts_with('/') => Ok(Self::Directory(PathBuf::from(path))),
                _ => refuse("a file:// address has an absolute path".to_owned()),
            };
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.split_once("://") {
                Some((scheme, _)) => refuse(format!("{scheme}:// is not known")),
                None if text.is_empty() => refuse("it is empty".to_owned()),
                None => Ok(Self::Directory(PathBuf::from(text))),
            };
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return refuse("there is no bucket".to_owned());
        }
        if bucket.contains('@') || bucket.contains(':') {
            return refuse("credentials and ports do not belong in front of the bucket".to_owned());
        }
        let (mut endpoint, mut region, mut ca, mut path_style, mut sse) = (None, None, None, None, None);
        let (mut lock_days, mut lock_mode, mut as_of) = (None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, value) {
                ("endpoint", value) if value.starts_with("http://") || value.starts_with("https://") => {
                    if value.contains('@') {
                        return refuse("credentials do not belong in the endpoint".to_owned());
                    }
                    endpoint = Some(value.trim_end_matches('/').to_owned());
                }
                ("endpoint", _) => return refuse("the endpoint does not begin with https:// or http://".to_owned()),
                ("region", value) => region = Some(value.to_owned()),
                ("ca", value) => ca = Some(PathBuf::from(value)),
                ("sse", value) => sse = Some(value.to_owned()),
                ("path-style", "true") => path_style = Some(true),
                ("path-style", "false") => path_style = Some(false),
                ("object-lock", value) => match value.parse::<u32>() {
                    Ok(days @ 1..=36_500) => lock_days = Some(days),
                    _ => return refuse(format!("object-lock={value} is no number of days")),
                },
                ("object-lock-mode", "governance") => lock_mode = Some(LockMode::Governance),
                ("object-lock-mode", "compliance") => lock_mode = Some(LockMode::Compliance),
                ("as-of", value) => match value.parse::<Timestamp>() {
                    Ok(time) => as_of = Some(time),
                    Err(_) => return refuse(format!("as-of={value} is no time such as 2026-11-20T07:00:00Z")),
                },
                (name, _) => return refuse(format!("{name} is not known, or its value is not")),
            }
        }
        let (bucket, prefix) = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        let object_lock = match (lock_days, lock_mode) {
            (Some(days), mode) => Some(ObjectLock { days, mode: mode.unwrap_or_default() }),
            (None, None) => None,
            (None, Some(_)) => return refuse("object-lock-mode goes with object-lock, the number of days".to_owned()),
        };
        Ok(Self::S3 { bucket, prefix, endpoint, region, ca, path_style, sse, object_lock, as_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read =
            StoreUrl::parse("s3://backups/home/attic/?endpoint=https://nas.lan:9000/&region=garage&path-style=true");
        let StoreUrl::S3 { bucket, prefix, endpoint, region, path_style, .. } = read.unwrap() else { panic!() };
        assert_eq!((bucket.as_str(), prefix.as_str()), ("backups", "home/attic"));
        assert_eq!(endpoint.as_deref(), Some("https://nas.lan:9000"));
        assert_eq!((region.as_deref(), path_style), (Some("garage"), Some(true)));
        let locked = StoreUrl::parse("s3://b?object-lock=30&object-lock-mode=compliance&as-of=2026-11-20T07:00:00Z");
        let StoreUrl::S3 { object_lock, as_of, .. } = locked.unwrap() else { panic!() };
        assert_eq!(object_lock, Some(ObjectLock { days: 30, mode: LockMode::Compliance }));
        assert_eq!(as_of.unwrap().to_string(), "2026-11-20T07:00:00Z");
        assert_eq!(StoreUrl::parse("file:///mnt/nas").unwrap(), StoreUrl::Directory("/mnt/nas".into()));
        assert_eq!(StoreUrl::parse("/mnt/nas").unwrap(), StoreUrl::Directory("/mnt/nas".into()));
    }

    #[test]
    fn what_is_no_address_is_told_so() {
        let wrong = [
            "",
            "ftp://x/y",
            "s3://",
            "s3://key:secret@bucket",
            "s3://b?endpoint=nas",
            "s3://b?colour=red",
            "s3://b?endpoint=https://me:secret@nas",
            "file://relative",
            "s3://b?object-lock=never",
            "s3://b?object-lock=0",
            "s3://b?object-lock-mode=compliance",
            "s3://b?as-of=yesterday",
        ];
        for text in wrong {
            let error = StoreUrl::parse(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
