use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tracing::Instrument;
use tracing_llm::prelude::*;
use tracing_llm::{
    Document, Embedding, Event, EventType, Handler, Message, SpanId, Trace, TraceId,
};
use tracing_subscriber::prelude::*;

use super::handler::OpenInferenceTable;
use super::row::{NodeRow, QueryRow};
use crate::testing::{START, event_with_id};
use std::sync::Arc;

fn trace(name: &'static str) -> Trace {
    let mut trace = Trace::new(TraceId::new(0xa).unwrap(), name, START);
    trace.scope_id = SpanId::new(0xc);
    trace
}

/// The n-th event of the trace; each begins a second after the one before.
fn nth(event_type: EventType, number: u64) -> Event {
    let mut event = event_with_id(event_type, "stage", number);
    event.scope_id = SpanId::new(0xc);
    event.trace_name = "query".into();
    event.start = START + Duration::from_secs(number);
    event
}

fn nodes() -> Vec<Document> {
    vec![
        Document::new("A span is a period of time.").with_id("n1").with_score(0.82),
        Document::new("A trace is a tree of spans.").with_id("n2"),
    ]
}

/// Runs the events through a table; the rows as their JSON lines.
fn run(trace: Trace, events: Vec<Event>) -> (Vec<Json>, Vec<Json>) {
    let table = OpenInferenceTable::new();
    let mut handler = table.clone();
    for event in events {
        handler.on_end(&Arc::new(event)).unwrap();
    }
    handler.on_trace_end(&Arc::new(trace)).unwrap();
    (lines(&table.flush_query_data_buffer()), lines(&table.flush_node_data_buffer()))
}

fn lines<R: serde::Serialize>(rows: &[R]) -> Vec<Json> {
    let mut bytes = Vec::new();
    OpenInferenceTable::write_jsonl(rows, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches('\n').count(), rows.len());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_query_has_every_column_by_its_exact_name() {
    let mut query = nth(EventType::QUERY, 1);
    query.payload.query = Some("What is a span?".into());
    query.payload.response = Some("A period of time.".into());
    let mut embedding = nth(EventType::EMBEDDING, 2);
    embedding.payload.embeddings = vec![
        Embedding::new("What is a span?", vec![0.5, -1.0]),
        Embedding::new("A trace is a tree of spans.", vec![0.25, 2.0]),
    ]
    .into();
    let mut retrieve = nth(EventType::RETRIEVE, 3);
    retrieve.payload.nodes = nodes().into();
    let mut llm = nth(EventType::LLM, 4);
    llm.payload.prompt = Some("Answer: What is a span?".into());
    llm.payload.messages = vec![Message::system("Be short."), Message::user("What?")].into();
    llm.payload.replies = vec![Message::assistant("Of the model alone.")].into();
    let (queries, nodes) = run(trace("query"), vec![embedding, retrieve, llm, query]);
    assert_eq!(
        queries,
        [json!({
            ":id.id:": "0000000000000000000000000000000a-000000000000000c",
            ":timestamp.iso_8601:": "2026-09-21T14:13:20.000000+00:00",
            ":feature.text:prompt": "What is a span?",
            ":feature.[float].embedding:prompt": [0.5, -1.0],
            ":feature.text:llm_prompt": "Answer: What is a span?",
            ":feature.[str]:llm_messages": [["system", "Be short."], ["user", "What?"]],
            ":prediction.text:response": "A period of time.",
            ":feature.[str].retrieved_document_ids:prompt": ["n1", "n2"],
            ":feature.[float].retrieved_document_scores:prompt": [0.82, null],
        })]
    );
    assert_eq!(
        nodes,
        [
            json!({"id": "n1", "node_text": "A span is a period of time.", "node_embedding": null}),
            json!({
                "id": "n2",
                "node_text": "A trace is a tree of spans.",
                "node_embedding": [0.25, 2.0],
            }),
        ]
    );
    // What was written can be read.
    let row: QueryRow = serde_json::from_value(queries[0].clone()).unwrap();
    assert_eq!(serde_json::to_value(row).unwrap(), queries[0]);
    let row: NodeRow = serde_json::from_value(nodes[1].clone()).unwrap();
    assert_eq!(serde_json::to_value(row).unwrap(), nodes[1]);
}

#[test]
fn columns_without_a_value_are_there_all_the_same() {
    let mut query = nth(EventType::QUERY, 1);
    query.payload.query = Some("why?".into());
    let (queries, nodes) = run(trace("query"), vec![query]);
    let row = queries[0].as_object().unwrap();
    assert_eq!(row.len(), 9);
    assert_eq!(row.values().filter(|value| value.is_null()).count(), 4);
    assert_eq!(row[":feature.[str].retrieved_document_ids:prompt"], json!([]));
    assert_eq!(nodes, [json!(null); 0]);
}

#[test]
fn without_a_query_the_question_is_the_last_message_of_the_first_call() {
    let call = |number, question: &'static str, answer: &'static str| {
        let mut llm = nth(EventType::LLM, number);
        llm.payload.messages = vec![Message::system("Be short."), Message::user(question)].into();
        llm.payload.replies = vec![Message::assistant(answer)].into();
        llm
    };
    // The first one to begin ends last.
    let (queries, _) =
        run(trace("chat"), vec![call(2, "and then?", "second"), call(1, "first?", "first")]);
    assert_eq!(queries[0][":feature.text:prompt"], "first?");
    // Messages and response are those of one call: the last.
    assert_eq!(queries[0][":feature.[str]:llm_messages"][1], json!(["user", "and then?"]));
    assert_eq!(queries[0][":prediction.text:response"], "second");
}

#[test]
fn of_nested_queries_the_outer_one_is_the_question() {
    let query = |number, text: &'static str| {
        let mut query = nth(EventType::QUERY, number);
        query.payload.query = Some(text.into());
        query.payload.response = Some(text.to_uppercase().into());
        query
    };
    let (queries, _) = run(trace("query"), vec![query(2, "part"), query(1, "whole")]);
    assert_eq!(queries[0][":feature.text:prompt"], "whole");
    assert_eq!(queries[0][":prediction.text:response"], "WHOLE");
    // Also if both began at the same moment.
    let mut inner = query(1, "part");
    inner.span_id = SpanId::new(9).unwrap();
    let (queries, _) = run(trace("query"), vec![inner, query(1, "whole")]);
    assert_eq!(queries[0][":feature.text:prompt"], "whole");
}

