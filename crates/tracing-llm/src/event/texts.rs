//! All texts of a record, one by one.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Annotation, Content, Context, Document, Event, Exception, Message, Payload, Template, Text,
    Tool, ToolCall,
};

/// Sees a text, with the name of the part it stands in, and may replace it.
pub(crate) type Visit<'a> = dyn FnMut(&'static str, &mut Text) + 'a;

impl Event {
    /// Visits every text of content: of the payload, the context and the logs.
    pub(crate) fn visit_texts(&mut self, visit: &mut Visit<'_>) {
        self.payload.visit_texts(visit);
        visit_context(&mut self.context, visit);
        for log in &mut self.logs {
            visit("log", &mut log.message);
        }
    }
}

pub(crate) fn visit_context(context: &mut Arc<Context>, visit: &mut Visit<'_>) {
    if context.is_empty() {
        return;
    }
    let Context { session_id, user_id, tags, metadata, template, keys, suppressed: _ } =
        Arc::make_mut(context);
    for text in session_id.iter_mut().chain(user_id).chain(tags) {
        visit("context", text);
    }
    for value in metadata.iter_mut().chain(keys.values_mut()) {
        json("context", value, visit);
    }
    if let Some(template) = template {
        visit_template("context", template, visit);
    }
}

impl Payload {
    /// Every part is named, so that a new one cannot be forgotten.
    fn visit_texts(&mut self, visit: &mut Visit<'_>) {
        let Self {
            // Names, ids, numbers: no content.
            model: _,
            response_model: _,
            provider: _,
            system: _,
            finish_reason: _,
            response_id: _,
            usage: _,
            cost: _,
            stream: _,
            top_k: _,
            dimensions: _,
            level: _,
            agent: _,
            input_mime_type: _,
            output_mime_type: _,
            parameters,
            messages,
            replies,
            prompt,
            completion,
            response,
            tools,
            query,
            documents,
            nodes,
            chunks,
            embeddings,
            summaries,
            template,
            sub_question,
            tool,
            function_call,
            function_output,
            input,
            output,
            serialized,
            additional_kwargs,
            exception,
            annotations,
            attributes,
        } = self;
        for (part, text) in [
            ("prompt", prompt),
            ("completion", completion),
            ("response", response),
            ("query", query),
            ("function_output", function_output),
        ] {
            option(part, text, visit);
        }
        for (part, value) in [
            ("parameters", parameters),
            ("input", input),
            ("output", output),
            ("serialized", serialized),
            ("additional_kwargs", additional_kwargs),
        ] {
            if let Some(value) = value {
                json(part, value, visit);
            }
        }
        for (part, list) in [("messages", messages), ("replies", replies)] {
            for message in each(list) {
                visit_message(part, message, visit);
            }
        }
        for (part, list) in [("documents", documents), ("nodes", nodes)] {
            for document in each(list) {
                visit_document(part, document, visit);
            }
        }
        for (part, list) in [("chunks", chunks), ("summaries", summaries)] {
            for text in each(list) {
                visit(part, text);
            }
        }
        for embedding in each(embeddings) {
            option("embeddings", &mut embedding.text, visit);
        }
        for tool in each(tools).iter_mut().chain(tool) {
            visit_tool(tool, visit);
        }
        if let Some(template) = template {
            visit_template("template", template, visit);
        }
        if let Some(part) = sub_question {
            visit("sub_question", &mut part.question);
            option("sub_question", &mut part.answer, visit);
            for source in &mut part.sources {
                visit_document("sub_question", source, visit);
            }
        }
        if let Some(ToolCall { id: _, name: _, arguments, reasoning_signature: _ }) = function_call
        {
            visit("function_call", arguments);
        }
        if let Some(Exception { message, kind: _, stacktrace, propagated: _ }) = exception {
            visit("exception", message);
            option("exception", stacktrace, visit);
        }
        for annotation in each(annotations) {
            visit_annotation(annotation, visit);
        }
        for value in attributes.values_mut() {
            json("attributes", value, visit);
        }
    }
}

fn visit_message(part: &'static str, message: &mut Message, visit: &mut Visit<'_>) {
    let Message { role: _, contents, tool_calls, tool_call_id: _, name, finish_reason: _ } =
        message;
    option(part, name, visit);
    for call in tool_calls {
        visit(part, &mut call.arguments);
    }
    for content in contents {
        match content {
            Content::Text(text) => visit(part, text),
            Content::Reasoning { text, signature: _, encrypted, id: _ } => {
                option(part, text, visit);
                option(part, encrypted, visit);
            }
            Content::Image { url, detail: _ } | Content::Video { url } => visit(part, url),
            Content::Audio { url, mime_type: _, transcript } => {
                option(part, url, visit);
                option(part, transcript, visit);
            }
            Content::Document(document) => visit_document(part, document, visit),
            Content::ToolUse(call) => visit(part, &mut call.arguments),
        }
    }
}

fn visit_document(part: &'static str, document: &mut Document, visit: &mut Visit<'_>) {
    let Document { id: _, content, score: _, metadata, name, url, mime_type: _ } = document;
    visit(part, content);
    option(part, name, visit);
    option(part, url, visit);
    if let Some(metadata) = metadata {
        json(part, metadata, visit);
    }
}

fn visit_tool(tool: &mut Tool, visit: &mut Visit<'_>) {
    let Tool { name: _, description, parameters, definition } = tool;
    option("tools", description, visit);
    for value in parameters.iter_mut().chain(definition) {
        json("tools", value, visit);
    }
}

fn visit_template(part: &'static str, template: &mut Template, visit: &mut Visit<'_>) {
    let Template {
        template,
        variables,
        version: _,
        id: _,
        vendor: _,
        url,
        system_prompt,
        query_wrapper_prompt,
    } = template;
    for text in [template, url, system_prompt, query_wrapper_prompt] {
        option(part, text, visit);
    }
    if let Some(variables) = variables {
        json(part, variables, visit);
    }
}

fn visit_annotation(annotation: &mut Annotation, visit: &mut Visit<'_>) {
    let Annotation {
        name: _,
        score: _,
        label,
        explanation,
        annotator_kind: _,
        identifier: _,
        metadata,
    } = annotation;
    for text in [label, explanation] {
        option("annotations", text, visit);
    }
    if let Some(metadata) = metadata {
        json("annotations", metadata, visit);
    }
}

fn option(part: &'static str, text: &mut Option<Text>, visit: &mut Visit<'_>) {
    if let Some(text) = text {
        visit(part, text);
    }
}

/// Visits the texts inside a JSON value; keys of objects stay.
fn json(part: &'static str, value: &mut Value, visit: &mut Visit<'_>) {
    match value {
        Value::String(string) => {
            let mut text = Text::from(std::mem::take(string));
            visit(part, &mut text);
            *string = text.into_string();
        }
        Value::Array(list) => list.iter_mut().for_each(|value| json(part, value, visit)),
        Value::Object(map) => map.values_mut().for_each(|value| json(part, value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The items of a list, to be changed; an empty list is not copied.
fn each<T: Clone>(list: &mut Arc<[T]>) -> &mut [T] {
    if list.is_empty() { &mut [] } else { Arc::make_mut(list) }
}
