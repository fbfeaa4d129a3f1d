//! The HTTP endpoint for the kubelet and for Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Metrics;

/// Whether the engine has seen its objects and works on them. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    /// The answer now.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves `/healthz`, `/readyz` and `/metrics` until the future is dropped.
///
/// # Errors
/// Where `address` cannot be listened on.
pub async fn serve(address: SocketAddr, metrics: Metrics, readiness: Readiness) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz, /readyz and /metrics");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (metrics, readiness) = (metrics.clone(), readiness.clone());
                tokio::spawn(tokio::time::timeout(SLOWEST, answer(stream, metrics, readiness)));
            }
            // Out of file descriptors, most likely: the next moment may be better.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// The longest that a client may take.
const SLOWEST: Duration = Duration::from_secs(10);
/// The longest request head that is read, in bytes.
const LONGEST_HEAD: usize = 8 << 10;

/// Three fixed GET paths need no HTTP library: one request, one answer, and the connection is closed.
async fn answer(mut stream: TcpStream, metrics: Metrics, readiness: Readiness) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match (line.starts_with("GET "), path.split('?').next().unwrap_or_default()) {
        (false, _) => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
        (_, "/healthz") => ("200 OK", "ok\n".to_owned()),
        (_, "/readyz") if readiness.get() => ("200 OK", "ok\n".to_owned()),
        (_, "/readyz") => ("503 Service Unavailable", "not ready: the objects have not been listed yet\n".to_owned()),
        (_, "/metrics") => ("200 OK", metrics.text()),
        _ => ("404 Not Found", "there are /healthz, /readyz and /metrics\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn each_path_has_its_answer() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let readiness = Readiness::default();
        tokio::spawn(serve(address, Metrics::default(), readiness.clone()));
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 OK"));
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
        readiness.set(true);
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/metrics").await.contains("# TYPE windlass_ready gauge"));
        assert!(get(address, "/secret").await.starts_with("HTTP/1.1 404"));
    }
}
