//! What fields tell of a failure.

use super::{any, draft};
use crate::Outcome;

#[test]
fn a_span_without_error_fields_tells_of_no_failure() {
    let draft = draft([("model", "m")]);
    assert_eq!(draft.exception(), None);
    assert_eq!(draft.outcome(), Outcome::Unset);
}

#[test]
fn the_parts_of_an_exception_come_in_any_order() {
    let parts = [
        ("exception.message", "overloaded"),
        ("exception.type", "Overloaded"),
        ("exception.stacktrace", "caused by: 529"),
    ];
    for turn in 0..parts.len() {
        let mut parts = parts;
        parts.rotate_left(turn);
        let exception = draft(parts).exception().unwrap();
        assert_eq!(exception.to_string(), "Overloaded: overloaded");
        assert_eq!(exception.stacktrace.as_deref(), Some("caused by: 529"));
    }
}

#[test]
fn an_error_is_its_text() {
    let draft = draft([("error", "connection refused")]);
    assert_eq!(draft.exception().unwrap().message, "connection refused");
    assert_eq!(draft.outcome(), Outcome::Error);
}

#[test]
fn a_type_alone_is_an_exception() {
    for name in ["error.type", "exception.type", "gen_ai.tool.error.type"] {
        let exception = draft([(name, "timeout")]).exception().unwrap();
        assert_eq!(exception.kind.as_deref(), Some("timeout"));
        assert_eq!(exception.message, "");
    }
}

#[test]
fn fields_that_say_that_nothing_failed_are_believed() {
    let nothing = [
        ("error", any(false)),
        ("error", any("")),
        ("error", any("None")),
        ("error", any(0_u64)),
        ("exception", any("null")),
        ("error.type", any("")),
        ("exception.stacktrace", any("at main")),
        ("otel.status_code", any("UNSET")),
        ("otel.status_description", any("fine")),
    ];
    for field in nothing {
        let draft = draft([field.clone()]);
        assert_eq!(draft.exception(), None, "{field:?}");
        assert_eq!(draft.outcome(), Outcome::Unset, "{field:?}");
    }
}

#[test]
fn later_takes_an_error_back() {
    assert_eq!(draft([("error", any(true)), ("error", any(false))]).exception(), None);
    assert_eq!(draft([("error", any("e")), ("error", any(""))]).exception(), None);
}

#[test]
fn a_flag_is_an_error_without_a_text() {
    let exception = draft([("error", true)]).exception().unwrap();
    assert_eq!(exception.message, "");
}

#[test]
fn a_status_is_an_outcome_and_its_description_the_message() {
    let failed = draft([("otel.status_description", "quota"), ("otel.status_code", "ERROR")]);
    assert_eq!(failed.exception().unwrap().message, "quota");
    assert_eq!(draft([("otel.status_code", "Ok")]).outcome(), Outcome::Ok);
    let both = draft([("otel.status_code", "ERROR"), ("error", "the text itself")]);
    assert_eq!(both.exception().unwrap().message, "the text itself");
    let denied = draft([("otel.status_code", "OK"), ("error", "e")]);
    assert_eq!(denied.outcome(), Outcome::Error, "an error is an error");
}

#[test]
fn an_exception_is_text_or_json() {
    let text = draft([("exception", "it broke")]).exception().unwrap();
    assert_eq!(text.message, "it broke");

    let json = draft([(
        "exception",
        r#"{"type":"Timeout","message":"after 30 s","traceback":["a","b"],"code":504}"#,
    )]);
    let exception = json.exception().unwrap();
    assert_eq!(exception.to_string(), "Timeout: after 30 s");
    assert_eq!(exception.stacktrace.as_deref(), Some("a\nb"));
    let rest = &json.payload().attributes["exception"];
    assert_eq!(*rest, serde_json::json!({"code": 504}));

    for odd in [r#"{"code": 504}"#, "{broken", "[1]"] {
        assert_eq!(draft([("exception", odd)]).exception().unwrap().message, odd);
    }
}
