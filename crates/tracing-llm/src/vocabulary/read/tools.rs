//! Tools and their calls.

use serde_json::Value;

use super::{Object, items, nested, parse_or_text, parsed, take, take_text, text, unwrapped};
use crate::{Tool, ToolCall};

/// Tools as they are offered to a model: OpenAI (nested or flat), Anthropic, Gemini
/// (`functionDeclarations`), MCP, OpenInference (`tool.json_schema`), LlamaIndex.
///
/// The whole definition is kept beside the parts that are read from it.
pub(crate) fn tools(json: Value) -> Vec<Tool> {
    let mut tools = Vec::new();
    for item in items(json) {
        match item {
            Value::Object(mut object) => {
                match take(&mut object, &["functionDeclarations", "function_declarations"]) {
                    Some(declared) => tools.extend(items(declared).into_iter().filter_map(tool)),
                    None => tools.extend(tool(Value::Object(object))),
                }
            }
            other => tools.extend(tool(other)),
        }
    }
    tools
}

/// One tool: its definition, that as JSON text, or its name. None for any other value.
pub(crate) fn tool(json: Value) -> Option<Tool> {
    match json {
        Value::Object(object) => Some(definition(object)),
        Value::String(text) => match parse_or_text(text) {
            Value::Object(object) => Some(definition(object)),
            Value::String(name) => Some(Tool::new(name)),
            _ => None,
        },
        _ => None,
    }
}

fn definition(object: Object) -> Tool {
    let mut object = unwrapped(nested(object), "tool");
    if let Some(schema) = take(&mut object, &["json_schema"]) {
        // OpenInference: the definition itself, and beside it names that go before those in it.
        let mut tool = tool(schema).unwrap_or_default();
        if let Some(name) = take_text(&mut object, &["name"]) {
            tool.name = name;
        }
        tool.description = take_text(&mut object, &["description"]).or(tool.description);
        return tool;
    }
    let whole = Value::Object(object.clone());
    let mut object = unwrapped(object, "function");
    Tool {
        // A provider's built-in tool has a type and no name: `{"type": "web_search"}`.
        name: take_text(&mut object, &["name", "tool_name", "type"]).unwrap_or_default(),
        description: take_text(&mut object, &["description"]),
        parameters: take(
            &mut object,
            &["parameters", "input_schema", "inputSchema", "fn_schema", "schema"],
        )
        .map(parsed),
        definition: Some(whole),
    }
}

/// Whether an object is the JSON schema of parameters rather than the parameters themselves.
pub(crate) fn is_schema(json: &Value) -> bool {
    json.get("properties").is_some_and(Value::is_object)
        || json.get("$schema").is_some()
        || json.get("type").is_some_and(|kind| kind == "object")
}

/// Calls of tools, each in any shape that [`tool_call`] reads; what is none stands as the
/// arguments of a call without a name.
pub(crate) fn tool_calls(json: Value) -> Vec<ToolCall> {
    let items = items(json).into_iter().filter(|item| !item.is_null());
    items.map(|item| tool_call(item).unwrap_or_else(|rest| ToolCall::new("", text(rest)))).collect()
}

/// The call of a tool: OpenAI chat (`function: {name, arguments}`) and Responses (`call_id`),
/// Anthropic (`input`), Gemini (`args`), GenAI parts, OpenInference (`tool_call.function.name`),
/// LlamaIndex (`tool_name`, `tool_kwargs`). Arguments that are text are kept to the byte; others
/// become JSON text.
///
/// # Errors
///
/// What has neither an id nor a name nor arguments is given back.
pub(crate) fn tool_call(json: Value) -> Result<ToolCall, Value> {
    let Value::Object(object) = json else { return Err(json) };
    let mut object = unwrapped(unwrapped(nested(object), "tool_call"), "function");
    // In OpenAI's Responses `id` is the item's own; answers refer to `call_id`.
    let id = take_text(&mut object, &["call_id", "id", "tool_id", "toolUseId", "tool_call_id"]);
    let name = take_text(&mut object, &["name", "tool_name", "function"]);
    let arguments =
        take(&mut object, &["arguments", "args", "input", "tool_kwargs", "parameters"]).map(text);
    if id.is_none() && name.is_none() && arguments.is_none() {
        return Err(Value::Object(object));
    }
    let reasoning_signature = take_text(
        &mut object,
        &["reasoning_signature", "thought_signature", "thoughtSignature", "signature"],
    );
    Ok(ToolCall {
        id,
        name: name.unwrap_or_default(),
        arguments: arguments.unwrap_or_default(),
        reasoning_signature,
    })
}
