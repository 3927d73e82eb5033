//! The tools that are offered: an estimate.

use serde_json::{Map, Value};
use tracing_llm::{Text, Tool};

use super::model::{Family, family};
use super::{Count, Counter, add};
use crate::encoding::Encoding;

/// Tokens around each function; fewer in the models of `o200k_base`.
///
/// These numbers are OpenAI's cookbook's, "How to count tokens with tiktoken", section 7, as of
/// November 2026. They are an estimate, for other models too.
const PER_FUNCTION: u64 = 10;
const PER_FUNCTION_O200K: u64 = 7;
/// Tokens that begin the properties.
const PROPERTIES: u64 = 3;
/// Tokens around each property.
const PER_PROPERTY: u64 = 3;
/// Tokens around each value of an enumeration; the first is free.
const PER_VALUE: u64 = 3;
/// Tokens that end each function.
const END: u64 = 12;

/// How deep a schema is looked into.
const DEPTH: usize = 16;

impl Counter<'_> {
    /// Tokens of the definitions of tools.
    pub(super) fn tools(&self, tools: &[Tool]) -> Count<u64> {
        if tools.is_empty() {
            return Ok(0);
        }
        match family(self.model.map(Text::as_str)) {
            Family::Claude { version } => {
                let texts = tools.iter().map(|tool| self.count(&definition(tool).to_string()));
                add([Ok(claude_s_prompt(version))].into_iter().chain(texts))
            }
            _ => add(tools.iter().map(|tool| self.function(tool))),
        }
    }

    fn function(&self, tool: &Tool) -> Count<u64> {
        let encoding = self.model.and_then(|model| Encoding::for_model(model)).unwrap_or_default();
        let around = match encoding {
            Encoding::O200kBase => PER_FUNCTION_O200K,
            Encoding::Cl100kBase => PER_FUNCTION,
        };
        let definition = definition(tool);
        let text = |name: &str| definition.get(name).and_then(Value::as_str).unwrap_or_default();
        let line = format!("{}:{}", text("name"), without_stop(text("description")));
        let parameters = definition.get("parameters").map_or(Ok(0), |it| self.object(it, DEPTH));
        add([Ok(around), self.count(&line), parameters, Ok(END)])
    }

    /// Tokens of the properties of an object.
    fn object(&self, schema: &Value, depth: usize) -> Count<u64> {
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) if !properties.is_empty() => {
                let each = properties.iter().map(|(name, it)| self.property(name, it, depth));
                add([Ok(PROPERTIES)].into_iter().chain(each))
            }
            _ => Ok(0),
        }
    }

    fn property(&self, name: &str, schema: &Value, depth: usize) -> Count<u64> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(0) };
        let Some(kind) = schema.get("type") else {
            // A reference, or one of several: its JSON says it.
            return add([Ok(PER_PROPERTY), self.count(&format!("{name}:{schema}"))]);
        };
        let kind = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let line = self.count(&format!("{name}:{kind}:{}", without_stop(description)));
        let inside = schema.get("items").unwrap_or(schema);
        add([Ok(PER_PROPERTY), line, self.values(schema), self.object(inside, depth)])
    }

    /// Tokens of the values of an enumeration.
    fn values(&self, schema: &Value) -> Count<u64> {
        let values = schema.get("enum").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let each = values.iter().enumerate().map(|(at, value)| {
            let around = if at == 0 { 0 } else { PER_VALUE };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Ok(self.count(&text)?.saturating_add(around))
        });
        add(each)
    }
}

/// Name, description and schema, wherever they are.
fn definition(tool: &Tool) -> Value {
    let whole = tool.definition.as_ref();
    let whole = whole.map(|it| it.get("function").unwrap_or(it)).and_then(Value::as_object);
    let mut parts: Map<String, Value> = Map::new();
    for (name, theirs, ours) in [
        ("name", &["name"][..], Some(&tool.name).filter(|name| !name.is_empty())),
        ("description", &["description"], tool.description.as_ref()),
    ] {
        let ours = ours.map(|text| Value::from(text.as_str()));
        parts.extend(ours.or_else(|| member(whole, theirs)).map(|it| (name.to_owned(), it)));
    }
    let schema = ["parameters", "input_schema", "inputSchema"];
    let parameters = tool.parameters.clone().or_else(|| member(whole, &schema));
    parts.extend(parameters.map(|it| ("parameters".to_owned(), it)));
    Value::Object(parts)
}

fn member(object: Option<&Map<String, Value>>, names: &[&str]) -> Option<Value> {
    names.iter().find_map(|name| object?.get(*name)).cloned()
}

fn without_stop(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

/// Tokens of the prompt that Anthropic adds where tools are offered and the model may choose: its
/// documentation of tool use, "Pricing", as of November 2026.
fn claude_s_prompt(version: (u32, u32)) -> u64 {
    match version {
        (..=3, _) => 264,
        (4, ..=4) => 313,
        (4, 5) => 496,
        (4, 6) => 497,
        (4, 7) => 675,
        (4, _) => 290,
        _ => 354,
    }
}
