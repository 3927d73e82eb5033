//! The counter below the real layer: what redaction, sampling and pressure leave of the sums, and
//! budgets under calls at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use serde_json::json;
use tracing::Dispatch;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, Callbacks, Cost};
use tracing_llm_tokens::{
    Amount, Budget, By, PriceTable, Rates, Reservation, TokenCounter, TokenRecord,
};
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// A model at a dollar for a million tokens in and two out.
fn counter() -> TokenCounter {
    let prices = PriceTable::new("today").model("m", Rates::new(1.0, 2.0));
    TokenCounter::new().no_prices().prices(prices)
}

fn install(builder: Builder) -> (Dispatch, Callbacks) {
    let (layer, callbacks) = builder.build();
    (Dispatch::new(tracing_subscriber::registry().with(layer.filtered())), callbacks)
}

fn inside<T>(dispatch: &Dispatch, work: impl FnOnce() -> T) -> T {
    tracing::dispatcher::with_default(dispatch, work)
}

/// A call of 1,000 tokens in and 100 out, with texts.
fn call() {
    let span = event_span!(LLM, "chat", model = "m");
    span.llm().messages(vec![Message::user("a secret of some length")]);
    span.in_scope(|| {});
    span.llm().reply("another secret").usage(Usage::new(1_000, 100));
}

const CALLS: u64 = 200;

#[track_caller]
fn assert_exact(tokens: &TokenCounter, calls: u64) {
    assert_eq!(tokens.calls(), calls);
    assert_eq!((tokens.prompt_tokens(), tokens.completion_tokens()), (calls * 1_000, calls * 100));
    // $0.0012 a call.
    let dollars = f64::from(u32::try_from(calls).unwrap()) * 12.0 / 10_000.0;
    assert_eq!(tokens.cost(), Some(dollars));
}

#[test]
fn redaction_and_sampling_and_the_end_of_texts_leave_sums_and_costs_exact() {
    let (tokens, sampled, all) = (counter(), Capture::new(), Capture::new());
    let builder = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(tokens.clone())
        .handler(sampled.clone().sampled(0.1))
        .handler(all.clone())
        .queue_bytes(200) // of a few calls' texts
        .redactor(|_: &'static str, _: &str| Some(String::from("[redacted]")));
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, || (0..CALLS).for_each(|_| call()));
    let flushed = callbacks.flush_blocking(PATIENCE);
    assert_eq!(flushed.is_err(), callbacks.stats().lost_bytes > 0, "{flushed:?}");

    assert_exact(&tokens, CALLS);
    let ends = all.captured().ends;
    assert!(ends.iter().all(|end| {
        let texts = format!("{:?}", end.payload.replies);
        !texts.contains("secret") && end.payload.cost.and_then(|cost| cost.total).is_some()
    }));
    let few = sampled.captured().ends.len() as u64;
    assert!(few < CALLS / 2, "{few}");
}

/// Keeps the worker busy until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

#[test]
fn texts_that_are_shed_under_pressure_change_no_sum() {
    let (tokens, gate, all) = (counter(), Gate::default(), Capture::new());
    let held = gate.clone();
    let builder = tracing_llm::layer()
        .enricher(move |_: &mut Event| held.wait())
        .enricher(tokens.clone())
        .handler(tokens.clone())
        .handler(all.clone())
        .queue_bytes(2_000);
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, || (0..CALLS).for_each(|_| call()));
    gate.open();
    let told = callbacks.flush_blocking(PATIENCE).unwrap_err().to_string();
    assert!(told.contains("bytes of texts were left out"), "{told}");

    let stats = callbacks.stats();
    assert!(stats.lost_bytes > 0 && stats.dropped_events == 0, "{stats:?}");
    assert!(all.captured().ends.iter().any(|end| end.lost_bytes > 0));
    assert_exact(&tokens, CALLS);
}

