use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

use super::*;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

fn settings(headers: &[(&str, &str)]) -> OtlpSettings {
    OtlpSettings {
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::from((*value).to_owned())))
            .collect(),
        ..OtlpSettings::new(Endpoint::parse("http://127.0.0.1:1/v1/traces").unwrap())
    }
}

#[test]
fn a_collectors_words_hold_no_header_and_no_control_characters() {
    let client = Client::new(&settings(&[("authorization", "Bearer s3cret")])).unwrap();
    let body = format!("bad key s3cret\r\n\u{1b}[31m of Bearer s3cret {}", "x".repeat(1_000));
    let Answer::Refused { status, message } = client.answer(401, body.as_bytes()) else { panic!() };
    assert_eq!(status, 401);
    assert!(message.starts_with("bad key *** [31m of *** xxx"), "{message}");
    assert_eq!(message.chars().count(), MESSAGE_CHARACTERS);
}

#[test]
fn a_partial_success_is_read() {
    let client = Client::new(&settings(&[])).unwrap();
    let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "too old".into() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let accepted = |rejected, message: &str| Answer::Accepted { rejected, message: message.into() };
    assert_eq!(client.answer(200, &body), accepted(3, "too old"));
    assert_eq!(client.answer(200, b""), accepted(0, ""));
    assert_eq!(client.answer(202, b"{\"no\": \"protobuf\"}"), accepted(0, ""));
}

#[test]
fn no_header_value_is_in_debug_output_or_errors() {
    let ours = settings(&[("api-key", "s3cret")]);
    let client = Client::new(&ours).unwrap();
    assert!(!format!("{ours:?}{client:?}").contains("s3cret"));
    assert!(format!("{client:?}").contains("api-key"));
    for bad in [("api-key", "s3cret\n"), ("api key", "s3cret")] {
        let error = Client::new(&settings(&[bad])).unwrap_err();
        assert!(error.is_setting());
        assert!(!format!("{error}{error:?}").contains("s3cret"));
    }
}

#[test]
fn a_client_for_https_has_the_certificates_of_the_machine() {
    let mut settings = settings(&[]);
    settings.endpoint = Endpoint::parse("https://127.0.0.1:1/v1/traces").unwrap();
    Client::new(&settings).unwrap();
}
