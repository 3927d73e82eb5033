use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use tracing_llm::{
    Cost, Document, Event, EventType, Exception, Log as LogLine, Message, Payload, StreamProgress,
    Timestamp, Tool, ToolCall, Usage,
};

use super::*;
use crate::color::Paint;
use crate::fixture::Story;
use crate::log::Log;
use crate::record::Phase;

const PLAIN: Look = Look { paint: Paint(false), preview: 40 };

fn view(story: &Story, max_events: usize) -> TraceView {
    let mut log = Log::new(max_events, usize::MAX);
    for event in story.starts() {
        log.add(Phase::Start, &event, false);
    }
    for event in story.ends() {
        log.add(Phase::End, &event, false);
    }
    log.end_trace(&story.trace())
}

fn tree(story: &Story) -> String {
    trace(&view(story, 1_000), PLAIN)
}

fn one(event_type: EventType, name: &str, fill: impl FnOnce(&mut Event)) -> String {
    let mut story = Story::new("query", 0x8d0e_4736);
    story.event(0, event_type, name, fill);
    tree(&story)
}

fn pipeline() -> Story {
    let mut story = Story::new("query", 0x8d0e_4736);
    let query = story.event(0, EventType::QUERY, "answer", |event| {
        event.elapsed = Duration::from_millis(1_520);
        event.payload.query = Some("What does a Layer do?".into());
        event.payload.response = Some("A Layer observes spans and events.".into());
    });
    let retrieve = story.event(query, EventType::RETRIEVE, "retrieve", |event| {
        event.payload.query = Some("What does a Layer do?".into());
        event.payload.nodes = [Document::new("A Layer is …"), Document::new("Spans")].into();
    });
    story.event(retrieve, EventType::EMBEDDING, "embed", |event| {
        event.payload.model = Some("text-embedding-3-small".into());
        event.payload.usage = Some(Usage::of_input(6));
        event.payload.usage.as_mut().unwrap().estimated = true;
    });
    let synthesize = story.event(query, EventType::SYNTHESIZE, "synthesize", |_| ());
    story.event(synthesize, EventType::TEMPLATING, "templating", |event| {
        event.elapsed = Duration::from_micros(32);
    });
    story.event(synthesize, EventType::LLM, "chat", |event| {
        event.elapsed = Duration::from_millis(1_395);
        let payload = &mut event.payload;
        payload.model = Some("gpt-5-mini".into());
        payload.messages = [Message::system("Be brief."), Message::user("What does it do?")].into();
        payload.replies = [Message::assistant("A Layer observes spans and events.")].into();
        payload.usage = Some(Usage::new(1_120, 30));
        let mut cost = Cost::default();
        cost.total = Some(0.0021);
        payload.cost = Some(cost);
        let mut stream = StreamProgress::default();
        stream.first_token = Some(Duration::from_millis(230));
        payload.stream = Some(stream);
    });
    story
}

