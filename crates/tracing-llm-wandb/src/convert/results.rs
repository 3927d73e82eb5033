//! Inputs and outputs: every part that an event carries, by its name.

use serde_json::{Map, Value, json};
use tracing_llm::{Document, Event, EventType, Payload, Text};

use super::clip::Clip;
use super::messages::{call, joined, text};
use crate::span::Results;

pub(super) fn of(event: &Event, clip: Clip) -> Results {
    if clip.is_nothing() {
        return Results::default();
    }
    let mut results = Results::default();
    let (inputs, outputs) = (&mut results.inputs, &mut results.outputs);
    let payload = &event.payload;
    model_parts(payload, clip, inputs, outputs);
    corpus_parts(event, clip, inputs, outputs);
    stage_parts(payload, clip, inputs, outputs);
    // What a span names itself says the same again where a typed part is there.
    if let (true, Some(input)) = (inputs.is_empty(), &payload.input) {
        put(inputs, "input", Some(clip.json(input)));
    }
    if let (true, Some(output)) = (outputs.is_empty(), &payload.output) {
        put(outputs, "output", Some(clip.json(output)));
    }
    results
}

/// The main input of a call as one text, for the table.
pub(crate) fn input(payload: &Payload, clip: Clip) -> Option<String> {
    if clip.is_nothing() {
        return None;
    }
    if payload.input.is_none() && !payload.messages.is_empty() {
        return Some(joined(&payload.messages, clip));
    }
    payload.input_text().map(|text| clip.text(&text))
}

/// The main output of a call as one text, for the table.
pub(crate) fn output(payload: &Payload, clip: Clip) -> Option<String> {
    if clip.is_nothing() {
        return None;
    }
    payload
        .output_text()
        .filter(|text| !text.is_empty())
        .map(|text| clip.text(&text))
        .or_else(|| replies(payload, clip))
}

fn replies(payload: &Payload, clip: Clip) -> Option<String> {
    let replies: Vec<String> = payload.replies.iter().map(text).collect();
    (!replies.is_empty()).then(|| clip.text(&replies.join("\n")))
}

fn model_parts(payload: &Payload, clip: Clip, inputs: &mut Fields, outputs: &mut Fields) {
    if !payload.messages.is_empty() {
        put(inputs, "messages", Some(joined(&payload.messages, clip)));
    }
    put(inputs, "prompt", clipped(&payload.prompt, clip));
    put(inputs, "additional_kwargs", payload.additional_kwargs.as_ref().map(|it| clip.json(it)));
    if !payload.tools.is_empty() {
        let tools = serde_json::to_value(&payload.tools).ok();
        put(inputs, "tools", tools.map(|tools| clip.json(&tools)));
    }
    // A reply has the calls of tools, which the response's text has not.
    let response = replies(payload, clip).or_else(|| clipped(&payload.response, clip));
    put(outputs, "response", response);
    put(outputs, "completion", clipped(&payload.completion, clip));
}

/// Whole corpora: of what is parsed, cut and embedded, the numbers alone.
fn corpus_parts(event: &Event, clip: Clip, inputs: &mut Fields, outputs: &mut Fields) {
    let payload = &event.payload;
    let of_corpus = matches!(event.event_type, EventType::NODE_PARSING | EventType::CHUNKING);
    put(inputs, "num_documents", count(&payload.documents));
    if of_corpus {
        put(outputs, "num_nodes", count(&payload.nodes));
    } else if !payload.nodes.is_empty() {
        let nodes: Vec<Value> = payload.nodes.iter().map(|node| document(node, clip)).collect();
        put(outputs, "nodes", Some(nodes));
    }
    let dimensions = payload.embeddings.iter().find_map(tracing_llm::Embedding::dimensions);
    put(outputs, "dimensions", dimensions.map(|it| it as u64).or(payload.dimensions));
    let side = if event.event_type == EventType::TREE { inputs } else { outputs };
    put(side, "num_chunks", count(&payload.chunks).or_else(|| count(&payload.embeddings)));
}

fn stage_parts(payload: &Payload, clip: Clip, inputs: &mut Fields, outputs: &mut Fields) {
    put(inputs, "query_str", clipped(&payload.query, clip));
    put(inputs, "top_k", payload.top_k);
    put(inputs, "level", payload.level);
    if let Some(template) = &payload.template {
        put(inputs, "template", clipped(&template.template, clip));
        let variables = template.variables.as_ref();
        put(inputs, "template_vars", variables.map(|variables| clip.json(variables)));
        put(inputs, "system_prompt", clipped(&template.system_prompt, clip));
        put(inputs, "query_wrapper_prompt", clipped(&template.query_wrapper_prompt, clip));
    }
    if let Some(part) = &payload.sub_question {
        put(inputs, "sub_question", Some(clip.text(&part.question)));
        put(outputs, "answer", clipped(&part.answer, clip));
    }
    put(inputs, "tool", payload.tool.as_ref().map(|tool| tool.name.to_string()));
    put(inputs, "function_call", payload.function_call.as_ref().map(|it| clip.text(&call(it))));
    put(outputs, "function_call_response", clipped(&payload.function_output, clip));
    if !payload.summaries.is_empty() {
        let summaries: Vec<String> = payload.summaries.iter().map(|it| clip.text(it)).collect();
        put(outputs, "summaries", Some(summaries));
    }
}

fn document(document: &Document, clip: Clip) -> Value {
    let mut fields = Map::new();
    put(&mut fields, "id", document.id.as_ref().map(ToString::to_string));
    put(&mut fields, "score", document.score);
    put(&mut fields, "text", Some(clip.text(&document.content)));
    put(&mut fields, "metadata", document.metadata.as_ref().map(|it| clip.json(it)));
    Value::Object(fields)
}

type Fields = Map<String, Value>;

fn put(fields: &mut Fields, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), value.into());
    }
}

fn clipped(text: &Option<Text>, clip: Clip) -> Option<String> {
    text.as_ref().map(|text| clip.text(text))
}

fn count<T>(list: &[T]) -> Option<Value> {
    (!list.is_empty()).then(|| json!(list.len()))
}
