//! Tools: the one that is called, those that are offered; agents.

use serde_json::{Value, json};
use tracing_llm::{Payload, Tool};

use super::attributes::{Attributes, Json};
use crate::kind::Kind;
use crate::names::{self, own};

/// The tool that is called, and the call that it answers.
pub(super) fn call(payload: &Payload, kind: Kind, to: &mut Attributes) {
    let (tool, call) = (payload.tool.as_ref(), payload.function_call.as_ref());
    let name = tool
        .map(|tool| &tool.name)
        .filter(|name| !name.is_empty())
        .or_else(|| call.map(|call| &call.name).filter(|name| !name.is_empty()));
    to.put(names::TOOL_NAME, name);
    to.put(names::TOOL_ID, call.and_then(|call| call.id.as_ref()));
    to.put(names::TOOL_DESCRIPTION, tool.and_then(|tool| tool.description.as_ref()));
    let schema = tool.and_then(|tool| tool.parameters.as_ref().or(tool.definition.as_ref()));
    to.put(names::TOOL_PARAMETERS, schema.map(Json));
    if kind == Kind::Tool {
        // The conventions have one name for the schema and for the arguments of this call.
        let given = call.map(|call| &call.arguments).filter(|arguments| !arguments.is_empty());
        to.put(names::TOOL_PARAMETERS, given);
    }
    let asked = payload.sub_question.as_ref().and_then(|part| part.tool.as_ref());
    to.put(own::SUB_QUESTION_TOOL, asked);
}

/// The agent.
pub(super) fn agent(payload: &Payload, to: &mut Attributes) {
    to.put(names::AGENT_NAME, payload.agent.as_ref());
}

/// The tools that a model is offered: `llm.tools.0.tool.json_schema` …
pub(super) fn offered(payload: &Payload, to: &mut Attributes) {
    for (index, tool) in payload.tools.iter().enumerate() {
        let mut item = to.item(names::LLM_TOOLS, index);
        item.put(names::TOOL_NAME, (!tool.name.is_empty()).then_some(&tool.name));
        item.put(names::TOOL_DESCRIPTION, tool.description.as_ref());
        item.put(names::TOOL_JSON_SCHEMA, Json(&definition(tool)));
    }
}

/// The definition as the provider got it, else in OpenAI's shape.
fn definition(tool: &Tool) -> Value {
    if let Some(definition) = &tool.definition {
        return definition.clone();
    }
    let fields = [
        ("name", Some(json!(tool.name))),
        ("description", tool.description.as_ref().map(|text| json!(text))),
        ("parameters", tool.parameters.clone()),
    ];
    let function: Value =
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    json!({ "type": "function", "function": function })
}
