use std::time::Duration;

use serde_json::json;
use tracing_llm::{
    Cost, Event, EventType, Exception, Message, Outcome, SpanId, StreamProgress, TraceId, Usage,
};

use super::*;
use crate::encode::Node;

fn event(event_type: EventType, id: u64) -> Event {
    Event::with_ids(event_type, "stage", TraceId::FIRST, SpanId::new(id).unwrap())
}

fn llm(id: u64) -> Event {
    event(EventType::LLM, id)
}

fn priced(mut event: Event, tokens: u64) -> Event {
    event.payload.usage = Some(Usage::new(tokens, 1));
    let mut cost = Cost::default();
    cost.total = Some(0.25);
    event.payload.cost = Some(cost);
    event
}

/// One line a value: `name step context value`.
fn lines(tracks: &[Track]) -> Vec<String> {
    let line = |track: &Track| {
        let Node::Object(fields) = track.context.node() else { unreachable!() };
        let context: Vec<String> = fields
            .iter()
            .map(|(key, value)| match (Node::from(key.clone()), value) {
                (Node::Str(key), Node::Str(value)) => format!("{key}={value}"),
                (Node::Str(key), Node::Int(value)) => format!("{key}={value}"),
                other => panic!("{other:?}"),
            })
            .collect();
        let value = match &track.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Number(number) => number.to_string(),
        };
        format!("{} {} {} {value}", track.name, track.step, context.join(","))
    };
    tracks.iter().map(line).collect()
}

fn names(tracks: &[Track]) -> Vec<&'static str> {
    tracks.iter().map(|track| track.name).collect()
}

#[test]
fn a_call_has_its_texts_as_the_original_and_its_numbers_by_model() {
    let mut convert = Convert::new(true);
    convert.end(&llm(1));
    let mut call = llm(2);
    call.start = tracing_llm::Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
    call.elapsed = Duration::from_millis(1_500);
    call.payload.model = Some("gpt-5-mini".into());
    call.payload.messages = vec![Message::system("Be brief."), Message::user("Why?")].into();
    call.payload.replies = vec![Message::assistant("So.")].into();
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_millis(250));
    call.payload.stream = Some(stream);
    let tracks = convert.end(&priced(call, 12));
    let expected = [
        r#"prompt 1 event_id=0000000000000002 "system: Be brief.\nuser: Why?""#,
        r#"response 1 event_id=0000000000000002 "So.""#,
        "latency 1 event_type=llm,model=gpt-5-mini 1.5",
        "errors 1 event_type=llm,model=gpt-5-mini 0",
        "time_to_first_token 1 event_type=llm,model=gpt-5-mini 0.25",
        "tokens_input 1 event_type=llm,model=gpt-5-mini 12",
        "tokens_output 1 event_type=llm,model=gpt-5-mini 1",
        "tokens_total 1 event_type=llm,model=gpt-5-mini 13",
        "cost 1 event_type=llm,model=gpt-5-mini 0.25",
    ];
    assert_eq!(lines(&tracks), expected);
    assert!(tracks.iter().all(|track| track.time == 1_700_000_001.5));
}

