//! Judges an answer after its run, so that Phoenix shows the scores beside the judged spans.
//!
//! ```text
//! cargo run -p tracing-llm-openinference --example feedback
//! ```
//!
//! Phoenix is expected at `http://127.0.0.1:6006`, or where `PHOENIX_COLLECTOR_ENDPOINT` says;
//! `PHOENIX_API_KEY` is its key. The spans go to the project `feedback`.
//!
//! A judgement goes two ways here. Over OTLP it is a span that links to the judged one, which is
//! what the conventions ask for, and any backend stores it. Phoenix shows judgements beside a span
//! only if they come by its REST interface, under the span's id.

#![allow(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_llm::prelude::*;
use tracing_llm::{Annotation, CurrentEvent};
use tracing_llm_openinference::{Backend, OpenInference};
use tracing_subscriber::prelude::*;

const PROJECT: &str = "feedback";
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let phoenix = Phoenix::from_env();
    let spans = OpenInference::builder().backend(phoenix.backend()).project(PROJECT).build()?;
    println!("spans: {}", spans.destination());
    let (feedback, stats) = (spans.feedback(), spans.stats());
    let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
    tracing_subscriber::registry().with(layer.filtered()).init();

    let answer = answer("What is a span?").ok_or("the layer is not installed")?;
    callbacks.flush_blocking(LIMIT)?;

    // … an hour later: a person likes the answer, and a program checks what the model said.
    let judgements = [
        (answer.query, Annotation::new("thumbs").with_label("up").with_annotator_kind("HUMAN")),
        (
            answer.llm,
            Annotation::new("brevity")
                .with_score(0.9)
                .with_explanation("seven words")
                .with_annotator_kind("CODE")
                .with_identifier("brevity-1")
                .with_metadata(json!({"words": 7})),
        ),
    ];
    for (ids, judged) in &judgements {
        feedback.annotate(ids.trace_id, ids.span_id, judged.clone())?;
    }
    callbacks.shutdown_blocking(LIMIT)?;
    println!("otlp: {}", stats.otlp());

    phoenix.annotate(&judgements)?;
    for (ids, judged) in &judgements {
        println!("{}: {}", judged.name, phoenix.stored(*ids)?);
    }
    Ok(())
}

/// The ids of what is judged later. A server would send them to its client, in a header.
struct Answer {
    query: CurrentEvent,
    llm: CurrentEvent,
}

/// The pipeline: a question, and a call of a model below it.
fn answer(question: &str) -> Option<Answer> {
    let span = event_span!(QUERY, "answer").entered();
    let query = tracing_llm::current()?;
    let llm = call_model(question)?;
    span.llm().query(question).reply("A span is a period of time.");
    Some(Answer { query, llm })
}

fn call_model(question: &str) -> Option<CurrentEvent> {
    let span = event_span!(LLM, "chat", model = "gpt-5-mini", provider = "openai").entered();
    span.llm()
        .messages([Message::user(question)])
        .reply("A span is a period of time.")
        .usage(Usage::new(12, 7));
    tracing_llm::current()
}

/// A Phoenix server, and its REST interface (20.26).
struct Phoenix {
    server: String,
    key: Option<String>,
}

impl Phoenix {
    fn from_env() -> Self {
        let server = std::env::var("PHOENIX_COLLECTOR_ENDPOINT")
            .unwrap_or_else(|_| "http://127.0.0.1:6006".to_owned());
        Self {
            server: server.trim_end_matches('/').to_owned(),
            key: std::env::var("PHOENIX_API_KEY").ok(),
        }
    }

    fn backend(&self) -> Backend {
        let backend = Backend::phoenix().server(&self.server);
        match &self.key {
            Some(key) => backend.api_key(key),
            None => backend,
        }
    }

    /// Hands in judgements. Those of spans that are not stored yet wait there.
    fn annotate(&self, judgements: &[(CurrentEvent, Annotation)]) -> Result<(), Box<dyn Error>> {
        let data: Vec<Value> = judgements.iter().map(|(ids, judged)| body(*ids, judged)).collect();
        let mut request = ureq::post(format!("{}/v1/span_annotations", self.server))
            .header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        request.send(json!({"data": data}).to_string())?;
        Ok(())
    }

    /// What Phoenix has stored for a span, as soon as it has it.
    fn stored(&self, ids: CurrentEvent) -> Result<Value, Box<dyn Error>> {
        let (server, span) = (&self.server, ids.span_id);
        let url = format!("{server}/v1/projects/{PROJECT}/span_annotations?span_ids={span}");
        for _ in 0..50 {
            let mut request = ureq::get(&url);
            if let Some(key) = &self.key {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            // Until it has stored the spans it does not know the project.
            if let Ok(mut answer) = request.call() {
                let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
                if let Some(first) = answer["data"].get(0) {
                    return Ok(first["result"].clone());
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(format!("nothing is stored for {span}").into())
    }
}

/// A judgement as Phoenix takes it. What is absent is left out.
fn body(ids: CurrentEvent, judged: &Annotation) -> Value {
    json!({
        "span_id": ids.span_id,
        "name": judged.name,
        "annotator_kind": judged.annotator_kind.as_deref().unwrap_or("CODE"),
        "identifier": judged.identifier.as_deref().unwrap_or_default(),
        "result": {
            "score": judged.score,
            "label": judged.label,
            "explanation": judged.explanation,
        },
        "metadata": judged.metadata,
    })
}
