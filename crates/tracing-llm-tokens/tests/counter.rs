//! The counter as handler and as enricher, on events as the layer delivers them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers may panic")]

use std::sync::Arc;

use tracing_llm::{
    Content, Enricher, Event, EventType, Handler, HandlerExt, Message, Outcome, SpanId,
    StreamProgress, Timestamp, Trace, TraceId, Usage,
};
use tracing_llm_tokens::{CountResult, CountedWith, TokenCounter, Tokenizer};

/// A counter with one token a word.
fn counter() -> TokenCounter {
    TokenCounter::new().tokenizer(|text: &str| text.split_whitespace().count())
}

fn trace(number: u128) -> TraceId {
    TraceId::new(number).unwrap()
}

fn span(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// An event of the first trace.
fn event(event_type: EventType, number: u64, parent: Option<u64>) -> Event {
    let mut event = Event::with_ids(event_type, "event", trace(1), span(number));
    event.parent_id = parent.map(span);
    event
}

fn call(number: u64, parent: Option<u64>, usage: Option<Usage>) -> Event {
    let mut event = event(EventType::LLM, number, parent);
    event.payload.model = Some("gpt-5-mini".into());
    event.payload.usage = usage;
    event
}

fn start(counter: &mut TokenCounter, event: &Event) {
    counter.on_start(&Arc::new(event.clone())).unwrap();
}

fn end(counter: &mut TokenCounter, event: Event) {
    counter.on_end(&Arc::new(event)).unwrap();
}

/// As the worker does: first the enricher, then the handlers.
fn enrich_and_end(counter: &mut TokenCounter, mut event: Event) -> Event {
    counter.enrich(&mut event);
    end(counter, event.clone());
    event
}

fn ids(counter: &TokenCounter) -> Vec<u64> {
    counter.records().iter().map(|record| record.span_id.get()).collect()
}

#[test]
fn the_four_totals_are_those_of_the_calls() {
    let mut counter = counter();
    end(&mut counter, call(1, None, Some(Usage::new(11, 7))));
    end(&mut counter, call(2, None, Some(Usage::new(100, 50))));
    let mut embedding = event(EventType::EMBEDDING, 3, None);
    embedding.payload.chunks = ["one two".into(), "three".into()].into();
    end(&mut counter, embedding);

    assert_eq!(counter.prompt_tokens(), 111);
    assert_eq!(counter.completion_tokens(), 57);
    assert_eq!(counter.total_llm_tokens(), 168);
    assert_eq!(counter.embedding_tokens(), 3);
    assert_eq!(counter.calls(), 3);
    assert_eq!(ids(&counter), [1, 2, 3]);
    let [first, .., last] = &counter.records()[..] else { panic!("three records") };
    assert_eq!((first.trace_id, first.model.as_deref()), (trace(1), Some("gpt-5-mini")));
    assert_eq!((first.usage, first.usage.estimated), (Usage::new(11, 7), false));
    assert!(last.usage.estimated);
}

#[test]
fn the_enricher_fills_in_what_is_missing_for_all_handlers_to_see() {
    let mut counter = counter();
    let mut event = call(1, None, None);
    event.payload.prompt = Some("say hello to the world".into());
    event.payload.completion = Some("hello world".into());
    let enriched = enrich_and_end(&mut counter, event);

    let usage = enriched.payload.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.estimated), (Some(5), Some(2), true));
    assert_eq!((counter.prompt_tokens(), counter.completion_tokens()), (5, 2));
    assert_eq!(counter.report().llm.estimated_calls, 1);
}

#[test]
fn as_a_handler_alone_it_counts_by_itself_and_leaves_the_event_as_it_is() {
    let mut counter = counter();
    let mut event = call(1, None, None);
    event.payload.messages = [Message::user("say hello to the world")].into();
    event.payload.replies = [Message::assistant("hello world")].into();
    let event = Arc::new(event);
    let before = (*event).clone();
    counter.on_end(&event).unwrap();

    assert_eq!((counter.prompt_tokens(), counter.completion_tokens()), (3 + 1 + 5 + 3, 2));
    assert_eq!(*event, before);
}