#[test]
fn a_call_that_failed_is_tracked_as_failed() {
    let mut convert = Convert::new(true);
    let mut call = llm(1);
    call.payload.prompt = Some("Why?".into());
    call.outcome = Outcome::Error;
    call.payload.exception = Some(Exception::new("overloaded").with_kind("Api"));
    let tracks = lines(&convert.end(&call));
    assert_eq!(
        tracks,
        [
            r#"prompt 0 event_id=0000000000000001 "Why?""#,
            r#"error 0 event_type=llm,event_id=0000000000000001 "Api: overloaded""#,
            "latency 0 event_type=llm 0",
            "errors 0 event_type=llm 1",
        ]
    );
    let mut cancelled = llm(2);
    cancelled.outcome = Outcome::Cancelled;
    assert!(lines(&convert.end(&cancelled))[0].ends_with(r#""cancelled""#));
}

#[test]
fn an_error_that_passes_through_is_one_text_but_each_stage_failed() {
    let mut convert = Convert::new(true);
    let mut query = event(EventType::QUERY, 1);
    query.outcome = Outcome::Error;
    let mut exception = Exception::new("overloaded");
    exception.propagated = true;
    query.payload.exception = Some(exception);
    assert_eq!(
        lines(&convert.end(&query)),
        ["latency 0 event_type=query 0", "errors 0 event_type=query 1"]
    );
}

#[test]
fn chunks_are_numbered_by_the_calls_before_them() {
    let mut convert = Convert::new(true);
    convert.end(&llm(1));
    convert.end(&event(EventType::CHUNKING, 2));
    let mut split = event(EventType::CHUNKING, 3);
    split.payload.chunks = vec!["one".into(), "two".into()].into();
    let expected = [
        r#"chunk 1 chunk_id=0,event_id=0000000000000003 "one""#,
        r#"chunk 1 chunk_id=1,event_id=0000000000000003 "two""#,
        "latency 1 event_type=chunking 0",
        "errors 1 event_type=chunking 0",
    ];
    assert_eq!(lines(&convert.end(&split)), expected);
}

fn below(mut event: Event, parent: u64) -> Event {
    event.parent_id = SpanId::new(parent);
    event
}

/// Which of these have tokens, each ending before the one above it.
fn counted(stages: &[Event]) -> Vec<bool> {
    let mut convert = Convert::new(true);
    stages.iter().for_each(|stage| convert.start(stage));
    let ends = stages.iter().rev().map(|stage| names(&convert.end(stage)));
    let mut counted: Vec<bool> = ends.map(|names| names.contains(&"tokens_input")).collect();
    counted.reverse();
    counted
}

#[test]
fn tokens_and_cost_are_those_of_the_innermost_call() {
    let mut convert = Convert::new(true);
    // Two wrappers around a stage around a call, and a call beside it.
    let stages = [
        priced(llm(1), 10),
        below(priced(llm(2), 10), 1),
        below(event(EventType::TEMPLATING, 3), 2),
        below(priced(llm(4), 10), 3),
        below(priced(llm(5), 7), 1),
    ];
    stages.iter().for_each(|stage| convert.start(stage));
    let counted: Vec<bool> = [3, 2, 1, 4, 0]
        .map(|index| names(&convert.end(&stages[index])).contains(&"tokens_input"))
        .into();
    assert_eq!(counted, [true, false, false, true, false]);
    // What comes later under the same ids is no wrapper.
    assert!(names(&convert.end(&stages[0])).contains(&"cost"));
}

#[test]
fn a_call_repeats_no_call_of_another_kind_and_an_agent_repeats_any() {
    let stages = [
        priced(event(EventType::AGENT_STEP, 1), 13),
        below(priced(llm(2), 10), 1),
        below(event(EventType::RETRIEVE, 3), 2),
        below(priced(event(EventType::EMBEDDING, 4), 3), 3),
    ];
    assert_eq!(counted(&stages), [false, true, false, true]);
    // A wrapper around both is told apart from the call of another kind below it.
    let stages = [
        priced(llm(1), 10),
        below(priced(llm(2), 10), 1),
        below(priced(event(EventType::EMBEDDING, 3), 3), 2),
    ];
    assert_eq!(counted(&stages), [false, true, true]);
}

#[test]
fn a_wrapper_around_a_call_that_is_not_tracked_keeps_its_tokens() {
    let mut hidden = below(priced(llm(2), 10), 1);
    let mut context = tracing_llm::Context::default();
    context.suppressed = true;
    hidden.context = Arc::new(context);
    assert_eq!(counted(&[priced(llm(1), 10), hidden]), [true, false]);
}

#[test]
fn below_a_suppressed_span_nothing_is_tracked_or_numbered() {
    let mut convert = Convert::new(true);
    let mut hidden = llm(1);
    let mut context = tracing_llm::Context::default();
    context.suppressed = true;
    hidden.context = Arc::new(context);
    assert_eq!(convert.end(&hidden), []);
    assert_eq!(convert.end(&llm(2))[0].step, 0);
}

#[test]
fn without_texts_there_are_numbers_alone() {
    let mut call = llm(1);
    call.payload.prompt = Some("Why?".into());
    call.payload.exception = Some(Exception::new("overloaded"));
    assert_eq!(names(&Convert::new(false).end(&call)), ["latency", "errors"]);
}

#[test]
fn a_number_that_is_none_is_left_out() {
    let mut call = llm(1);
    let mut cost = Cost::default();
    cost.total = Some(f64::NAN);
    call.payload.cost = Some(cost);
    assert_eq!(names(&Convert::new(true).end(&call)), ["latency", "errors"]);
}

#[test]
fn models_beyond_a_bound_are_others() {
    let mut convert = Convert::new(true);
    let of_model = |convert: &mut Convert, name: String| {
        let mut call = llm(1);
        call.payload.model = Some(name.into());
        lines(&convert.end(&call))[0].clone()
    };
    for number in 0..256 {
        assert!(of_model(&mut convert, format!("m{number}")).contains(&format!("=m{number} ")));
    }
    assert!(of_model(&mut convert, "m256".into()).contains("model=other "));
    assert!(of_model(&mut convert, "m7".into()).contains("model=m7 "));
}

#[test]
fn a_text_that_is_too_long_is_cut_between_characters_and_counted() {
    let mut convert = Convert::new(true).with_text_bytes(4);
    let mut call = llm(1);
    call.payload.prompt = Some("äöü".into());
    call.payload.response = Some("four".into());
    call.payload.parameters = Some(json!({}));
    let tracks = lines(&convert.end(&call));
    assert!(tracks[0].ends_with(r#""äö… (2 bytes cut)""#), "{tracks:?}");
    assert!(tracks[1].ends_with(r#""four""#), "{tracks:?}");
    assert_eq!((convert.take_shortened(), convert.take_shortened()), (1, 0));
}
