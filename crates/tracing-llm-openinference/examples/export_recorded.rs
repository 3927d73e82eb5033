//! Replays a few recorded events through the exporter, with no pipeline and no layer.
//!
//! ```text
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:6006 PHOENIX_PROJECT_NAME=recorded \
//!     cargo run -p tracing-llm-openinference --example export_recorded
//! TRACING_LLM_SPANS_FILE=spans.jsonl cargo run -p tracing-llm-openinference --example export_recorded
//! ```
//!
//! It prints where the spans go, what became of them, and the trace ids to look for.

#![allow(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tracing_llm::{
    Context, Cost, Document, Embedding, Event, EventType, Exception, Handler, Message, Outcome,
    Payload, SpanId, StreamProgress, Template, Timestamp, Tool, ToolCall, Trace, TraceId, Usage,
};
use tracing_llm_openinference::OpenInference;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut spans = OpenInference::from_env()?;
    println!("spans: {}", spans.destination());
    let stats = spans.stats();

    let mut recording = Recording::new("index_construction");
    index(&mut recording);
    recording.replay(&mut spans)?;
    let mut recording = Recording::new("ask");
    ask(&mut recording);
    recording.replay(&mut spans)?;

    spans.shutdown()?;
    println!("otlp: {}\nfile: {}", stats.otlp(), stats.file());
    Ok(())
}

/// Documents are parsed into nodes, and their texts embedded.
fn index(recording: &mut Recording) {
    let documents: Arc<[Document]> = vec![Document::new("A span is a period of time.")].into();
    recording.event(EventType::NODE_PARSING, "parse", None, |payload| {
        payload.documents = Arc::clone(&documents);
        payload.nodes = nodes();
    });
    recording.event(EventType::EMBEDDING, "embed", None, |payload| {
        payload.model = Some("all-minilm-l6-v2".into());
        payload.usage = Some(Usage::of_input(12));
        payload.embeddings =
            nodes().iter().map(|node| Embedding::new(&node.content, vec![0.1; 384])).collect();
    });
}

