//! Certificates of `testing/tls/`, for servers and clients on loopback.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A server of its own certificate. If asked, it serves only who has the client's.
pub(crate) fn server(only_known: bool) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if only_known {
        let mut known = RootCertStore::empty();
        known.add(certificate("client")).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(known.into(), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_file(path("server.key")).unwrap();
    builder.with_single_cert(vec![certificate("server")], key).unwrap()
}

/// The file with this name.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/testing/tls").join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path(&format!("{name}.pem"))).unwrap()
}
