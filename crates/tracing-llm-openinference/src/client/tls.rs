//! Whom to trust, and who we are.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::config::OtlpSettings;
use crate::error::Error;

/// Trust in the certificates of the settings, else in those that the machine trusts (or
/// `SSL_CERT_FILE` names), with a crypto library that is built without CMake.
pub(super) fn config(settings: &OtlpSettings) -> Result<TlsConfig, Error> {
    let trusted = match &settings.certificate {
        Some(path) => certificates(path, "the certificate file")?,
        None => {
            let machine = rustls_native_certs::load_native_certs().certs;
            machine.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
        }
    };
    let identity = settings.identity.as_ref();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(trusted)))
        .client_cert(identity.map(|(chain, key)| client(chain, key)).transpose()?)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

fn client(chain: &Path, key: &Path) -> Result<ClientCert, Error> {
    let chain = certificates(chain, "the client certificate file")?;
    let what = "the client key file";
    let pem = read(key, what)?;
    let private = PrivateKey::from_pem(&pem)
        .map_err(|_| unusable(key, what, "holds no private key in PEM form"))?;
    Ok(ClientCert::new_with_certs(&chain, private))
}

fn certificates(path: &Path, what: &str) -> Result<Vec<Certificate<'static>>, Error> {
    let pem = read(path, what)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(unusable(path, what, "is not in PEM form")),
        }
    }
    if certificates.is_empty() {
        return Err(unusable(path, what, "holds no certificate in PEM form"));
    }
    Ok(certificates)
}

pub(super) fn read(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| unusable(path, what, &format!("cannot be read: {error}")))
}

/// The path is named, never what stands in the file.
fn unusable(path: &Path, what: &str, why: &str) -> Error {
    Error::setting(format!("{what} {}", path.display()), why)
}