#[test]
fn sixty_four_at_once_are_counted_exactly_by_everything() {
    const THREADS: u64 = 64;
    let tokens = counter();
    let builder =
        tracing_llm::layer().enricher(tokens.clone()).handler(tokens.clone()).context_key("tenant");
    let (dispatch, callbacks) = install(builder);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let dispatch = &dispatch;
            scope.spawn(move || {
                inside(dispatch, || {
                    for round in 0..20_u64 {
                        let session = format!("s-{}", number % 8);
                        let span = tracing::info_span!(
                            "request",
                            session.id = session,
                            user.id = format!("u-{number}"),
                            tenant = if round % 2 == 0 { "even" } else { "odd" },
                        );
                        span.in_scope(call);
                    }
                });
            });
        }
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_exact(&tokens, THREADS * 20);
    for (by, keys) in [
        (By::Session, 8),
        (By::User, 64),
        (By::key("tenant"), 2),
        (By::Trace, 1_280),
        (By::Model, 1),
    ] {
        let rows = tokens.sums(by.clone());
        assert_eq!(rows.iter().filter(|row| row.others.is_none()).count(), keys, "{by}");
        let each = THREADS * 20 / keys as u64;
        assert!(rows.iter().all(|row| row.sums.calls == each && row.key.is_some()), "{by}");
        assert!(rows.iter().all(|row| row.sums.total == each * 1_100), "{by}");
        let times = rows.iter().all(|row| row.sums.elapsed.count() == each);
        assert!(times, "{by}");
    }
}

#[test]
fn resets_among_sixty_four_tasks_lose_nothing_and_count_nothing_twice() {
    const TASKS: u64 = 64;
    const ROUNDS: u64 = 50;
    let tokens = counter();
    let builder = tracing_llm::layer().enricher(tokens.clone()).handler(tokens.clone());
    let (dispatch, callbacks) = install(builder);
    let mut reports = Vec::new();
    let half = Barrier::new(TASKS as usize + 1);
    thread::scope(|scope| {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                scope.spawn(|| {
                    inside(&dispatch, || {
                        for round in 0..ROUNDS {
                            if round == ROUNDS / 2 {
                                half.wait();
                                half.wait();
                            }
                            // A wrapper that repeats its call's usage, and may end after a reset.
                            let retry = event_span!(LLM, "retry", model = "m");
                            retry.in_scope(call);
                            retry.llm().usage(Usage::new(1_000, 100));
                        }
                    });
                })
            })
            .collect();
        // One reset in the middle, so that there are two parts; then as many as fit in.
        half.wait();
        callbacks.flush_blocking(PATIENCE).unwrap();
        reports.push(tokens.reset());
        half.wait();
        while !tasks.iter().all(thread::ScopedJoinHandle::is_finished) {
            callbacks.flush_blocking(PATIENCE).unwrap();
            reports.push(tokens.reset());
        }
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    reports.push(tokens.reset());

    assert_eq!(reports[0].llm.calls, TASKS * ROUNDS / 2);
    let sum = |part: fn(&tracing_llm_tokens::Sums) -> u64| -> u64 {
        reports.iter().map(|report| part(&report.llm)).sum()
    };
    let calls = TASKS * ROUNDS;
    assert_eq!((sum(|sums| sums.calls), sum(|sums| sums.total)), (calls, calls * 1_100));
    let dollars: f64 = reports.iter().filter_map(|report| report.llm.cost()).sum();
    assert!((dollars - 3.84).abs() < 1e-9, "3,200 calls of $0.0012: {dollars}");
    assert_eq!((tokens.calls(), tokens.cost()), (0, None));
}

