//! Single members out of JSON of which only a part is there: pure.
//!
//! A quotation mark inside of a text is escaped, so `"model":` in the bytes is a name wherever it
//! stands.

use memchr::memmem;
use serde_json::{Deserializer, Value};

/// The value of the first member with this name that is whole and that is wanted.
pub(crate) fn first(bytes: &[u8], name: &str, wanted: fn(&Value) -> bool) -> Option<Value> {
    let needle = format!("\"{name}\"");
    memmem::find_iter(bytes, needle.as_bytes())
        .filter_map(|at| member(bytes, at + needle.len()))
        .find(wanted)
}

/// The same for the last.
pub(crate) fn last(bytes: &[u8], name: &str, wanted: fn(&Value) -> bool) -> Option<Value> {
    let needle = format!("\"{name}\"");
    memmem::rfind_iter(bytes, needle.as_bytes())
        .filter_map(|at| member(bytes, at + needle.len()))
        .find(wanted)
}

fn member(bytes: &[u8], behind: usize) -> Option<Value> {
    let rest = bytes.get(behind..)?.trim_ascii_start().strip_prefix(b":")?;
    Deserializer::from_slice(rest).into_iter().next()?.ok()
}

/// Whether these bytes look like a JSON object with a model and one of these members. Only its
/// beginning and its end are looked at.
pub(crate) fn looks_like(bytes: &[u8], members: &[&str]) -> bool {
    const LOOK: usize = 64 * 1024;
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return false;
    }
    let head = bytes.get(..LOOK).unwrap_or(bytes);
    let tail = bytes.get(bytes.len().saturating_sub(LOOK).max(head.len())..).unwrap_or_default();
    let has = |name: &str| {
        let needle = format!("\"{name}\"");
        [head, tail].iter().any(|part| memmem::find(part, needle.as_bytes()).is_some())
    };
    has("model") && members.iter().any(|name| has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_members_are_found_in_a_part() {
        let part = br#"..."x":{"model":3},"model" : "a","said":"\"model\":\"b\"","usage":{"n":1},"usage":{"n"#;
        assert_eq!(first(part, "model", Value::is_string), Some("a".into()));
        assert_eq!(last(part, "usage", Value::is_object).unwrap()["n"], 1);
        assert_eq!(first(part, "id", Value::is_string), None);
    }

    #[test]
    fn a_request_is_known_by_its_members_at_either_end() {
        let long = format!("{{\"input\":\"{}\",\"model\":\"m\"}}", "x".repeat(300_000));
        assert!(looks_like(long.as_bytes(), &["input"]));
        assert!(!looks_like(long.as_bytes(), &["prompt"]));
        assert!(!looks_like(b"[\"model\",\"input\"]", &["input"]));
        assert!(!looks_like(b"", &["input"]));
    }
}
