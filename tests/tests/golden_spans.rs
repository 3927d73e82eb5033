//! Recorded runs of LlamaIndex, re-enacted with real spans: see `golden/README.md`.

use std::time::Duration;

use serde_json::Value;
use tracing_llm::{EventType, Outcome};
use tracing_llm_debug::{EventPair, TimeInfo};
use tracing_llm_tests::golden::{Callback, Form, Reenacted, Scenario, reenact};

/// Where the original made events in a second callback manager and then left them out.
const LEFT_OUT_CHUNKING: [&str; 13] = [
    "accumulate_use_async_interleaved",
    "aquery_gather3_inside_one_trace",
    "chat_engine_context",
    "debug_ignore_embedding_and_llm",
    "debug_ignore_retrieve_only_parent",
    "exception_llm_inside_callback",
    "query_compact",
    "query_refine",
    "query_streaming_compact",
    "query_tree_summarize_multilevel",
    "sub_question_async",
    "sub_question_sync",
    "tree_index_build",
];

/// Where nobody started a trace, and the original printed nothing.
const WITHOUT_TRACE: [&str; 3] =
    ["embedding_async_batch", "embedding_batch_of_23_default_batch10", "ingestion_pipeline"];

fn in_both_forms(check: impl Fn(&Scenario, &Reenacted)) {
    let scenarios = Scenario::all();
    assert_eq!(scenarios.len(), 20);
    for scenario in &scenarios {
        for form in [Form::Filtered, Form::Plain] {
            check(scenario, &reenact(scenario, form));
        }
    }
}

#[test]
fn real_spans_print_the_recorded_text_or_the_corrected_one() {
    in_both_forms(|scenario, reenacted| {
        let expected = scenario.corrected_text().unwrap_or_else(|| scenario.recorded_text());
        assert_eq!(reenacted.text, expected, "{}", scenario.name());
    });
}

#[test]
fn real_spans_give_the_recorded_statistics_or_the_corrected_ones() {
    in_both_forms(|scenario, reenacted| {
        let Reenacted { debug, ids, .. } = reenacted;
        let stats = scenario.stats();
        assert_time_info(&debug.time_info(None), &stats["all"], scenario);

        let by_type = stats["by_type"].as_object().unwrap();
        assert_eq!(debug.event_pairs_by_type().len(), by_type.len(), "{}", scenario.name());
        for (value, expected) in by_type {
            let event_type = EventType::from_value(value).unwrap();
            assert_time_info(&debug.time_info(event_type), expected, scenario);
            let pairs = debug.event_pairs(event_type);
            let names = pairs.iter().map(|pair| Value::from(&*ids[&pair.event().span_id]));
            let sizes = pairs.iter().map(|pair| pair.start().iter().chain(&pair.end()).count());
            let list = |key: &str| expected[key].as_array().unwrap().clone();
            assert_eq!(names.collect::<Vec<_>>(), list("pair_ids"), "{}", scenario.name());
            assert_eq!(sizes.map(Value::from).collect::<Vec<_>>(), list("pair_sizes"));
        }
        let calls = debug.llm_inputs_outputs().len();
        assert_eq!(calls as u64, stats["n_llm_inputs_outputs"], "{}", scenario.name());
    });
}

/// Ours are whole nanoseconds; the original's are floats.
#[track_caller]
fn assert_time_info(info: &TimeInfo, expected: &Value, scenario: &Scenario) {
    let seconds = |key: &str| Duration::from_secs_f64(expected[key].as_f64().unwrap());
    assert_eq!(info.total, seconds("total_secs"), "{}", scenario.name());
    assert_eq!(info.average, seconds("average_secs"), "{}", scenario.name());
    assert_eq!(info.count as u64, expected["total_count"], "{}", scenario.name());
}

#[test]
fn every_start_and_end_is_delivered_and_nothing_is_late() {
    in_both_forms(|scenario, reenacted| {
        let started = reenacted.ids.len() as u64;
        let stats = &reenacted.stats;
        assert_eq!((stats.starts, stats.ends), (started, started), "{}", scenario.name());
        assert_eq!((stats.late, stats.failures, stats.dropped_events), (0, 0, 0));
    });
}

#[test]
fn only_the_call_that_failed_has_the_outcome_error() {
    in_both_forms(|scenario, reenacted| {
        let fails = scenario.callbacks().into_iter().filter_map(|callback| match callback {
            Callback::End { event_id, payload_keys, .. } => {
                payload_keys?.iter().any(|key| key == "exception").then_some(event_id)
            }
            _ => None,
        });
        let pairs = reenacted.debug.event_pairs(None);
        let failed = pairs.iter().map(EventPair::event).filter(|event| {
            let is_error = event.outcome == Outcome::Error;
            assert_eq!(is_error, event.payload.exception.is_some());
            is_error
        });
        let failed: Vec<&str> = failed.map(|event| &*reenacted.ids[&event.span_id]).collect();
        assert_eq!(failed, fails.collect::<Vec<_>>(), "{}", scenario.name());
    });
}

#[test]
fn the_streamed_answer_holds_its_trace_open_and_keeps_the_end_of_its_events() {
    let scenarios = Scenario::all();
    let scenario =
        scenarios.iter().find(|scenario| scenario.name() == "query_streaming_compact").unwrap();
    let Reenacted { debug, ids, .. } = reenact(scenario, Form::Filtered);
    let only = |event_type| {
        let pairs = debug.event_pairs(event_type);
        assert_eq!(pairs.len(), 1);
        pairs[0].event().clone()
    };
    let (synthesize, llm) = (only(EventType::SYNTHESIZE), only(EventType::LLM));
    assert_eq!(ids[&llm.parent_id.unwrap()], "e9");
    assert!(llm.start > synthesize.end());
    assert_eq!(llm.trace_name, *"query");
}

#[test]
fn a_corrected_answer_lies_beside_each_recorded_one_with_a_defect_and_no_other() {
    for scenario in Scenario::all() {
        let (name, recorded) = (scenario.name(), scenario.recorded_text());
        let corrected = scenario.corrected_text();
        if WITHOUT_TRACE.contains(&name) {
            assert!(recorded.is_empty() && corrected.is_some(), "{name}");
        } else if !LEFT_OUT_CHUNKING.contains(&name) {
            assert_eq!(corrected, None, "{name}");
        } else if ["exception_llm_inside_callback", "query_streaming_compact"].contains(&name) {
            assert_ne!(corrected.unwrap(), recorded, "{name}");
        } else {
            // Nothing but lines of CHUNKING was added.
            let corrected = corrected.unwrap();
            let mut recorded = recorded.lines().peekable();
            let added = corrected.lines().filter(|line| recorded.next_if_eq(line).is_none());
            let added: Vec<&str> = added.collect();
            assert!(recorded.next().is_none() && !added.is_empty(), "{name}");
            assert!(added.iter().all(|line| line.contains("CBEventType.CHUNKING")), "{name}");
        }
    }
}