/// As `event_starts_to_ignore` and `event_ends_to_ignore` of LlamaIndex's handler.
#[test]
fn types_that_are_ignored_are_neither_counted_nor_in_the_way_of_others() {
    let (no_embeddings, no_starts, all) = (counter(), counter(), counter());
    let builder = tracing_llm::layer()
        .handler(no_embeddings.clone().ignore_ends([EventType::EMBEDDING]))
        .handler(no_starts.clone().ignore_starts([EventType::LLM, EventType::CHAIN]))
        .handler(all.clone());
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, || {
        let retry = event_span!(LLM, "retry", model = "m");
        retry.in_scope(|| event_span!(CHAIN, "stage").in_scope(call));
        retry.llm().usage(Usage::new(1_000, 100));
        event_span!(EMBEDDING, "embed", model = "e").llm().usage(Usage::of_input(8));
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!((no_embeddings.total_llm_tokens(), no_embeddings.embedding_tokens()), (1_100, 0));
    assert_eq!((no_starts.total_llm_tokens(), no_starts.embedding_tokens()), (1_100, 8));
    assert_eq!((all.total_llm_tokens(), all.embedding_tokens()), (1_100, 8));
}

struct Chunks(std::vec::IntoIter<serde_json::Value>);

impl Stream for Chunks {
    type Item = serde_json::Value;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// Sends a stream through the wrapper, and reads so many chunks of it.
fn stream(all: Vec<serde_json::Value>, read: usize) {
    let span = event_span!(LLM, "chat", model = "m");
    span.llm().prompt("12345");
    let stream = Chunks(all.into_iter()).traced_stream(&span, |chunk, llm| {
        if let Some(text) = chunk["text"].as_str() {
            llm.chunk(text);
        }
        llm.usage_from(chunk.clone());
    });
    drop(span);
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..read {
        let _ = stream.as_mut().poll_next(&mut context);
    }
}

#[test]
fn a_stream_counts_its_merged_usage_and_one_that_is_left_what_was_received() {
    let tokens = counter().tokenizer(|text: &str| text.len());
    let builder = tracing_llm::layer().enricher(tokens.clone()).handler(tokens.clone());
    let (dispatch, callbacks) = install(builder);
    // OpenAI's: most chunks say that there is no usage, the last has it.
    let last = vec![
        json!({"text": "Hello", "usage": null}),
        json!({"text": " world", "usage": null}),
        json!({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}),
    ];
    // Anthropic's: the first has the prompt's, the last the answer's.
    let merged = vec![
        json!({"type": "message_start", "message": {"usage": {
            "input_tokens": 11, "cache_read_input_tokens": 900, "output_tokens": 1}}}),
        json!({"text": "Hello world"}),
        json!({"type": "message_delta", "usage": {"output_tokens": 7}}),
    ];
    inside(&dispatch, || {
        stream(last.clone(), 4);
        stream(merged, 4);
        stream(last, 2);
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    let seen = tokens.records().into_iter().map(|record| {
        let Usage { input, output, estimated, .. } = record.usage;
        (input.unwrap(), output.unwrap(), estimated, record.outcome)
    });
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            (11, 7, false, Outcome::Ok),
            (911, 7, false, Outcome::Ok),
            (5, 11, true, Outcome::Cancelled),
        ]
    );
}

/// Asks for a reservation, makes a call if it gets one, and waits with the guard in its hands.
fn reserve_and_call(budget: &Budget, all_asked: &Barrier) -> Option<Reservation> {
    let span = event_span!(LLM, "chat", model = "m");
    let reserved = budget.reserve(Amount::Tokens(1_200)).map(|reserved| reserved.tie(&span)).ok();
    all_asked.wait();
    if let Some(reserved) = &reserved {
        assert!(reserved.is_tied());
        span.in_scope(|| {});
        span.llm().reply("ok").usage(Usage::new(1_000, 100));
    }
    reserved
}

#[test]
fn sixty_four_calls_at_once_cannot_all_pass_and_their_events_settle_what_they_reserved() {
    const THREADS: usize = 64;
    let budget = Budget::tokens(10_000);
    let tokens = counter().budget(budget.clone());
    let (dispatch, callbacks) = install(tracing_llm::layer().handler(tokens.clone()));
    let all_asked = Barrier::new(THREADS);
    let passed: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let reserved = inside(&dispatch, || reserve_and_call(&budget, &all_asked));
                    usize::from(reserved.is_some())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 8, "eight times 1,200 is 9,600");
    callbacks.flush_blocking(PATIENCE).unwrap();
    // Each call used less than it had reserved.
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(8_800), Amount::Tokens(0)));
    assert_eq!(tokens.total_llm_tokens(), 8_800);
    // The events of the calls that did not pass carry no usage.
    assert!(budget.reserve(Amount::Tokens(1_200)).is_ok());
    assert!(budget.reserve(Amount::Tokens(1_201)).is_err());
}

