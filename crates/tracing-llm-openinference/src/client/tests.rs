use std::path::PathBuf;

use super::*;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

fn settings(url: &str) -> OtlpSettings {
    OtlpSettings::new(Endpoint::parse(url).unwrap())
}

fn failure(settings: &OtlpSettings) -> Error {
    match connect(settings) {
        Ok(_) => panic!("it connects"),
        Err(error) => error,
    }
}

#[test]
fn no_header_value_is_in_errors() {
    for (name, value) in [("api-key", "s3cret\n"), ("api key", "s3cret")] {
        let mut ours = settings("http://127.0.0.1:1/v1/traces");
        ours.headers = vec![(name.to_owned(), Secret::from(value.to_owned()))];
        let error = failure(&ours);
        assert!(error.is_setting());
        assert!(!format!("{error}{error:?}").contains("s3cret"));
    }
}

#[test]
fn a_client_for_https_has_the_certificates_of_the_machine() {
    connect(&settings("https://127.0.0.1:1/v1/traces")).unwrap();
}

#[test]
fn a_certificate_file_that_cannot_be_used_is_named_and_not_shown() {
    let path = std::env::temp_dir().join(format!("tracing-llm-bad-{}.pem", std::process::id()));
    std::fs::write(&path, "s3cret").unwrap();
    let mut ours = settings("https://127.0.0.1:1/v1/traces");
    let name = path.display();
    ours.certificate = Some(path.clone());
    assert_eq!(
        failure(&ours).to_string(),
        format!("the certificate file {name} holds no certificate in PEM form")
    );
    ours.certificate = Some(PathBuf::from("/no/such.pem"));
    let error = failure(&ours);
    assert!(error.is_setting());
    let expected = "the certificate file /no/such.pem cannot be read: ";
    assert!(error.to_string().starts_with(expected), "{error}");

    ours.certificate = None;
    ours.identity = Some((path.clone(), path.clone()));
    let expected = format!("the client certificate file {name} holds no certificate in PEM form");
    assert_eq!(failure(&ours).to_string(), expected);
}

#[test]
fn a_protocol_that_is_not_built_in_is_a_setting_that_says_what_it_needs() {
    let mut ours = settings("http://127.0.0.1:1/");
    ours.protocol = Protocol::Grpc;
    if cfg!(feature = "grpc") {
        connect(&ours).unwrap();
    } else {
        let error = failure(&ours);
        assert!(error.is_setting());
        assert!(error.to_string().contains("cargo feature `grpc`"), "{error}");
    }
}
