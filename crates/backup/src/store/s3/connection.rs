use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::clock::ServerClock;
use super::options::S3Options;
use crate::store::{StoreError, StoreFault};

pub(super) fn client(options: &S3Options, clock: &ServerClock) -> Result<Client, StoreError> {
    let credentials = &options.credentials;
    let credentials = Credentials::new(
        credentials.access_key.clone(),
        credentials.secret_key.as_str(),
        credentials.session_token.as_ref().map(|token| token.to_string()),
        None,
        "windlass",
    );
    // The limit for an answer depends on what is sent, and is set per request.
    let timeouts = TimeoutConfig::builder().connect_timeout(options.timeouts.connect).build();
    let stalled = StalledStreamProtectionConfig::enabled()
        .download_enabled(false)
        .grace_period(options.timeouts.progress)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(options.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(options.path_style.unwrap_or(options.endpoint.is_some()))
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(stalled)
        .disable_clock_skew_correction(true)
        .time_source(clock.clone())
        .interceptor(clock.clone())
        .http_client(http_client(options)?);
    if let Some(endpoint) = &options.endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

fn http_client(options: &S3Options) -> Result<SharedHttpClient, StoreError> {
    let refuse = |reason: &str| {
        let place = options.endpoint.as_deref().unwrap_or("AWS");
        StoreError::new("connect to", &options.bucket, place, StoreFault::Other(reason.to_owned()))
    };
    match options.endpoint.as_deref() {
        Some(endpoint) if endpoint.starts_with("http://") => return Ok(Builder::new().build_http()),
        Some(endpoint) if !endpoint.starts_with("https://") => {
            return Err(refuse("an endpoint begins with https:// or http://"));
        }
        _ => {}
    }
    let mut roots = tls::TrustStore::default();
    if let Some(ca) = &options.ca {
        // The client reads them when it connects, and would panic there.
        let read = CertificateDer::pem_slice_iter(ca).collect::<Result<Vec<_>, _>>();
        match read {
            Ok(certificates) if !certificates.is_empty() => roots = roots.with_pem_certificate(ca.as_slice()),
            Ok(_) => return Err(refuse("the CA file has no certificate in PEM form")),
            Err(error) => return Err(refuse("the CA file cannot be read as PEM").because(Arc::new(error).to_string())),
        }
    }
    let context = tls::TlsContext::builder().with_trust_store(roots).build();
    let context = context.map_err(|error| refuse("no TLS can be set up").because(error))?;
    let provider = tls::Provider::rustls(CryptoMode::Ring);
    Ok(Builder::new().tls_provider(provider).tls_context(context).build_https())
}
