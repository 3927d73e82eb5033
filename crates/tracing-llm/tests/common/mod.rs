//! What the tests of the rules share: a stage on which a scenario plays, under the layer in both
//! its forms and under both of tokio's runtimes.
//!
//! The clock stands still until a scenario moves it, and ids count from one.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "for tests only"
)]

mod foreign;
mod gate;
mod layers;
mod stream;
mod warnings;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Runtime;
use tracing::Dispatch;
use tracing::dispatcher::{self, DefaultGuard};
use tracing_llm::testing::{Capture, Captured, ManualClock, SequentialIds};
use tracing_llm::{
    Builder, CallbackLayer, Callbacks, Error, Event, Exception, Outcome, Stats, event_span,
};
use tracing_subscriber::prelude::*;

pub(crate) use self::foreign::{emit as emit_foreign, foreign_event};
pub(crate) use self::gate::{Blocked, Gate, gate};
pub(crate) use self::layers::{Beside, fmt_to_sink, only, sees_all};
pub(crate) use self::stream::{next, pieces};
pub(crate) use self::warnings::Warnings;

/// No test waits that long: a broken one fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A second.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// How the event with this name came out.
#[track_caller]
pub(crate) fn outcome(stage: &Stage, name: &str) -> Outcome {
    stage.flushed().event(name).outcome
}

/// What the event with this name failed with.
#[track_caller]
pub(crate) fn exception(stage: &Stage, name: &str) -> Exception {
    let captured = stage.flushed();
    let event = captured.event(name);
    assert_eq!(event.outcome, Outcome::Error);
    event.payload.exception.clone().expect("no exception")
}

/// How the layer is put into the subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Filtered,
}

/// Which runtime a scenario is driven by.
#[derive(Clone, Copy, Debug)]
enum Flavor {
    CurrentThread,
    MultiThread,
}

const FORMS: [Form; 2] = [Form::Plain, Form::Filtered];

/// Plays a scenario under both forms of the layer.
pub(crate) fn in_both_forms(scenario: impl Fn(&Stage)) {
    with_builder(|builder| builder, scenario);
}

/// The same with a layer that is built otherwise.
pub(crate) fn with_builder(build: impl Fn(Builder) -> Builder, scenario: impl Fn(&Stage)) {
    for form in FORMS {
        let _said = SaidOnPanic(format!("{form:?}"));
        let stage = Stage::new(form, &build, None);
        stage.on(|| scenario(&stage));
    }
}

/// The same with another layer in the subscriber.
pub(crate) fn beside(other: impl Fn() -> Beside, scenario: impl Fn(&Stage)) {
    for form in FORMS {
        let _said = SaidOnPanic(format!("{form:?}, beside another layer"));
        let stage = Stage::new(form, |builder| builder, Some(other()));
        stage.on(|| scenario(&stage));
    }
}

/// Plays a scenario while the worker stands still: inside an event named `blocker`, which was
/// delivered to the enrichers and not further. It goes on when the gate is opened or dropped.
pub(crate) fn with_blocked_worker(
    build: impl Fn(Builder) -> Builder,
    scenario: impl Fn(&Stage, Gate),
) {
    for form in FORMS {
        let _said = SaidOnPanic(format!("{form:?}, with a blocked worker"));
        let (gate, blocked) = gate();
        let blocking = |builder: Builder| {
            build(builder).enricher(move |event: &mut Event| {
                if event.name == *"blocker" {
                    blocked.pass();
                }
            })
        };
        let stage = Stage::new(form, blocking, None);
        stage.on(|| {
            drop(event_span!(CHAIN, "blocker"));
            gate.wait();
            scenario(&stage, gate);
        });
    }
}

/// Plays a scenario under both forms of the layer, each on both runtimes.
pub(crate) fn in_both_runtimes(scenario: impl AsyncFn(&Stage)) {
    with_builder_in_both_runtimes(|builder| builder, scenario);
}

/// The same with a layer that is built otherwise.
pub(crate) fn with_builder_in_both_runtimes(
    build: impl Fn(Builder) -> Builder,
    scenario: impl AsyncFn(&Stage),
) {
    for form in FORMS {
        for flavor in [Flavor::CurrentThread, Flavor::MultiThread] {
            let _said = SaidOnPanic(format!("{form:?}, {flavor:?}"));
            let stage = Stage::new(form, &build, None);
            let runtime = stage.runtime(flavor);
            stage.on(|| runtime.block_on(scenario(&stage)));
        }
    }
}

/// Says in which setting a scenario failed.
struct SaidOnPanic(String);

impl Drop for SaidOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in the setting: {}", self.0);
        }
    }
}

/// A subscriber with a layer of ours, and what one needs to look at it.
pub(crate) struct Stage {
    pub(crate) form: Form,
    pub(crate) clock: ManualClock,
    pub(crate) dispatch: Dispatch,
    capture: Capture,
    callbacks: RefCell<Option<Callbacks>>,
}

impl Stage {
    pub(crate) fn new(
        form: Form,
        build: impl FnOnce(Builder) -> Builder,
        beside: Option<Beside>,
    ) -> Self {
        let clock = ManualClock::new();
        let capture = Capture::new();
        let builder = tracing_llm::layer()
            .manual_clock(clock.clone())
            .id_source(SequentialIds::new())
            .handler(capture.clone());
        let (layer, callbacks) = build(builder).build();
        let dispatch = subscriber(form, layer, beside);
        Self { form, clock, dispatch, capture, callbacks: RefCell::new(Some(callbacks)) }
    }