#[test]
fn clones_share_their_sums() {
    let counter = counter();
    end(&mut counter.clone(), call(1, None, Some(Usage::new(11, 7))));
    assert_eq!(counter.total_llm_tokens(), 18);
}

#[test]
fn only_model_and_embedding_calls_count_whatever_others_report() {
    let mut counter = counter();
    for (number, event_type) in (1..).zip(EventType::ALL) {
        if !matches!(*event_type, EventType::LLM | EventType::EMBEDDING) {
            let mut event = event(*event_type, number, None);
            event.payload.usage = Some(Usage::new(11, 7));
            event.payload.query = Some("one two".into());
            let enriched = enrich_and_end(&mut counter, event.clone());
            assert_eq!(enriched, event);
        }
    }
    assert_eq!(counter.calls(), 0);
    assert_eq!(counter.report().to_string(), "no LLM or embedding calls\n");
}

/// A wrapper (1) with a stage in it (2) and two calls in that (3 and 4), which the wrapper repeats.
fn wrapped() -> [Event; 4] {
    [
        call(1, None, Some(Usage::new(30, 12))),
        event(EventType::CHAIN, 2, Some(1)),
        call(3, Some(2), Some(Usage::new(10, 4))),
        call(4, Some(2), Some(Usage::new(20, 8))),
    ]
}

#[test]
fn a_wrapper_does_not_count_again_whichever_ends_first() {
    let orders = [[3, 2, 1, 0], [0, 1, 2, 3], [2, 0, 3, 1], [1, 3, 0, 2]];
    for order in orders {
        let mut counter = counter();
        let events = wrapped();
        for event in &events {
            start(&mut counter, event);
        }
        for at in order {
            end(&mut counter, events[at].clone());
        }
        assert_eq!((counter.prompt_tokens(), counter.completion_tokens()), (30, 12), "{order:?}");
        assert_eq!(counter.calls(), 2, "{order:?}");
        let mut counted = ids(&counter);
        counted.sort_unstable();
        assert_eq!(counted, [3, 4], "{order:?}");
    }
}

#[test]
fn a_wrapper_does_not_count_again_where_no_start_was_seen() {
    let mut counter = counter().ignore_starts(EventType::ALL.iter().copied());
    for event in wrapped() {
        let event = Arc::new(event);
        counter.on_start(&event).unwrap();
        counter.on_end(&event).unwrap();
    }
    assert_eq!(counter.into_inner().calls(), 2);
}

#[test]
fn a_wrapper_that_reports_what_its_calls_do_not_counts_for_them() {
    let mut counter = counter();
    let mut inner = call(2, Some(1), None);
    inner.payload.prompt = Some("say hello to the world".into());
    end(&mut counter, inner);
    assert_eq!((counter.prompt_tokens(), counter.report().llm.estimated_calls), (5, 1));
    end(&mut counter, call(1, None, Some(Usage::new(11, 7))));
    assert_eq!((counter.prompt_tokens(), counter.report().llm.estimated_calls), (11, 0));
    assert_eq!(ids(&counter), [1]);
}

#[test]
fn a_wrapper_whose_calls_have_a_usage_is_not_filled_in() {
    let mut counter = counter();
    let texts = |mut event: Event| {
        event.payload.prompt = Some("say hello to the world".into());
        event.payload.completion = Some("hello world".into());
        event
    };
    let inner = enrich_and_end(&mut counter, texts(call(3, Some(2), None)));
    enrich_and_end(&mut counter, event(EventType::CHAIN, 2, Some(1)));
    let wrapper = enrich_and_end(&mut counter, texts(call(1, None, None)));
    assert!(inner.payload.usage.is_some());
    assert_eq!(wrapper.payload.usage, None);
    assert_eq!((counter.prompt_tokens(), counter.calls()), (5, 1));

    // The next trace has nothing to do with it.
    let next = enrich_and_end(&mut counter, texts(call(1, None, None)));
    assert!(next.payload.usage.is_some());
}

#[test]
fn the_texts_of_a_wrapper_whose_calls_report_are_not_even_counted() {
    let mut counter =
        TokenCounter::new().tokenizer(|_: &str| -> usize { panic!("nothing is to be counted") });
    end(&mut counter, call(2, Some(1), Some(Usage::new(10, 4))));
    let mut wrapper = call(1, None, None);
    wrapper.payload.prompt = Some("say hello to the world".into());
    end(&mut counter, wrapper);
    assert_eq!((counter.total_llm_tokens(), counter.calls()), (14, 1));
}