#[test]
fn an_index_that_is_built_has_nodes_with_vectors_and_no_query() {
    let mut parse = nth(EventType::NODE_PARSING, 1);
    parse.payload.nodes = nodes().into();
    let mut embedding = nth(EventType::EMBEDDING, 2);
    let embedded =
        |(index, node): (usize, Document)| Embedding::new(node.content, vec![index as f32]);
    embedding.payload.embeddings = nodes().into_iter().enumerate().map(embedded).collect();
    let (queries, rows) = run(trace("index_construction"), vec![parse, embedding]);
    assert_eq!(queries, [json!(null); 0]);
    let vectors: Vec<_> = rows.iter().map(|row| row["node_embedding"].clone()).collect();
    assert_eq!(vectors, [json!([0.0]), json!([1.0])]);
}

#[test]
fn a_node_that_is_found_twice_has_one_row_and_both_places_in_the_query() {
    let retrieve = |number| {
        let mut retrieve = nth(EventType::RETRIEVE, number);
        retrieve.payload.query = Some("why?".into());
        retrieve.payload.nodes = nodes().into();
        retrieve
    };
    let (queries, rows) = run(trace("query"), vec![retrieve(1), retrieve(2)]);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        queries[0][":feature.[str].retrieved_document_ids:prompt"],
        json!(["n1", "n2", "n1", "n2"])
    );
    assert_eq!(queries[0][":feature.text:prompt"], "why?");
}

fn ask(handler: &mut OpenInferenceTable, name: &'static str, text: &str) {
    let mut query = nth(EventType::QUERY, 1);
    query.trace_name = name.into();
    query.payload.query = Some(text.to_owned().into());
    handler.on_end(&Arc::new(query)).unwrap();
    handler.on_trace_end(&Arc::new(trace(name))).unwrap();
}

fn asked(rows: &[QueryRow]) -> Vec<String> {
    rows.iter().map(|row| row.query_text.as_ref().unwrap().to_string()).collect()
}

#[test]
fn rows_are_taken_once_and_the_oldest_go_when_nobody_takes_them() {
    let table = OpenInferenceTable::new().max_rows(2);
    let mut handler = table.clone();
    for text in ["a", "b", "c"] {
        ask(&mut handler, "query", text);
    }
    assert_eq!((table.counts().query_rows, table.counts().dropped_query_rows), (3, 1));
    assert_eq!(asked(&table.flush_query_data_buffer()), ["b", "c"]);
    assert_eq!(table.flush_query_data_buffer(), []);
}

#[test]
fn only_the_traces_that_are_named_have_rows() {
    let table = OpenInferenceTable::new().only_traces(["query", "chat"]);
    let mut handler = table.clone();
    ask(&mut handler, "query", "a");
    ask(&mut handler, "other", "b");
    assert_eq!(asked(&table.flush_query_data_buffer()), ["a"]);
}

