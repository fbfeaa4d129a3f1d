use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Error;
use crate::git::auth::TlsAuth;
use crate::git::session::Session;
use crate::git::url::GitUrl;

/// Whom to trust and what to show, made once per source: it also remembers TLS sessions, so that the next poll's
/// handshake is a short one.
pub(crate) fn client_config(auth: &TlsAuth) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = &auth.ca {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| invalid("ca.crt is malformed", &error))?;
            roots.add(certificate).map_err(|error| invalid("ca.crt holds no usable certificate", &error))?;
        }
        if roots.len() == before {
            return Err(Error::InvalidCredentials { problem: "ca.crt holds no certificate in PEM form".to_owned() });
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("TLS cannot be set up", &error))?
        .with_root_certificates(roots);
    let mut config = match &auth.client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| invalid("tls.crt is malformed", &error))?;
            // The parser's error could quote the key.
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Error::InvalidCredentials {
                problem: "tls.key holds no private key in PEM form".to_owned(),
            })?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| invalid("tls.crt and tls.key do not fit", &error))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn invalid(what: &str, error: &dyn std::error::Error) -> Error {
    Error::InvalidCredentials { problem: format!("{what}: {error}") }
}

/// Makes `stream` a TLS connection to the host of `url`.
pub(crate) fn secure(
    session: &Session,
    url: &GitUrl,
    config: Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Error> {
    let fail = |source: io::Error| {
        let (host, broken) = (url.host_and_port(), source.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()));
        session.take_fault().unwrap_or_else(|| match broken {
            true => Error::ConnectionLost { url: session.url(), doing: "starting TLS", source },
            false => Error::Tls { url: session.url(), host, source: Box::new(source) },
        })
    };
    let name = ServerName::try_from(url.host.clone())
        .map_err(|_| Error::InvalidUrl { url: session.url(), problem: "its host is no name that TLS can check" })?;
    session.wait(TlsConnector::from(config).connect(name, stream)).map_err(fail)
}
