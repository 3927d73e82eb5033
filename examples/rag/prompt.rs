//! Puts the question and the passages into words for a model.

use std::sync::Arc;

use anyhow::Result;
use minijinja::Environment;
use serde_json::json;
use tracing_llm::prelude::*;

use crate::passages::Passage;

const SYSTEM: &str = "Answer the question in a few sentences, from the passages alone. \
                      If they do not tell, say so.";
const TEMPLATE: &str = include_str!("prompt.jinja");

/// What a model is asked.
pub struct Prompt {
    pub question: String,
    pub passages: Vec<Passage>,
    pub messages: Arc<[Message]>,
}

impl Prompt {
    pub fn new(question: &str, passages: Vec<Passage>) -> Result<Self> {
        let span = event_span!(TEMPLATING, "prompt");
        let list: Vec<_> = passages
            .iter()
            .map(|passage| json!({ "id": passage.id, "text": passage.text }))
            .collect();
        let variables = json!({ "question": question, "passages": list });
        span.llm().template(Template::new(TEMPLATE).with_variables(variables.clone()));
        let text: Arc<str> = span
            .in_scope(|| {
                Environment::new().render_str(TEMPLATE, minijinja::value::Serde(variables))
            })
            .inspect_err(|error| _ = span.llm().error(error))?
            .into();
        span.llm().output(Arc::clone(&text)).ok();
        let messages = [Message::system(Text::literal(SYSTEM)), Message::user(text)].into();
        Ok(Self { question: question.to_owned(), passages, messages })
    }
}
