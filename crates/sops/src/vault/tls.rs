//! Whom to trust.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::VaultError;

/// Trusts these certificates (PEM), or else those of the system.
pub(super) fn config(authorities: Option<&[u8]>) -> Result<Arc<ClientConfig>, VaultError> {
    let fault = |error: &dyn std::fmt::Display| VaultError::Authorities(error.to_string());
    let mut roots = RootCertStore::empty();
    match authorities {
        None => {
            // Some of a system's certificates may be unusable; the others count.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
            }
            if roots.is_empty() {
                return Err(VaultError::Authorities("there is none in PEM form".to_owned()));
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