#[test]
fn a_pipeline_is_a_tree_that_is_easy_to_read() {
    assert_snapshot!(tree(&pipeline()), @"
    ● query  8d0e4736  1.52 s  6 events
    └─ QUERY  answer  1.52 s
       │ What does a Layer do? → A Layer observes spans and events.
       ├─ RETRIEVE  120 ms
       │  │ What does a Layer do? → 2 nodes: A Layer is …
       │  └─ EMBEDDING  embed  text-embedding-3-small  120 ms  ~6 tokens in
       └─ SYNTHESIZE  120 ms
          ├─ TEMPLATING  32.0 µs
          └─ LLM  chat  gpt-5-mini  1.40 s  1,120 → 30 tokens  $0.0021  first token 230 ms
               What does it do? → A Layer observes spans and events.
    ");
}

#[test]
fn without_previews_each_event_has_one_line() {
    let text = trace(&view(&pipeline(), 1_000), Look { preview: 0, ..PLAIN });
    assert_snapshot!(text, @"
    ● query  8d0e4736  1.52 s  6 events
    └─ QUERY  answer  1.52 s
       ├─ RETRIEVE  120 ms
       │  └─ EMBEDDING  embed  text-embedding-3-small  120 ms  ~6 tokens in
       └─ SYNTHESIZE  120 ms
          ├─ TEMPLATING  32.0 µs
          └─ LLM  chat  gpt-5-mini  1.40 s  1,120 → 30 tokens  $0.0021  first token 230 ms
    ");
}

#[test]
fn in_colour_the_words_and_signs_are_the_same() {
    let mut story = pipeline();
    story.event(1, EventType::FUNCTION_CALL, "search", |event| {
        event.outcome = Outcome::Error;
        event.payload.exception = Some(Exception::new("no route"));
    });
    let text = trace(&view(&story, 1_000), Look { paint: Paint(true), ..PLAIN });
    assert_snapshot!(text.replace('\u{1b}', "<ESC>"), @"
    ● <ESC>[1mquery<ESC>[0m  <ESC>[2m8d0e4736<ESC>[0m  <ESC>[32m1.52 s<ESC>[0m  7 events  <ESC>[1;31m✗ 1 error<ESC>[0m
    <ESC>[2m└─ <ESC>[0m<ESC>[1mQUERY<ESC>[0m  answer  <ESC>[32m1.52 s<ESC>[0m
    <ESC>[2m   │ What does a Layer do? → A Layer observes spans and events.<ESC>[0m
    <ESC>[2m   ├─ <ESC>[0m<ESC>[1mRETRIEVE<ESC>[0m  <ESC>[32m120 ms<ESC>[0m
    <ESC>[2m   │  │ What does a Layer do? → 2 nodes: A Layer is …<ESC>[0m
    <ESC>[2m   │  └─ <ESC>[0m<ESC>[1mEMBEDDING<ESC>[0m  embed  <ESC>[36mtext-embedding-3-small<ESC>[0m  <ESC>[32m120 ms<ESC>[0m  ~6 tokens in
    <ESC>[2m   ├─ <ESC>[0m<ESC>[1mSYNTHESIZE<ESC>[0m  <ESC>[32m120 ms<ESC>[0m
    <ESC>[2m   │  ├─ <ESC>[0m<ESC>[1mTEMPLATING<ESC>[0m  <ESC>[32m32.0 µs<ESC>[0m
    <ESC>[2m   │  └─ <ESC>[0m<ESC>[1mLLM<ESC>[0m  chat  <ESC>[36mgpt-5-mini<ESC>[0m  <ESC>[32m1.40 s<ESC>[0m  1,120 → 30 tokens  $0.0021  first token 230 ms
    <ESC>[2m   │       What does it do? → A Layer observes spans and events.<ESC>[0m
    <ESC>[2m   └─ <ESC>[0m<ESC>[1mFUNCTION_CALL<ESC>[0m  search  <ESC>[32m120 ms<ESC>[0m  <ESC>[1;31m✗ error: no route<ESC>[0m
    ");

    let mut plain = String::new();
    for part in text.split("\u{1b}[") {
        plain += part.split_once('m').filter(|(codes, _)| codes.len() < 6).map_or(part, |(_, p)| p);
    }
    assert_eq!(plain, tree(&story));
}

#[test]
fn what_went_wrong_is_marked_with_sign_and_word() {
    let mut story = Story::new("query", 0x8d0e_4736);
    let query = story.event(0, EventType::QUERY, "answer", |event| {
        event.outcome = Outcome::Error;
        let mut exception = Exception::new("the model is overloaded");
        exception.propagated = true;
        event.payload.exception = Some(exception);
    });
    story.event(query, EventType::LLM, "chat", |event| {
        event.outcome = Outcome::Error;
        let exception = Exception::new("the model is overloaded").with_kind("Overloaded");
        event.payload.exception = Some(exception);
    });
    story.event(query, EventType::LLM, "chat", |event| event.outcome = Outcome::Error);
    story.event(query, EventType::LLM, "chat", |event| event.outcome = Outcome::Cancelled);
    story.event(query, EventType::LLM, "chat", |event| event.outcome = Outcome::Incomplete);
    story.event(query, EventType::LLM, "chat", |event| {
        event.outcome = Outcome::Ok;
        event.logs = vec![LogLine::new(Timestamp::default(), "retrying")];
        event.lost_bytes = 1_200_000;
    });
    assert_snapshot!(tree(&story), @"
    ● query  8d0e4736  1.52 s  6 events  ✗ 2 errors  ⊘ 1 cancelled  ◌ 1 incomplete
    └─ QUERY  answer  120 ms  ✗ error from below
       ├─ LLM  chat  120 ms  ✗ error: Overloaded: the model is overloaded
       ├─ LLM  chat  120 ms  ✗ error
       ├─ LLM  chat  120 ms  ⊘ cancelled
       ├─ LLM  chat  120 ms  ◌ incomplete
       └─ LLM  chat  120 ms  ⚠ 1 error logged  ⚠ 1.20 MB of text lost
    ");
}

#[test]
fn an_event_whose_end_is_not_kept_says_so() {
    let mut story = Story::new("query", 1);
    story.event(0, EventType::QUERY, "answer", |_| ());
    let mut log = Log::new(10, usize::MAX);
    for event in story.starts() {
        log.add(Phase::Start, &event, false);
    }
    assert_snapshot!(trace(&log.end_trace(&story.trace()), PLAIN), @"
    ● query  00000001  1.52 s  1 event
    └─ QUERY  answer  ◌ no end
    ");
}

#[test]
fn a_trace_that_has_not_ended_says_so() {
    let story = pipeline();
    let mut log = Log::new(100, usize::MAX);
    for event in story.starts().take(3) {
        log.add(Phase::Start, &event, false);
    }
    let unfinished = log.end_unfinished();
    assert_eq!(unfinished.len(), 1);
    assert_snapshot!(trace(&unfinished[0], Look { preview: 0, ..PLAIN }), @"
    ◌ query  8d0e4736  unfinished  3 events
    └─ QUERY  answer  ◌ no end
       └─ RETRIEVE  ◌ no end
          └─ EMBEDDING  embed  text-embedding-3-small  ◌ no end  ~6 tokens in
    ");
}

#[test]
fn a_name_is_shown_where_it_says_more_than_the_type() {
    let call = |event: &mut Event| {
        event.payload.tool = Some(Tool::new("search"));
        event.payload.function_call = Some(ToolCall::new("search", r#"{"q":"span"}"#));
        event.payload.function_output = Some("3 hits".into());
    };
    assert_snapshot!(one(EventType::FUNCTION_CALL, "function-call", call), @r#"
    ● query  8d0e4736  1.52 s  1 event
    └─ FUNCTION_CALL  search  120 ms
         search({"q":"span"}) → 3 hits
    "#);
    assert_snapshot!(one(EventType::FUNCTION_CALL, "execute_tool", call), @r#"
    ● query  8d0e4736  1.52 s  1 event
    └─ FUNCTION_CALL  execute_tool  search  120 ms
         search({"q":"span"}) → 3 hits
    "#);
    assert_snapshot!(one(EventType::SUB_QUESTION, "SubQuestion", |_| ()), @"
    ● query  8d0e4736  1.52 s  1 event
    └─ SUB_QUESTION  120 ms
    ");
    assert_snapshot!(one(EventType::custom("PLAN"), "", |_| ()), @"
    ● query  8d0e4736  1.52 s  1 event
    └─ PLAN  120 ms
    ");
}

#[test]
fn control_characters_are_shown_and_not_executed() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\t\u{9b}31m\u{202e}txt.exe\u{2066}";
    let text = one(EventType::LLM, evil, |event| {
        event.payload.model = Some(evil.into());
        event.payload.prompt = Some(evil.into());
        event.payload.completion = Some("fine".into());
        event.outcome = Outcome::Error;
        event.payload.exception = Some(Exception::new(evil));
    });
    assert_snapshot!(text, @r"
    ● query  8d0e4736  1.52 s  1 event  ✗ 1 error
    └─ LLM  \u{1b}]0;owned\u{7}\u{1b}[2J\r\n\t\u{9b}31m\u{202e}txt.exe\u{2066}  \u{1b}]0;owned\u{7}\u{1b}[2J\r\n\t\u{9b}31m\u{202e}txt.exe\u{2066}  120 ms  ✗ error: \u{1b}]0;owned\u{7}\u{1b}[2J\r\n\t\u{9b}31m\u{202e}txt.exe\u{2066}
         \u{1b}]0;owned\u{7}\u{1b}[2J\r\n\t\u{9b}… → fine
    ");
}

#[test]
fn long_texts_are_cut_between_characters() {
    let text = one(EventType::LLM, &"n".repeat(500), |event| {
        event.payload.prompt = Some("über ".repeat(2_000_000).into());
        event.payload.completion = Some("👩‍💻".repeat(100).into());
    });
    assert_snapshot!(text, @"
    ● query  8d0e4736  1.52 s  1 event
    └─ LLM  nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…  120 ms
         über über über über über über über über … → 👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩…
    ");
}

#[test]
fn a_trace_with_more_events_than_are_kept_says_how_many_are_missing() {
    let mut story = pipeline();
    story.trace.map.omit();
    story.trace.map.omit();
    assert_snapshot!(trace(&view(&story, 4), Look { preview: 0, ..PLAIN }), @"
    ● query  8d0e4736  1.52 s  8 events
    ├─ QUERY  answer  1.52 s
    │  ├─ RETRIEVE  120 ms
    │  ├─ TEMPLATING  32.0 µs
    │  └─ LLM  chat  gpt-5-mini  1.40 s  1,120 → 30 tokens  $0.0021  first token 230 ms
    └─ ⋯ 4 events not shown
    ");
}

#[test]
fn a_trace_without_events_is_its_header() {
    assert_snapshot!(tree(&Story::new("index_construction", 1)), @"● index_construction  00000001  1.52 s  0 events");
}

#[test]
fn the_children_of_an_ignored_event_stand_below_the_next_one_above() {
    let story = pipeline();
    let mut log = Log::new(100, usize::MAX);
    for event in story.ends() {
        log.add(Phase::End, &event, event.event_type == EventType::SYNTHESIZE);
    }
    let text = trace(&log.end_trace(&story.trace()), Look { preview: 0, ..PLAIN });
    assert_snapshot!(text, @"
    ● query  8d0e4736  1.52 s  6 events
    └─ QUERY  answer  1.52 s
       ├─ RETRIEVE  120 ms
       │  └─ EMBEDDING  embed  text-embedding-3-small  120 ms  ~6 tokens in
       ├─ TEMPLATING  32.0 µs
       └─ LLM  chat  gpt-5-mini  1.40 s  1,120 → 30 tokens  $0.0021  first token 230 ms
    ");
}

#[test]
fn a_very_deep_tree_is_indented_to_a_limit() {
    let mut story = Story::new("deep", 1);
    for above in 0..10_000 {
        story.event(above, EventType::CHAIN, "chain", |_| ());
    }
    let text = trace(&view(&story, 20_000), PLAIN);
    assert_eq!(text.lines().count(), 10_001);
    assert!(text.len() < 4_000_000, "{}", text.len());
    let last = text.lines().last().unwrap();
    assert_eq!(last.trim_start(), "└─ (depth 9999)  CHAIN  120 ms");
}

proptest! {
    #[test]
    fn no_control_character_gets_out(text in "(?s).*", preview in 0_usize..100) {
        let mut story = Story::new(&text, 1);
        story.event(0, EventType::custom("A\u{1b}"), &text, |event| {
            event.outcome = Outcome::Error;
            let mut payload = Payload::default();
            payload.model = Some(text.as_str().into());
            payload.prompt = Some(text.as_str().into());
            payload.nodes = [Document::new(text.as_str())].into();
            payload.agent = Some(text.as_str().into());
            payload.exception = Some(Exception::new(text.as_str()).with_kind(text.as_str()));
            event.payload = payload;
        });
        let printed = trace(&view(&story, 10), Look { preview, ..PLAIN });
        prop_assert!(!printed.chars().any(|c| c != '\n' && crate::escape::is_control(c)));
        prop_assert!(printed.lines().count() <= 3);
    }

    #[test]
    fn each_kept_event_has_its_line_whatever_the_shape(parents in prop::collection::vec(0_u64..40, 1..40)) {
        let mut story = Story::new("shape", 1);
        for (number, parent) in (0_u64..).zip(&parents) {
            story.event(parent % (number + 1), EventType::CHAIN, "chain", |_| ());
        }
        let printed = tree(&story);
        prop_assert_eq!(printed.lines().count(), parents.len() + 1);
        // The last event of all is the last at each of its levels: nothing stays open.
        let last = printed.lines().last().unwrap();
        prop_assert!(last.trim_start().starts_with("└─ "), "{}", printed);
    }
}