#[test]
fn what_is_tied_stays_reserved_after_its_guard_until_the_event_is_delivered() {
    let budget = Budget::usd(1.0).per(By::Session);
    let tokens = counter().budget(budget.clone());
    let (dispatch, callbacks) = install(tracing_llm::layer().handler(tokens));
    let mine = budget.key("s-1");
    inside(&dispatch, || {
        let request = tracing::info_span!("request", session.id = "s-1").entered();
        let span = event_span!(LLM, "chat", model = "m");
        drop(mine.reserve(Amount::Usd(0.75)).unwrap().tie(&span));
        assert_eq!(mine.reserved(), Amount::Usd(0.75), "its guard is gone, the call is not over");
        assert!(mine.reserve(Amount::Usd(0.5)).is_err());
        assert!(budget.key("s-2").reserve(Amount::Usd(0.5)).is_ok());
        span.llm().usage(Usage::new(250_000, 0));
        drop((span, request));
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!((mine.spent(), mine.reserved()), (Amount::Usd(0.25), Amount::Usd(0.0)));

    // A span that nobody listens to is no event: the guard alone holds it.
    let span = event_span!(LLM, "chat", model = "m");
    let reserved = mine.reserve(Amount::Usd(0.5)).unwrap().tie(&span);
    assert!(!reserved.is_tied());
    drop(reserved);
    assert_eq!(mine.reserved(), Amount::Usd(0.0));
}

#[test]
fn a_call_that_fails_or_is_dropped_settles_its_reservation_too() {
    let budget = Budget::tokens(1_000);
    let (dispatch, callbacks) =
        install(tracing_llm::layer().handler(counter().budget(budget.clone())));
    inside(&dispatch, || {
        let span = event_span!(LLM, "chat", model = "m");
        let _reserved = budget.reserve(Amount::Tokens(500)).unwrap().tie(&span);
        span.llm().error("refused");
        drop(span);
        let stage = event_span!(CHAIN, "stage");
        let _reserved = budget.reserve(Amount::Tokens(500)).unwrap().tie(&stage);
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(0), Amount::Tokens(0)));
}

#[test]
fn a_soft_budget_tells_once_and_stops_nobody() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mine = Arc::clone(&told);
    let budget = Budget::tokens(2_500)
        .per(By::User)
        .on_exceeded(move |error| mine.lock().unwrap().push(error.key().unwrap().to_owned()));
    let tokens = counter().budget(budget);
    let (dispatch, callbacks) = install(tracing_llm::layer().handler(tokens.clone()));
    inside(&dispatch, || {
        for user in ["ada", "bob", "ada", "ada", "ada", "bob", "ada"] {
            tracing::info_span!("request", user.id = user).in_scope(call);
        }
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!(*told.lock().unwrap(), ["ada"]);
    assert_exact(&tokens, 7);
}

/// What a ledger of one's own has: each call once, with all that a bill needs.
#[test]
fn a_ledger_gets_each_call_once_with_its_context_and_cost() {
    let ledger = Arc::new(Mutex::new(Vec::<TokenRecord>::new()));
    let entries = Arc::clone(&ledger);
    let tokens =
        counter().on_record(move |call: &TokenRecord| entries.lock().unwrap().push(call.clone()));
    let builder =
        tracing_llm::layer().enricher(tokens.clone()).handler(tokens).context_key("tenant");
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, || {
        tracing::info_span!("request", tenant = "acme").in_scope(|| {
            let wrapper = event_span!(LLM, "retry", model = "m", provider = "house");
            wrapper.in_scope(call);
            wrapper.llm().usage(Usage::new(1_000, 100));
        });
        let estimated = event_span!(LLM, "chat", model = "unknown");
        estimated.llm().prompt("hello").reply("hi");
    });
    callbacks.flush_blocking(PATIENCE).unwrap();

    let ledger = ledger.lock().unwrap();
    let [billed, estimated] = &ledger[..] else { panic!("{ledger:?}") };
    assert_eq!(billed.context.keys["tenant"], "acme");
    assert!((billed.cost.unwrap().total.unwrap() - 0.0012).abs() < 1e-12);
    assert!(!billed.usage.estimated && !billed.taken_back && billed.elapsed > Duration::ZERO);
    assert!(estimated.usage.estimated && estimated.cost.is_none());
    assert!(billed.prompt.is_none(), "texts are not kept unless that is asked for");
}

/// A caller pays for the event alone: whatever the counter does is done on the layer's threads.
#[test]
fn nothing_is_counted_priced_or_told_on_the_caller_s_thread() {
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let note = || {
        let threads = Arc::clone(&threads);
        move |what: &'static str| {
            threads.lock().unwrap().insert((what, thread::current().id()));
        }
    };
    let (count, price, record, budget) = (note(), note(), note(), note());
    let tokens = TokenCounter::new()
        .tokenizer(move |text: &str| {
            count("count");
            text.len()
        })
        .prices(move |_: &TokenRecord| {
            price("price");
            let mut cost = Cost::default();
            cost.total = Some(1.0);
            Some(cost)
        })
        .on_record(move |_: &TokenRecord| record("record"))
        .budget(Budget::tokens(1).on_exceeded(move |_| budget("budget")));
    let (dispatch, callbacks) =
        install(tracing_llm::layer().enricher(tokens.clone()).handler(tokens));
    inside(&dispatch, || {
        let span = event_span!(LLM, "chat", model = "m");
        span.llm().prompt("hello").reply("hi");
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    let threads = threads.lock().unwrap();
    let kinds: HashSet<_> = threads.iter().map(|(what, _)| *what).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(threads.iter().all(|(_, id)| *id != thread::current().id()));
}

/// A writer that several threads share.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn verbose_prints_llamaindex_s_words_and_a_closed_pipe_stops_nothing() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let (lines, tokens, closed) = (Lines::default(), counter(), counter().verbose(Closed));
    let builder = tracing_llm::layer()
        .handler(tokens.verbose(lines.clone()))
        .handler(closed.clone())
        .trap(|_: &tracing_llm::Failure| {});
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, || {
        call();
        let span = event_span!(EMBEDDING, "embed", model = "e");
        span.llm().usage(Usage::of_input(8));
    });
    let told = callbacks.flush_blocking(PATIENCE).unwrap_err().to_string();
    assert!(told.contains("TokenCounter failed 2 of") && told.contains("broken pipe"), "{told}");
    let printed = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let expected = "\
LLM Prompt Token Usage: 1000
LLM Completion Token Usage: 100
Embedding Token Usage: 8
";
    assert_eq!(printed, expected);
    assert_eq!(closed.calls(), 2);
    assert!(callbacks.stats().handlers.iter().any(|handler| handler.failures == 2));
}

#[test]
fn texts_are_kept_only_when_asked_for_and_as_the_redactor_left_them() {
    let tokens = counter().keep_texts(10_000);
    let builder =
        tracing_llm::layer().handler(tokens.clone()).redactor(|_: &'static str, text: &str| {
            text.contains("secret").then(|| String::from("[redacted]"))
        });
    let (dispatch, callbacks) = install(builder);
    inside(&dispatch, call);
    callbacks.flush_blocking(PATIENCE).unwrap();
    let record = &tokens.records()[0];
    assert_eq!(record.prompt.as_deref(), Some("user: [redacted]"));
    assert_eq!(record.completion.as_deref(), Some("[redacted]"));
}