#[test]
fn the_callback_gets_the_rows_of_one_trace_may_use_the_table_and_nothing_is_kept() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let (sink, table) = (Arc::clone(&got), OpenInferenceTable::new());
    let inner = table.clone();
    let table = table.on_trace(move |queries, nodes| {
        assert!(nodes.is_empty());
        sink.lock().unwrap().push((asked(queries), inner.counts().query_rows));
        if queries[0].query_text.as_deref() == Some("b") { Err("no room".into()) } else { Ok(()) }
    });
    let mut handler = table.clone();
    ask(&mut handler, "query", "a");
    let mut query = nth(EventType::QUERY, 1);
    query.payload.query = Some("b".into());
    handler.on_end(&Arc::new(query)).unwrap();
    let error = handler.on_trace_end(&Arc::new(trace("query"))).unwrap_err();
    assert_eq!(error.to_string(), "no room");
    assert_eq!(*got.lock().unwrap(), [(vec!["a".to_owned()], 1), (vec!["b".to_owned()], 2)]);
    assert_eq!(table.flush_query_data_buffer(), []);
}

#[test]
fn events_of_traces_that_never_end_are_bounded_and_counted() {
    let table = OpenInferenceTable::new();
    let mut handler = table.clone();
    let event = Arc::new(nth(EventType::QUERY, 1));
    for _ in 0..10_003 {
        handler.on_end(&event).unwrap();
    }
    assert_eq!(table.counts().dropped_events, 3);
}

#[test]
fn traces_that_share_an_id_from_another_process_are_kept_apart_by_their_maps() {
    let table = OpenInferenceTable::new();
    let mut handler = table.clone();
    let query = |number: u64| {
        let mut query = nth(EventType::QUERY, number);
        query.scope_id = None;
        query.payload.query = Some(number.to_string().into());
        query
    };
    handler.on_end(&Arc::new(query(1))).unwrap();
    handler.on_end(&Arc::new(query(2))).unwrap();
    for number in [2, 1] {
        let mut trace = trace("query");
        trace.scope_id = None;
        trace.map.insert(None, SpanId::new(number).unwrap());
        handler.on_trace_end(&Arc::new(trace)).unwrap();
    }
    let rows = table.flush_query_data_buffer();
    assert_eq!(asked(&rows), ["2", "1"]);
    assert_ne!(rows[0].id, rows[1].id);
}

/// A small pipeline, in real spans, that waits for the other one at each stage.
async fn answer(question: &'static str, barrier: &tokio::sync::Barrier) {
    async {
        barrier.wait().await;
        let retrieve = event_span!(RETRIEVE, "retrieve");
        let node = Document::new(format!("about {question}")).with_id(format!("{question}-node"));
        retrieve.llm().nodes(vec![node.with_score(0.5)]);
        async { barrier.wait().await }.instrument(retrieve).await;
        let llm = event_span!(LLM, "chat");
        llm.llm().messages(vec![Message::user(format!("answer {question}"))]);
        llm.llm().reply(format!("answer to {question}"));
        async { barrier.wait().await }.instrument(llm).await;
    }
    .instrument(tracing::info_span!(
        "ask",
        trace_name = "query",
        event_type = "QUERY",
        query_str = question
    ))
    .await;
}

#[test]
fn two_traces_at_once_do_not_mix() {
    let table = OpenInferenceTable::new();
    let (layer, callbacks) = tracing_llm::layer().handler(table.clone()).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let barrier = tokio::sync::Barrier::new(2);
        runtime.block_on(async {
            tokio::join!(answer("left", &barrier), answer("right", &barrier));
        });
    });
    callbacks.flush_blocking(Duration::from_secs(10)).unwrap();
    let mut rows = table.flush_query_data_buffer();
    rows.sort_by(|a, b| a.query_text.as_deref().cmp(&b.query_text.as_deref()));
    assert_eq!(asked(&rows), ["left", "right"]);
    for (row, question) in rows.iter().zip(["left", "right"]) {
        assert_eq!(row.node_ids, [Some(format!("{question}-node").into())]);
        assert_eq!(row.scores, [Some(0.5)]);
        let message = ("user".into(), format!("answer {question}").into());
        assert_eq!(row.llm_messages, Some(vec![message]));
        assert_eq!(row.response_text.as_deref(), Some(&*format!("answer to {question}")));
    }
    assert_ne!(rows[0].id, rows[1].id);
    let nodes = table.flush_node_data_buffer();
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().all(|node| node.node_text.starts_with("about ")));
}
