//! A pipeline that goes through every event type and every part of a payload.

use std::time::Duration;

use serde_json::json;
use tracing::info_span;
use tracing_llm::prelude::*;
use tracing_llm::{
    Annotation, Builder, Content, Cost, Document, Embedding, SubQuestion, Template, Tool, ToolCall,
};
use tracing_subscriber::prelude::*;

/// Runs the pipeline once, in this session, under the real layer with these handlers, and shuts
/// it down.
pub(crate) fn run<H: Handler>(handlers: impl IntoIterator<Item = H>, session: &str) {
    let builder = handlers
        .into_iter()
        .fold(tracing_llm::layer().event_type(EventType::custom("PLAN")), Builder::handler);
    let (layer, callbacks) = builder.build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || {
        index();
        question(session);
    });
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
}

fn index() {
    let _trace = info_span!("load", trace_name = "index_construction").entered();
    let parse = event_span!(NODE_PARSING, "parse").entered();
    parse.llm().documents(vec![Document::new("A span is a period of time.").with_id("doc-1")]);
    let split = event_span!(CHUNKING, "split").entered();
    split.llm().chunks(texts(["A span is", "a period of time."]));
    drop(split);
    parse.llm().nodes(nodes());
    drop(parse);
    let embed = event_span!(EMBEDDING, "embed", model = "all-minilm-l6-v2").entered();
    embed.llm().embeddings(vec![
        Embedding::new("A span is", vec![0.25, -0.5]),
        Embedding::new("a period of time.", vec![0.5, 1.0]),
    ]);
    embed.llm().usage(Usage::of_input(9));
    drop(embed);
    let tree = event_span!(TREE, "tree").entered();
    tree.llm().level(1).chunks(texts(["one", "two"])).summaries(texts(["one and two"]));
}

fn question(session: &str) {
    let _session = info_span!(
        "request",
        "session.id" = session,
        "user.id" = "user-1",
        "tag.tags" = r#"["a","b"]"#,
        "metadata" = r#"{"tenant":"acme","tier":2}"#
    )
    .entered();
    let query = event_span!(QUERY, "answer").entered();
    query.llm().query("What is a span?");
    retrieval();
    synthesis();
    agent();
    checks();
    query.llm().reply("A span is a period of time.");
}

fn retrieval() {
    let retrieve = event_span!(RETRIEVE, "search").entered();
    retrieve.llm().query("What is a span?").top_k(2).nodes(nodes());
    drop(retrieve);
    let rerank = event_span!(RERANKING, "rerank", model = "rerank-v3").entered();
    rerank.llm().query("What is a span?").top_k(1).documents(nodes()).nodes(vec![best()]);
    drop(rerank);
    let part = event_span!(SUB_QUESTION, "part").entered();
    let question = SubQuestion::new("What is time?").with_tool("physics");
    part.llm().sub_question(question.with_answer("What clocks show."));
}

fn synthesis() {
    let synthesize = event_span!(SYNTHESIZE, "synthesize").entered();
    synthesize.llm().query("What is a span?");
    let prompt = event_span!(TEMPLATING, "prompt").entered();
    prompt.llm().template(
        Template::new("{question} {context}")
            .with_variables(json!({ "question": "What is a span?", "context": "…" }))
            .with_version("2"),
    );
    drop(prompt);
    chat(); // the template stands on it
    completion();
    synthesize.llm().reply("A span is a period of time.");
}

fn chat() {
    let chat = event_span!(LLM, "chat", model = "gpt-5-mini", provider = "openai").entered();
    let image = Content::image("https://example.com/span.png");
    chat.llm()
        .messages(vec![
            Message::system("Answer briefly."),
            Message::user("What is a span? “Zeit” 時間 🕐").with(image),
            Message::empty("assistant")
                .with_tool_call(ToolCall::new("search", r#"{"q":"span"}"#).with_id("call_1")),
            Message::tool("call_1", "3 hits"),
        ])
        .tools(vec![search_tool()])
        .parameters(json!({ "temperature": 0.5, "max_tokens": 64 }))
        .first_token();
    let mut cost = Cost::default();
    cost.total = Some(0.00042);
    let mut usage = Usage::new(120, 30);
    usage.cache_read = Some(100);
    usage.reasoning = Some(10);
    chat.llm()
        .replies(vec![Message::assistant("A span is a period of time.")])
        .finish_reason("stop")
        .usage(usage)
        .cost(cost);
}

fn completion() {
    let span = event_span!(LLM, "complete", model = "davinci").entered();
    span.llm().prompt("A span is").completion(" a period of time.").usage(Usage::new(4, 6));
}

fn agent() {
    let step = event_span!(AGENT_STEP, "step").entered();
    step.llm().agent("librarian").messages(vec![Message::user("Find spans.")]);
    let call = event_span!(FUNCTION_CALL, "search").entered();
    call.llm()
        .tool(search_tool())
        .function_call(ToolCall::new("search", r#"{"q":"span"}"#).with_id("call_1"))
        .function_output("3 hits");
    drop(call);
    let failed = event_span!(FUNCTION_CALL, "fetch").entered();
    failed.llm().tool(Tool::new("fetch")).error("connection refused");
    drop(failed);
    let prompt = event_span!(TEMPLATING, "unused").entered();
    prompt.llm().template(Template::new("{question}")); // no call follows
    drop(prompt);
    step.llm().reply("Found.").ok();
    step.llm().annotate(
        Annotation::new("helpful").with_score(0.9).with_label("yes").with_annotator_kind("CODE"),
    );
}

fn checks() {
    let guard = event_span!(GUARDRAIL, "guard").entered();
    guard.llm().input("A span is …").output(json!({ "allowed": true })).ok();
    drop(guard);
    let evaluator = event_span!(EVALUATOR, "judge").entered();
    evaluator.llm().input("A span is …").output(json!({ "score": 0.9 }));
    drop(evaluator);
    let decision = event_span!(DECISION, "route", model = "router-1").entered();
    decision.llm().input("A span is …").output("docs").usage(Usage::new(3, 1));
    drop(decision);
    let chain = event_span!(CHAIN, "glue").entered();
    chain.llm().input(json!({ "n": 1 })).attribute("custom.list", ["x", "y"]);
    drop(chain);
    let exception = event_span!(EXCEPTION, "exception").entered();
    exception.llm().error("out of time");
    drop(exception);
    event_span!("PLAN", "plan").in_scope(|| ());
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn nodes() -> Vec<Document> {
    vec![best(), Document::new("Time passes.").with_id("n-2").with_score(0.25)]
}

fn best() -> Document {
    Document::new("A span is a period of time.")
        .with_id("n-1")
        .with_score(0.75)
        .with_metadata(json!({ "file": "spans.md", "page": 3 }))
}

fn search_tool() -> Tool {
    Tool::new("search")
        .with_description("Searches the index.")
        .with_parameters(json!({ "type": "object", "properties": { "q": { "type": "string" } } }))
}
