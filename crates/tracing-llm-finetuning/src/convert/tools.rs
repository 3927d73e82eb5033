//! The tools that were offered, as the provider's file format has them.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing_llm::Tool;

/// The keys in the order in which people write them.
#[derive(serde::Serialize)]
pub(super) struct Offered<'a> {
    r#type: &'static str,
    function: Definition<'a>,
}

#[derive(serde::Serialize)]
struct Definition<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// A function of the older API as the request has it, its keys in the same order.
pub(super) struct Function<'a>(pub(super) &'a Value);

/// In this order, and what else there is behind them.
const FIRST: [&str; 3] = ["name", "description", "parameters"];

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(function) = self.0 else { return self.0.serialize(serializer) };
        let first = FIRST.iter().filter_map(|key| function.get_key_value(*key));
        let rest = function.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
        let mut map = serializer.serialize_map(Some(function.len()))?;
        for (key, value) in first.chain(rest) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A tool of the provider's own (`web_search`) is left out: it cannot be trained.
pub(super) fn write(tools: &[Tool]) -> Vec<Offered<'_>> {
    tools.iter().filter(|tool| !is_built_in(tool)).map(write_one).collect()
}

fn write_one(tool: &Tool) -> Offered<'_> {
    // Nested in the chat API, flat in the Responses.
    let definition = tool.definition.as_ref();
    let function = definition.map(|whole| whole.get("function").unwrap_or(whole));
    Offered {
        r#type: "function",
        function: Definition {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: tool.parameters.as_ref(),
            strict: function.and_then(|it| it.get("strict")).and_then(Value::as_bool),
        },
    }
}

/// It has a type instead of a name.
fn is_built_in(tool: &Tool) -> bool {
    let kind = tool.definition.as_ref().and_then(|whole| whole.get("type"));
    tool.name.is_empty() || kind.and_then(Value::as_str).is_some_and(|kind| tool.name == kind)
}