#[test]
fn an_embedding_inside_a_model_call_counts_beside_it() {
    let mut counter = counter();
    let mut embedding = event(EventType::EMBEDDING, 2, Some(1));
    embedding.payload.usage = Some(Usage::of_input(5));
    end(&mut counter, embedding);
    end(&mut counter, call(1, None, Some(Usage::new(11, 7))));
    assert_eq!((counter.total_llm_tokens(), counter.embedding_tokens()), (18, 5));
}

#[test]
fn a_failed_call_is_a_call_without_tokens_unless_it_was_reported() {
    let mut counter = counter();
    let mut failed = call(1, None, None);
    failed.outcome = Outcome::Error;
    failed.payload.messages = [Message::user("say hello to the world")].into();
    let enriched = enrich_and_end(&mut counter, failed.clone());
    assert_eq!(enriched.payload.usage, None);
    assert_eq!((counter.calls(), counter.total_llm_tokens()), (1, 0));
    assert_eq!(counter.report().llm.unknown_calls, 1);

    failed.payload.usage = Some(Usage::new(11, 0));
    enrich_and_end(&mut counter, failed);
    assert_eq!((counter.calls(), counter.total_llm_tokens()), (2, 11));
}

#[test]
fn an_abandoned_stream_counts_what_was_received_and_is_estimated() {
    let mut counter = counter();
    let mut event = call(1, None, Some(Usage::new(25, 1)));
    event.outcome = Outcome::Cancelled;
    event.payload.response = Some("one two three".into());
    let mut stream = StreamProgress::default();
    stream.chunks = 3;
    event.payload.stream = Some(stream);
    let enriched = enrich_and_end(&mut counter, event).payload.usage.unwrap();
    assert_eq!((enriched.input, enriched.output, enriched.estimated), (Some(25), Some(3), true));
    assert_eq!((counter.prompt_tokens(), counter.completion_tokens()), (25, 3));
    assert_eq!(counter.report().llm.estimated, 28);
}

#[test]
fn a_total_without_its_parts_is_the_total() {
    let mut counter = counter();
    let usage = Usage::from_json(&serde_json::json!({"usage": {"total_tokens": 18}}));
    let mut event = call(1, None, usage);
    event.payload.prompt = Some("say hello to the world".into());
    enrich_and_end(&mut counter, event);
    end(&mut counter, call(2, None, usage));
    assert_eq!(counter.total_llm_tokens(), 36);
    assert_eq!((counter.prompt_tokens(), counter.completion_tokens()), (5, 13));
}

#[test]
fn a_reset_begins_anew() {
    let mut counter = counter();
    end(&mut counter, call(1, None, Some(Usage::new(30, 12))));
    let before = counter.reset();
    assert_eq!((before.llm.calls, before.llm.total, before.rows.len()), (1, 42, 1));
    assert_eq!((counter.calls(), counter.total_llm_tokens()), (0, 0));
    assert!(counter.records().is_empty());
    // The wrapper is taken back no more: it does not count since the reset.
    end(&mut counter, call(2, Some(1), Some(Usage::new(10, 4))));
    assert_eq!((counter.calls(), counter.total_llm_tokens()), (1, 14));
}

#[test]
fn only_as_many_records_are_kept_as_wanted() {
    let mut counter = counter().record_limit(2);
    for number in 1..=5 {
        end(&mut counter, call(number, None, Some(Usage::new(1, 1))));
    }
    assert_eq!(ids(&counter), [4, 5]);
    assert_eq!(counter.calls(), 5);
}

#[test]
fn the_same_event_twice_counts_twice() {
    // A replay, or a program's own test, gives every event the same id.
    let mut counter = counter();
    for _ in 0..3 {
        end(&mut counter, call(1, None, Some(Usage::new(11, 7))));
    }
    assert_eq!(counter.total_llm_tokens(), 54);
}

