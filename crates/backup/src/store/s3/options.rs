use std::time::Duration;

use jiff::Timestamp;

use super::S3Credentials;
use crate::store::ObjectLock;

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// The server, such as `https://nas.lan:9000`. `None` is AWS itself.
    pub endpoint: Option<String>,
    /// The bucket. It must be there.
    pub bucket: String,
    /// The folder of the repository in the bucket; empty for the bucket itself.
    pub prefix: String,
    /// The region to sign for. Default: `us-east-1`, which most other servers accept; Garage wants `garage`.
    pub region: String,
    /// Who asks.
    pub credentials: S3Credentials,
    /// Certificates to trust besides the system's, in PEM: those of a private CA.
    pub ca: Option<Vec<u8>>,
    /// Whether the bucket is in the path and not in the host's name. Default: where there is an endpoint.
    pub path_style: Option<bool>,
    /// How long to wait for what.
    pub timeouts: S3Timeouts,
    /// How long one request is tried again while the server does not answer, or says that it is busy.
    /// Default: 15 minutes.
    pub budget: Duration,
    /// The same until the server has answered for the first time: an address that is wrong is told sooner. There are two
    /// tries at least. Default: 40 s.
    pub first_answer: Duration,
    /// Parts on their way at the same time, 1 to 3. Default: 2.
    pub parts_in_flight: usize,
    /// What is said in `x-amz-server-side-encryption`, such as `AES256`. Default: nothing.
    pub server_side_encryption: Option<String>,
    /// Lock what is written. The bucket must have been made with object lock. Default: what the bucket does by itself.
    pub object_lock: Option<ObjectLock>,
    /// Look at the bucket as it was at a time, which it can where it keeps versions: whatever was deleted or written over
    /// since is as it was. Nothing is written then. Default: as it is now.
    pub as_of: Option<Timestamp>,
}

/// How long to wait. A server that accepts a connection and then says nothing would be waited for, for ever, otherwise.
#[derive(Debug, Clone)]
pub struct S3Timeouts {
    /// Until a connection stands. Default: 15 s: a disk may have to spin up.
    pub connect: Duration,
    /// From a request sent until its answer begins. Default: 60 s. The time for sending a body is added, at 32 KiB/s.
    pub first_byte: Duration,
    /// While a body comes or goes without a byte. Default: 30 s.
    pub progress: Duration,
}

impl S3Options {
    /// Options with what is needed.
    #[must_use]
    pub fn new(bucket: impl Into<String>, credentials: S3Credentials) -> Self {
        Self {
            endpoint: None,
            bucket: bucket.into(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            credentials,
            ca: None,
            path_style: None,
            timeouts: S3Timeouts::default(),
            budget: Duration::from_secs(15 * 60),
            first_answer: Duration::from_secs(40),
            parts_in_flight: 2,
            server_side_encryption: None,
            object_lock: None,
            as_of: None,
        }
    }

    /// The same at a server that is not AWS.
    #[must_use]
    pub fn at(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// The same below a prefix.
    #[must_use]
    pub fn below(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}

impl Default for S3Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            first_byte: Duration::from_secs(60),
            progress: Duration::from_secs(30),
        }
    }
}