/// A question is answered; the first call of the model fails, the second streams.
fn ask(recording: &mut Recording) {
    const QUESTION: &str = "What is a span?";
    const ANSWER: &str = "A span is a period of time.";
    let query = recording.event(EventType::QUERY, "answer", None, |payload| {
        payload.query = Some(QUESTION.into());
        payload.response = Some(ANSWER.into());
    });
    let retrieve = recording.event(EventType::RETRIEVE, "retrieve", Some(query), |payload| {
        payload.query = Some(QUESTION.into());
        payload.top_k = Some(2);
        payload.nodes = nodes();
    });
    recording.event(EventType::EMBEDDING, "embed", Some(retrieve), |payload| {
        payload.model = Some("all-minilm-l6-v2".into());
        payload.usage = Some(Usage::of_input(6));
        payload.embeddings = vec![Embedding::new(QUESTION, vec![0.1; 384])].into();
    });
    recording.event(EventType::RERANKING, "rerank", Some(query), |payload| {
        payload.query = Some(QUESTION.into());
        payload.model = Some("bge-reranker".into());
        payload.top_k = Some(1);
        payload.documents = nodes();
        payload.nodes = nodes().iter().take(1).cloned().collect();
    });
    let synthesize = recording.event(EventType::SYNTHESIZE, "synthesize", Some(query), |payload| {
        payload.query = Some(QUESTION.into());
        payload.response = Some(ANSWER.into());
    });
    recording.event(EventType::TEMPLATING, "fill", Some(synthesize), |payload| {
        let variables = json!({ "question": QUESTION });
        payload.template =
            Some(Template::new("Answer: {question}").with_variables(variables).with_version("2"));
        payload.prompt = Some(format!("Answer: {QUESTION}").into());
    });
    let call = ToolCall::new("search", r#"{"q":"span"}"#).with_id("call_1");
    let request = |payload: &mut Payload| {
        payload.model = Some("gpt-5-mini".into());
        payload.provider = Some("openai".into());
        payload.parameters = Some(json!({ "temperature": 0.2 }));
        payload.messages = vec![Message::system("Be short."), Message::user(QUESTION)].into();
        payload.tools = vec![Tool::new("search").with_description("Search the docs")].into();
    };
    recording.event(EventType::LLM, "chat", Some(synthesize), |payload| {
        request(payload);
        payload.exception = Some(Exception::new("overloaded").with_kind("Overloaded"));
    });
    recording.event(EventType::LLM, "chat", Some(synthesize), |payload| {
        request(payload);
        payload.replies = vec![Message::assistant(ANSWER).with_tool_call(call.clone())].into();
        payload.finish_reason = Some("tool_calls".into());
        let mut usage = Usage::new(120, 30);
        usage.cache_read = Some(100);
        payload.usage = Some(usage);
        let mut cost = Cost::default();
        cost.total = Some(0.0021);
        payload.cost = Some(cost);
        let mut stream = StreamProgress::default();
        stream.first_token = Some(Duration::from_millis(40));
        stream.chunks = 7;
        stream.finished = true;
        payload.stream = Some(stream);
    });
    recording.event(EventType::FUNCTION_CALL, "search", Some(query), |payload| {
        payload.tool = Some(
            Tool::new("search")
                .with_parameters(json!({ "properties": { "q": { "type": "string" } } })),
        );
        payload.function_call = Some(call.clone());
        payload.function_output = Some(r#"{"hits": 3}"#.into());
    });
}

fn nodes() -> Arc<[Document]> {
    vec![
        Document::new("A span is a period of time.")
            .with_id("n1")
            .with_score(0.82)
            .with_metadata(json!({ "file": "span.md" })),
        Document::new("A trace is a tree of spans.").with_id("n2").with_score(0.41),
    ]
    .into()
}

/// The events of one named trace, each a tenth of a second after the one before.
struct Recording {
    trace: Trace,
    events: Vec<Event>,
}

impl Recording {
    fn new(name: &str) -> Self {
        let start = Timestamp::from(SystemTime::now());
        // Ids of this run: good enough for a replay.
        let number = u128::from(start.as_unix_nanos()) << 64 | u128::from(std::process::id());
        let id = TraceId::new(number).unwrap_or(TraceId::FIRST);
        let mut trace = Trace::new(id, name, start);
        trace.scope_id = SpanId::new(start.as_unix_nanos());
        let mut context = Context::default();
        context.session_id = Some("replay".into());
        context.user_id = Some("ada".into());
        context.tags = vec!["example".into()];
        context.metadata = Some(json!({ "tenant": 7 }));
        trace.context = Arc::new(context);
        println!("trace {name}: {id}");
        Self { trace, events: Vec::new() }
    }

    fn event(
        &mut self,
        event_type: EventType,
        name: &str,
        parent: Option<SpanId>,
        fill: impl FnOnce(&mut Payload),
    ) -> SpanId {
        let place = self.events.len() as u32 + 1;
        let start = self.trace.start + Duration::from_millis(100) * place;
        let id = SpanId::new(start.as_unix_nanos()).unwrap_or(SpanId::FIRST);
        let mut event = Event::with_ids(event_type, name, self.trace.id, id);
        event.parent_id = parent;
        event.scope_id = self.trace.scope_id;
        event.trace_name = self.trace.name.clone();
        event.context = Arc::clone(&self.trace.context);
        event.start = start;
        event.elapsed = Duration::from_millis(90);
        fill(&mut event.payload);
        event.outcome =
            if event.payload.exception.is_some() { Outcome::Error } else { Outcome::Ok };
        self.events.push(event);
        id
    }

    /// Calls the hooks as the layer would: ends from the inside out, then the trace's.
    fn replay(mut self, spans: &mut OpenInference) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.trace.elapsed = Duration::from_millis(100) * (self.events.len() as u32 + 1);
        for event in self.events.into_iter().rev() {
            spans.on_end(&Arc::new(event))?;
        }
        spans.on_trace_end(&Arc::new(self.trace))
    }
}
