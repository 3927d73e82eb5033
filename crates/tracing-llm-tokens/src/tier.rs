//! The service tier of a call: it decides the price.

use serde_json::Value;
use tracing_llm::{Payload, Text};

/// Where the tier that a provider reports, or that the program tells, stands among the fields:
/// OpenTelemetry GenAI semantic conventions 1.41.1 (`openai.…`), their older name, and the bare
/// one. What the response says comes before what was asked for.
const FIELDS: [&str; 5] = [
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
];

/// Where it stands among the request's parameters.
const PARAMETER: &str = "service_tier";

/// Asks the provider to choose: that names no price.
const AUTO: &str = "auto";

/// The tier, as its provider names it: `flex`, `priority`, `batch` …
pub(crate) fn tier(payload: &Payload) -> Option<Text> {
    let fields = FIELDS.iter().filter_map(|name| payload.attributes.get(*name));
    let parameter = payload.parameters.as_ref().and_then(|parameters| parameters.get(PARAMETER));
    fields
        .chain(parameter)
        .filter_map(Value::as_str)
        .find(|tier| !tier.is_empty() && *tier != AUTO)
        .map(Text::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_response_says_comes_before_what_was_asked_for() {
        let mut payload = Payload::default();
        assert_eq!(tier(&payload), None);
        payload.parameters = Some(json!({"temperature": 0.2, "service_tier": "auto"}));
        assert_eq!(tier(&payload), None);
        payload.parameters = Some(json!({"service_tier": "flex"}));
        assert_eq!(tier(&payload).as_deref(), Some("flex"));
        payload.attributes.insert("openai.response.service_tier".into(), json!("default"));
        assert_eq!(tier(&payload).as_deref(), Some("default"));
        payload.attributes.insert("openai.response.service_tier".into(), json!(7));
        assert_eq!(tier(&payload).as_deref(), Some("flex"));
    }
}
