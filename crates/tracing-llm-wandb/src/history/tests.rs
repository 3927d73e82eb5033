use serde_json::Map;
use tracing_llm::{Cost, EventType, Outcome, StreamProgress, TraceId};

use super::*;
use crate::testing::{START, event};

fn object(row: Row) -> Value {
    Value::Object(row.into_iter().collect::<Map<String, Value>>())
}

#[test]
fn a_call_shows_its_tokens_cost_times_and_the_sums_so_far() {
    let mut chat = event(EventType::LLM, "chat", 1, 0);
    chat.elapsed = Duration::from_millis(2_500);
    chat.outcome = Outcome::Ok;
    chat.payload.model = Some("gpt-5-mini".into());
    chat.payload.response_model = Some("gpt-5-mini-2026".into());
    let mut usage = Usage::new(12, 8);
    (usage.cache_read, usage.reasoning) = (Some(4), Some(2));
    chat.payload.usage = Some(usage);
    let mut cost = Cost::default();
    cost.total = Some(0.25);
    chat.payload.cost = Some(cost);
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_millis(500));
    chat.payload.stream = Some(stream);
    let totals = Figures { calls: 3, input: 30, output: 20, total: 50, cost: 0.5, errors: 1 };

    let expected = json!({
        "llm/model": "gpt-5-mini-2026", "llm/input_tokens": 12, "llm/output_tokens": 8,
        "llm/total_tokens": 20, "llm/cache_read_tokens": 4, "llm/reasoning_tokens": 2,
        "llm/cost_usd": 0.25, "llm/latency_s": 2.5, "llm/first_token_s": 0.5,
        "llm/tokens_per_s": 4.0, "llm/failed": 0,
        "total/calls": 3, "total/input_tokens": 30, "total/output_tokens": 20,
        "total/tokens": 50, "total/cost_usd": 0.5, "total/errors": 1,
    });
    assert_eq!(object(call(&chat, Kind::Llm, Counts::Call, &totals)), expected);
}

/// A zero would be drawn.
#[test]
fn what_is_not_known_is_absent_and_a_failed_call_is_a_one() {
    let mut embed = event(EventType::EMBEDDING, "embed", 1, 0);
    embed.outcome = Outcome::Error;
    let row = object(call(&embed, Kind::Embedding, Counts::Call, &Figures::default()));
    let row = row.as_object().unwrap();
    let own: Vec<_> = row.keys().filter(|name| !name.starts_with("total/")).collect();
    assert_eq!(own, ["embedding/failed", "embedding/latency_s"]);
    assert_eq!(row["embedding/failed"], 1);
    assert!(!row.contains_key("total/cost_usd"));
}

#[test]
fn a_wrapper_that_only_knows_tokens_has_no_latency_of_a_call() {
    let mut chat = event(EventType::LLM, "chat", 1, 0);
    chat.payload.usage = Some(Usage::new(1, 1));
    let row = object(call(&chat, Kind::Llm, Counts::Tokens, &Figures::default()));
    assert_eq!(row["llm/total_tokens"], 2);
    assert_eq!(row["llm/latency_s"], Value::Null);
}

#[test]
fn a_trace_shows_its_time_its_sums_and_where_the_time_went() {
    let mut tree = Tree::new("query".into(), TraceId::FIRST, START, START + Duration::from_secs(2));
    tree.figures = Figures { calls: 2, total: 30, errors: 1, ..Figures::default() };
    tree.stages.insert("retrieve", Duration::from_millis(250));
    let row = object(trace(&tree, &Figures::default()));
    let own = row.as_object().unwrap().iter().filter(|(name, _)| !name.starts_with("total/"));
    let own: Map<String, Value> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    let expected = json!({
        "trace/name": "query", "trace/latency_s": 2.0, "trace/failed": 0, "trace/calls": 2,
        "trace/tokens": 30, "trace/errors": 1, "stage/retrieve_s": 0.25,
    });
    assert_eq!(Value::Object(own), expected);
}
