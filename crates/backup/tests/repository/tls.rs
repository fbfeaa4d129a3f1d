//! A private CA: trusted when it is given, refused with advice when it is not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::PrivateKeyDer;
use windlass_backup::{PutMode, S3Options, S3Store, Store as _, StoreFault};

use crate::fault_server::FaultServer;

/// A server, and its certificate in PEM.
fn server() -> (FaultServer, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (FaultServer::start_tls(Arc::new(config)), made.cert.pem())
}

fn options(server: &FaultServer) -> S3Options {
    FaultServer::options_at(&format!("https://{}", server.address()))
}

#[tokio::test]
async fn a_private_ca_that_is_given_is_trusted() {
    let (server, pem) = server();
    let store = S3Store::connect(S3Options { ca: Some(pem.into_bytes()), ..options(&server) }).unwrap();
    store.put("items/ab/x", "content".into(), PutMode::IfAbsent).await.unwrap();
    assert_eq!(store.head("items/ab/x").await.unwrap().unwrap().size, 7);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_at_once_with_advice() {
    let (server, _) = server();
    let start = Instant::now();
    let error = S3Store::connect(options(&server)).unwrap().list("", None).await.unwrap_err();
    assert!(matches!(&error.fault, StoreFault::Other(what) if what.contains("certificate of its CA")), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_ca_file_that_is_none_is_refused_before_anything_is_sent() {
    let (server, _) = server();
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        let refused = S3Store::connect(S3Options { ca: Some(text.into()), ..options(&server) }).unwrap_err();
        assert!(refused.to_string().contains("CA file"), "{refused}");
    }
}