#[test]
fn two_traces_under_one_id_do_not_disturb_each_other() {
    // Two requests of one upstream trace, in this process at the same time.
    let mut counter = counter();
    start(&mut counter, &call(1, None, None));
    start(&mut counter, &call(2, Some(1), None));
    end(&mut counter, call(2, Some(1), Some(Usage::new(10, 4))));

    let other = call(11, None, Some(Usage::new(1, 1)));
    start(&mut counter, &other);
    end(&mut counter, other);
    let mut ended = Trace::new(trace(1), "llm", Timestamp::default());
    ended.map.insert(None, span(11));
    counter.on_trace_end(&Arc::new(ended)).unwrap();

    end(&mut counter, call(1, None, Some(Usage::new(10, 4))));
    assert_eq!(ids(&counter), [2, 11]);
}

struct Broken;

impl Tokenizer for Broken {
    fn count(&self, _: Option<&str>, _: &str) -> CountResult {
        Err("no vocabulary".into())
    }
}

#[test]
fn a_tokenizer_that_fails_is_told_and_the_rest_is_counted() {
    let mut counter = TokenCounter::new().tokenizer(Broken);
    let mut reported = Usage::default();
    reported.output = Some(7);
    let mut event = call(1, None, Some(reported));
    event.payload.prompt = Some("say hello to the world".into());
    counter.enrich(&mut event);
    assert_eq!(event.payload.usage, Some(reported));
    let error = counter.on_end(&Arc::new(event)).unwrap_err();
    assert_eq!(error.to_string(), "no vocabulary");
    assert_eq!((counter.calls(), counter.completion_tokens()), (1, 7));
}

#[test]
fn a_tokenizer_that_panics_leaves_a_counter_that_counts() {
    let mut counter = TokenCounter::new().tokenizer(|_: &str| -> usize { panic!("broken") });
    let mut event = call(1, None, None);
    event.payload.prompt = Some("say hello to the world".into());
    let event = Arc::new(event);
    let told = counter.on_end(&event).unwrap_err().to_string();
    assert_eq!(told, "the tokenizer panicked: broken");
    end(&mut counter, call(2, None, Some(Usage::new(11, 7))));
    assert_eq!((counter.total_llm_tokens(), counter.calls()), (18, 2));
}

#[test]
fn reports_are_whole_while_events_come_in() {
    const THREADS: u64 = 8;
    const CALLS: u64 = 500;
    let counter = counter();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let mut counter = counter.clone();
                scope.spawn(move || {
                    for number in 0..CALLS {
                        let wrapper = 1 + 2 * (thread * CALLS + number);
                        // Of each pair one counts, whichever ends first.
                        let pair = [
                            call(wrapper, None, Some(Usage::new(2, 1))),
                            call(wrapper + 1, Some(wrapper), Some(Usage::new(2, 1))),
                        ];
                        let [first, second] = if number % 2 == 0 { [0, 1] } else { [1, 0] };
                        end(&mut counter, pair[first].clone());
                        end(&mut counter, pair[second].clone());
                    }
                })
            })
            .collect();
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let report = counter.report();
            assert_eq!(report.llm.total, report.llm.calls * 3);
            assert_eq!(report.llm.input, report.llm.output * 2);
            assert_eq!(report.rows.iter().map(|row| row.sums.total).sum::<u64>(), report.llm.total);
        }
    });
    assert_eq!(counter.calls(), THREADS * CALLS);
    assert_eq!(counter.total_llm_tokens(), THREADS * CALLS * 3);
}

#[test]
fn resets_while_events_come_in_lose_nothing_twice() {
    let counter = counter();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let mut counter = counter.clone();
            scope.spawn(move || {
                for number in 0..500 {
                    let wrapper = 1 + 2 * (thread * 500 + number);
                    end(&mut counter, call(wrapper, None, Some(Usage::new(2, 1))));
                    end(&mut counter, call(wrapper + 1, Some(wrapper), Some(Usage::new(2, 1))));
                }
            });
        }
        for _ in 0..100 {
            counter.reset();
            let report = counter.report();
            // A subtraction of what was counted before the reset would show here.
            assert_eq!(report.llm.total, report.llm.calls * 3);
            assert!(report.llm.calls <= 4_000);
        }
    });
}