    /// Runs it with the stage's subscriber as this thread's default.
    pub(crate) fn on<T>(&self, scene: impl FnOnce() -> T) -> T {
        dispatcher::with_default(&self.dispatch, scene)
    }

    /// Runs it on another thread, and waits for that.
    pub(crate) fn on_another_thread<T: Send>(&self, scene: impl FnOnce() -> T + Send) -> T {
        let dispatch = &self.dispatch;
        std::thread::scope(|scope| {
            scope.spawn(move || dispatcher::with_default(dispatch, scene)).join().unwrap()
        })
    }

    fn runtime(&self, flavor: Flavor) -> Runtime {
        let mut builder = match flavor {
            Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
            Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
        };
        runtime_on(&mut builder, &self.dispatch)
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Everything that has happened until now, delivered: flushed first.
    #[track_caller]
    pub(crate) fn flushed(&self) -> Captured {
        self.with_callbacks(|callbacks| callbacks.flush_blocking(PATIENCE)).unwrap();
        self.capture.captured()
    }

    /// The same where something was given up under pressure: the flush says so.
    #[track_caller]
    pub(crate) fn flushed_with_losses(&self) -> Captured {
        let told = self.with_callbacks(|callbacks| callbacks.flush_blocking(PATIENCE));
        let told = told.unwrap_err().to_string();
        assert!(told.contains("were dropped") || told.contains("were left out"), "{told}");
        self.capture.captured()
    }

    /// What was delivered so far; nothing is flushed.
    pub(crate) fn captured(&self) -> Captured {
        self.capture.captured()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.with_callbacks(Callbacks::stats)
    }

    /// What the worker has delivered of its own accord once it has seen all that has happened
    /// until now. Unlike a flush, this brings nothing forward.
    ///
    /// Asked for the statistics, the worker answers between two looks at its queue, and handles
    /// what it saw at the look before: the third answer comes after all that was there at the
    /// first.
    pub(crate) fn settled(&self) -> Stats {
        self.answered();
        self.answered();
        self.answered()
    }

    fn answered(&self) -> Stats {
        loop {
            let asked = std::time::Instant::now();
            let stats = self.stats();
            // Half a second is how long the statistics wait for the worker.
            if asked.elapsed() < Duration::from_millis(500) {
                return stats;
            }
        }
    }

    #[track_caller]
    pub(crate) fn with_callbacks<T>(&self, ask: impl FnOnce(&Callbacks) -> T) -> T {
        ask(self.callbacks.borrow().as_ref().expect("shut down"))
    }

    /// Takes the handle out.
    pub(crate) fn take_callbacks(&self) -> Callbacks {
        self.callbacks.borrow_mut().take().expect("shut down")
    }

    /// Puts the handle back.
    pub(crate) fn put_back(&self, callbacks: Callbacks) {
        *self.callbacks.borrow_mut() = Some(callbacks);
    }

    /// Shuts the layer down; gives back how that went and what was delivered.
    pub(crate) fn shut_down(&self) -> (Result<(), Error>, Captured) {
        let result = self.take_callbacks().shutdown_blocking(PATIENCE);
        (result, self.capture.captured())
    }
}

/// A subscriber with this layer in this form, with the other layer nearer to the registry.
pub(crate) fn subscriber(form: Form, layer: CallbackLayer, beside: Option<Beside>) -> Dispatch {
    let registry = tracing_subscriber::registry();
    match (form, beside) {
        (Form::Plain, None) => Dispatch::new(registry.with(layer)),
        (Form::Filtered, None) => Dispatch::new(registry.with(layer.filtered())),
        (Form::Plain, Some(other)) => Dispatch::new(registry.with(other).with(layer)),
        (Form::Filtered, Some(other)) => Dispatch::new(registry.with(other).with(layer.filtered())),
    }
}

/// A runtime whose threads all have this default subscriber.
pub(crate) fn runtime_on(builder: &mut tokio::runtime::Builder, dispatch: &Dispatch) -> Runtime {
    thread_local! {
        static DEFAULT: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
    }
    let dispatch = dispatch.clone();
    builder
        .worker_threads(2)
        .enable_time()
        .on_thread_start(move || DEFAULT.set(Some(dispatcher::set_default(&dispatch))))
        .on_thread_stop(|| drop(DEFAULT.take()))
        .build()
        .unwrap()
}

/// Lets others run until this many polls are over.
pub(crate) async fn yields(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Waits until it is so. Asserts no time: it gives up where something is broken.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Drives a future on this thread, without a runtime, until it is ready or has been polled once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

/// The end of the only event with this question.
#[track_caller]
pub(crate) fn asked<'a>(captured: &'a Captured, question: &str) -> &'a Event {
    let mut found =
        captured.ends.iter().filter(|event| event.payload.query.as_deref() == Some(question));
    match (found.next(), found.next()) {
        (Some(event), None) => event,
        (None, _) => panic!("no event asks {question:?}"),
        (Some(_), Some(_)) => panic!("more than one event asks {question:?}"),
    }
}
