//! What the server saw, by its own counters.

use anyhow::Context as _;
use windlass_testbed::SeaweedS3;

/// Requests and bytes that came for a bucket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Traffic {
    /// All so far.
    pub(crate) fn of(server: &SeaweedS3, bucket: &str) -> anyhow::Result<Self> {
        let metrics = server.metrics()?;
        let label = format!("bucket=\"{bucket}\"");
        let sum = |name: &str| -> anyhow::Result<u64> {
            let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(&label));
            let values = lines.map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>());
            Ok(values.sum::<Result<f64, _>>().context("a counter that is no number")?.round() as u64)
        };
        let requests = sum("SeaweedFS_s3_request_total{")?;
        Ok(Self { requests, bytes: sum("SeaweedFS_s3_bucket_traffic_received_bytes_total{")? })
    }

    /// What came after a former look.
    pub(crate) fn since(self, before: &Self) -> Self {
        Self { requests: self.requests - before.requests, bytes: self.bytes - before.bytes }
    }
}