#[test]
fn a_record_says_which_encoding_counted_it_and_whether_that_is_its_model_s_own() {
    let mut tokens = TokenCounter::new().no_prices();
    for (number, model) in (1..).zip(["gpt-4o", "gpt-4", "my-own-7b", ""]) {
        let mut event = call(number, None, None);
        event.payload.model = Some(model.into());
        event.payload.prompt = Some("four words of text".into());
        enrich_and_end(&mut tokens, event);
    }
    end(&mut tokens, call(5, None, Some(Usage::new(11, 7))));
    let counted: Vec<_> = tokens.records().into_iter().map(|call| call.counted_with).collect();
    let fallback = Some(CountedWith::fallback("o200k_base"));
    assert_eq!(
        counted,
        [
            Some(CountedWith::own("o200k_base")),
            Some(CountedWith::own("cl100k_base")),
            fallback.clone(),
            fallback,
            None
        ]
    );
    let report = tokens.report();
    assert_eq!(report.to_json()["fallbacks"]["o200k_base"], 2);
    let note = "\ncounted with o200k_base for want of their own encoding: 2 calls\n";
    assert!(report.to_string().contains(note), "{report}");

    // A closure has no name for what it counts with.
    let mut own = counter();
    let mut event = call(1, None, None);
    event.payload.prompt = Some("four words of text".into());
    end(&mut own, event);
    let record = &own.records()[0];
    assert!(record.usage.estimated && record.counted_with.is_none());
}

/// One token a word, by a name.
struct Named(&'static str);

impl Tokenizer for Named {
    fn count(&self, _model: Option<&str>, text: &str) -> CountResult {
        Ok(text.split_whitespace().count())
    }

    fn counts_with(&self, _model: Option<&str>) -> Option<CountedWith> {
        Some(CountedWith::own(self.0))
    }
}

#[test]
fn what_others_have_estimated_is_not_said_to_be_counted_here() {
    let named = || TokenCounter::new().no_prices().tokenizer(Named("mine"));
    let counted_with = |tokens: &TokenCounter| {
        let record = tokens.records().pop().unwrap();
        assert!(record.usage.estimated, "{record:?}");
        record.counted_with
    };
    let texts = |usage: Option<Usage>| {
        let mut event = call(1, None, usage);
        event.payload.messages = [Message::user("four words of text")].into();
        event.payload.replies = [Message::assistant("two words")].into();
        event
    };
    let mut estimated = Usage::new(11, 7);
    estimated.estimated = true;

    // By the program itself.
    let mut tokens = named();
    enrich_and_end(&mut tokens, texts(Some(estimated)));
    assert_eq!(counted_with(&tokens), None);

    // By a counter that is another one.
    let (mut other, mut tokens) = (counter(), named());
    let mut event = texts(None);
    other.enrich(&mut event);
    enrich_and_end(&mut tokens, event);
    assert_eq!(counted_with(&tokens), None);

    // By the rules for pictures, without any text.
    let mut event = texts(Some(Usage::of_input(11)));
    let mut reply = Message::assistant("");
    reply.contents = [Content::image("https://example.com/cat.png")].into();
    event.payload.replies = [reply].into();
    let mut tokens = named();
    enrich_and_end(&mut tokens, event);
    assert_eq!(counted_with(&tokens), None);
}

#[test]
fn what_a_clone_has_counted_is_said_to_be_counted_with_its_tokenizer() {
    let mut tokens = TokenCounter::new().no_prices().tokenizer(Named("mine"));
    let mut clone = tokens.clone().tokenizer(Named("the clone's"));
    let mut event = call(1, None, None);
    event.payload.messages = [Message::user("four words of text")].into();
    clone.enrich(&mut event);
    end(&mut tokens, event);

    // Of what the program has estimated, the rest is counted here.
    let mut usage = Usage::of_input(11);
    usage.estimated = true;
    let mut event = call(2, None, Some(usage));
    event.payload.replies = [Message::assistant("two words")].into();
    end(&mut tokens, event);

    let counted: Vec<_> = tokens.records().into_iter().map(|call| call.counted_with).collect();
    assert_eq!(counted, [Some(CountedWith::own("the clone's")), Some(CountedWith::own("mine"))]);
}
