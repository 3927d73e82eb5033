//! What our layer allocates on the thread that makes spans.
//!
//! An allocator that counts is of the whole program: these tests have a binary to themselves.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use tracing::{Dispatch, Span, debug, debug_span, info_span};
use tracing_llm::{CallbackLayer, Callbacks, Handler};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts for each thread what is asked of it.
struct Counting;

fn count() {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

#[allow(unsafe_code, reason = "the trait is unsafe; each call goes on to the system as it came")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How many allocations the work makes on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

struct NoOp;

impl Handler for NoOp {}

/// A layer that wants every callsite and does nothing.
struct Everything;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Everything {}

/// Runs with our layer in a subscriber.
fn with_layer(subscriber: impl FnOnce(CallbackLayer) -> Dispatch, work: impl FnOnce(&Callbacks)) {
    let (layer, callbacks) = tracing_llm::layer().handler(NoOp).build();
    tracing::dispatcher::with_default(&subscriber(layer), || work(&callbacks));
    let stats = callbacks.stats();
    assert_eq!((stats.dropped_events, stats.lost_bytes), (0, 0), "{stats:?}");
}

fn alone(layer: CallbackLayer) -> Dispatch {
    registry().with(layer.filtered()).into()
}

fn beside(layer: CallbackLayer) -> Dispatch {
    registry().with(layer.filtered()).with(Everything).into()
}

/// A layer that keeps something on every span, as others do.
struct Mark;

impl<S> tracing_subscriber::Layer<S> for Mark
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        id: &tracing::span::Id,
        context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        context.span(id).unwrap().extensions_mut().insert(Mark);
    }
}

fn beside_marks(layer: CallbackLayer) -> Dispatch {
    registry().with(layer.filtered()).with(Mark).into()
}

fn plain(layer: CallbackLayer) -> Dispatch {
    registry().with(layer).into()
}

fn parent() -> Span {
    info_span!("answer", llm.event_type = "QUERY", query_str = "Why is the sky blue?")
}

/// A span of three fields, one of them of 800 bytes: created, entered, left, closed.
fn child(prompt: &str) {
    let span =
        info_span!("chat", llm.event_type = "LLM", model = "gpt-5-mini", formatted_prompt = prompt);
    span.in_scope(|| {});
}

fn untagged() {
    let span = debug_span!("parse", attempt = 1, url = "http://127.0.0.1/");
    span.in_scope(|| debug!(attempt = 1, "parsed"));
}

/// What a burst of child spans allocates; then all of them are delivered.
fn burst(callbacks: &Callbacks, spans: u64) -> u64 {
    let prompt = "x".repeat(800);
    let made = allocations(|| (0..spans).for_each(|_| child(&prompt)));
    callbacks.flush_blocking(Duration::from_secs(30)).unwrap();
    made
}

#[test]
fn a_child_span_allocates_its_extension_alone_once_there_are_records_to_use_again() {
    for subscriber in [alone, beside, plain] {
        with_layer(subscriber, |callbacks| {
            let _parent = parent().entered();
            // More records than are used at a time, then buffers for the one after a new record.
            for spans in [200, 200, 200, 50] {
                burst(callbacks, spans);
            }
            assert_eq!(burst(callbacks, 100), 100);
        });
    }
}

#[test]
fn the_first_child_spans_find_records_ready() {
    // What `tracing`, the registry and this thread's buffers allocate once is another matter.
    with_layer(alone, |callbacks| drop((parent().entered(), burst(callbacks, 40))));
    with_layer(alone, |callbacks| {
        // The worker has looked once.
        callbacks.flush_blocking(Duration::from_secs(30)).unwrap();
        let _parent = parent().entered();
        child("the registry's second place");
        assert_eq!(burst(callbacks, 20), 20);
    });
}

/// Where more spans are open than there are records ready, some must be made.
#[test]
fn a_record_that_must_be_made_costs_no_more_than_itself_and_its_two_buffers() {
    with_layer(beside_marks, |_| {
        let _parent = parent().entered();
        // Places in the registry have their own first allocations.
        drop((0..400).map(|_| debug_span!("mark")).collect::<Vec<_>>());
        let open = |spans: usize| (0..spans).map(|_| parent()).collect::<Vec<_>>();
        let ready = open(200);
        let mut more = Vec::with_capacity(100);
        let made = allocations(|| more.extend((0..100).map(|_| parent())));
        // The list of all records grows now and then; the worker may have made some in between.
        assert!((100..=402).contains(&made), "{made}");
        drop((ready, more));
    });
}

#[test]
fn from_the_first_one_on_child_spans_allocate_no_more_than_twice_on_the_average() {
    with_layer(alone, |callbacks| {
        let _parent = parent().entered();
        let made: u64 = (0..10).map(|_| burst(callbacks, 100)).sum();
        assert!(made <= 2 * 1000, "{made}");
        assert!(made >= 1000, "{made}: was our layer there at all?");
    });
}

#[test]
fn further_polls_allocate_nothing() {
    for subscriber in [alone, beside, plain] {
        with_layer(subscriber, |_| {
            let _parent = parent().entered();
            let span = parent();
            span.in_scope(|| {});
            let made = allocations(|| (0..100).for_each(|_| span.in_scope(|| {})));
            assert_eq!(made, 0);
        });
    }
}

#[test]
fn untagged_callsites_allocate_nothing() {
    for subscriber in [alone, beside] {
        with_layer(subscriber, |_| {
            let _parent = parent().entered();
            // What `tracing` and the registry allocate once is no matter of ours.
            untagged();
            assert_eq!(allocations(|| (0..100).for_each(|_| untagged())), 0);
        });
    }
}
