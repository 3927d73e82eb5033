//! A usage as the fields of a span have it: `gen_ai.usage.input_tokens`, `llm.token_count.prompt`.

use serde_json::{Map, Value};

use super::number::count;
use crate::Usage;
use crate::vocabulary::{Key, Role, role};

/// Reads the members with such names; what they mean stands in the table of fields.
pub(super) fn read(object: &Map<String, Value>) -> Option<Usage> {
    let mut usage = Usage::default();
    for (name, value) in object.iter().filter(|(name, _)| name.contains('.')) {
        if let Role::Payload { key: Key::Tokens(part), .. } = role(name) {
            let place = part.place(&mut usage);
            *place = count(value).or(*place);
        }
    }
    usage.drop_what_does_not_fit();
    (!usage.is_empty()).then_some(usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Usage;

    #[test]
    fn fields_of_spans_are_read_from_an_object_too() {
        let genai = json!({
            "gen_ai.usage.input_tokens": 50, "gen_ai.usage.output_tokens": 6,
            "gen_ai.usage.cache_read.input_tokens": 40,
        });
        let mut expected = Usage::new(50, 6);
        expected.cache_read = Some(40);
        assert_eq!(Usage::from_json(&genai), Some(expected));
        let ours = json!({ "llm.token_count.prompt": 5, "llm.token_count.completion": -1 });
        assert_eq!(Usage::from_json(&ours), Some(Usage::of_input(5)));
        assert_eq!(Usage::from_json(&json!({ "gen_ai.request.model": "m" })), None);
    }

    #[test]
    fn a_name_without_a_count_takes_nothing_from_another_name_for_the_same() {
        let both = json!({
            "gen_ai.usage.input_tokens": 50, "llm.token_count.prompt": null,
            "gen_ai.usage.output_tokens": null, "llm.token_count.completion": 6,
        });
        assert_eq!(Usage::from_json(&both), Some(Usage::new(50, 6)));
    }
}
