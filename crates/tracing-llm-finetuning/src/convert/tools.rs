//! The tools that were offered, as the provider's file format has them.

use serde::Serialize;
use serde_json::Value;
use tracing_llm::Tool;

/// The keys in the order in which people write them.
#[derive(Serialize)]
pub(super) struct Offered<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
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
        function: Function {
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
