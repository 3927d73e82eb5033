//! Tells a usage that nobody can read from no usage at all.

use serde_json::{Map, Value};

use super::{DEPTH, ENVELOPES, first, member};

/// Envelopes in which there is nothing but a usage.
const USAGES: &[&str] = &["usage", "usage_metadata", "token_usage"];

/// Whether this JSON, in which no count was read, speaks of a usage all the same.
///
/// Most chunks of a stream have none, and many say so with a null: these are
/// no loss. But what lies under `usage`, and an object of bare numbers, is a
/// report in a shape that we do not know.
pub(crate) fn is_unread(json: &Value) -> bool {
    match json {
        Value::Null => false,
        Value::Object(object) => speaks(object, DEPTH),
        _ => true,
    }
}

fn speaks(object: &Map<String, Value>, depth: usize) -> bool {
    let mut envelopes =
        ENVELOPES.iter().filter_map(|name| Some((name, member(object, name)?))).peekable();
    if envelopes.peek().is_none() {
        return is_bare(object) || object.iter().any(|(name, value)| counts(name, value, depth));
    }
    envelopes.any(|(name, inside)| match first(inside) {
        inside if USAGES.contains(name) => says(inside),
        Value::Object(inside) if depth > 0 => {
            ENVELOPES.iter().any(|name| member(inside, name).is_some()) && speaks(inside, depth - 1)
        }
        _ => false,
    })
}

/// Numbers, and no text beside them: a usage by itself.
fn is_bare(object: &Map<String, Value>) -> bool {
    object.values().any(Value::is_number) && !object.values().any(Value::is_string)
}

/// Whether tokens are counted in it: `generated_tokens`, `token_count.in`.
fn counts(name: &str, value: &Value, depth: usize) -> bool {
    let named = name.to_ascii_lowercase().contains("token");
    match value {
        Value::Number(_) => named,
        Value::Object(inside) if depth > 0 => inside
            .iter()
            .any(|(inner, value)| named && value.is_number() || counts(inner, value, depth - 1)),
        Value::Array(items) if depth > 0 => {
            items.iter().any(|item| item.is_object() && counts("", item, depth - 1))
        }
        _ => false,
    }
}

/// Whether there is anything but nulls.
fn says(json: &Value) -> bool {
    match json {
        Value::Null => false,
        Value::Object(object) => object.values().any(says),
        Value::Array(items) => items.iter().any(says),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_unread;

    #[test]
    fn a_report_of_an_unknown_shape_is_unread() {
        for json in [
            json!({"parsecs": 12}),
            json!({"usage": {"parsecs": 12}}),
            json!({"usage": {"prompt_tokens": "many", "completion_tokens": null}}),
            json!({"usage": 12}),
            json!({"message": {"usage": {"words": {"in": 1}}}}),
            json!({"choices": [{"usage": {"words": 3}}]}),
            json!({"prompt_tokens": -11}),
            json!({"generated_text": "five", "details": {"generated_tokens": 5}}),
            json!({"results": [{"text": "five", "generated_token_count": 4}]}),
            json!({"token_count": {"in": 4}}),
            json!("a lot"),
            json!(12),
            json!(["no usage"]),
        ] {
            assert!(is_unread(&json), "{json}");
        }
    }

    #[test]
    fn a_chunk_that_has_no_usage_is_no_loss() {
        for json in [
            json!(null),
            json!({}),
            json!({"usage": null}),
            json!({"usage": {}}),
            json!({"usage": {"prompt_tokens": null, "details": {"cached": null}}}),
            json!({"prompt_tokens": null}),
            json!({"object": "chat.completion.chunk", "created": 1_700_000_000, "choices": [{"index": 0}]}),
            json!({"created": 1_700_000_000, "choices": [], "usage": null}),
            json!({"type": "response.output_text.delta", "sequence_number": 4, "delta": "Hello"}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"text": "Hello"}}),
            json!({"message": {"role": "assistant", "tokens": 3}}),
            json!({"delta": "Hello", "logprobs": {"tokens": ["Hello"], "token_logprobs": [-0.1]}}),
        ] {
            assert!(!is_unread(&json), "{json}");
        }
    }

    #[test]
    fn ten_thousand_envelopes_do_not_overflow_the_stack() {
        let mut deep = json!({"parsecs": 12});
        for _ in 0..10_000 {
            deep = serde_json::Value::Object([("message".to_owned(), deep)].into_iter().collect());
        }
        assert!(!is_unread(&deep));
        while let Some(inner) = deep.get_mut("message").map(serde_json::Value::take) {
            deep = inner;
        }
    }
}
