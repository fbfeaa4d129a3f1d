use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};

use crate::Error;
use crate::git::session::Session;
use crate::git::url::GitUrl;

/// How long one address may keep us when the host has another one.
const PER_ADDRESS: Duration = Duration::from_secs(10);

/// Opens a TCP connection to the host of `url`, trying its addresses one after the other.
pub(crate) fn dial(session: &Session, url: &GitUrl) -> Result<TcpStream, Error> {
    let result = session.wait(async {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((url.host.as_str(), url.port_or_default())).await? {
            match tokio::time::timeout(PER_ADDRESS, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("{address} does not answer")),
            }
        }
        Err(last)
    });
    result.map_err(|source| {
        let unreachable = Error::Unreachable { url: session.url(), host: url.host_and_port(), source };
        session.take_fault().unwrap_or(unreachable)
    })
}
