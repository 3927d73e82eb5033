//! A real HTTP client whose pooled connection inherits the span of the call that opened it.
//!
//! hyper-util's [`CurrentSpanExecutor`] runs the task of a connection inside the span in which it
//! was opened, and hyper keeps the connection for later calls: the first call's span stays open,
//! and is entered again, for as long as the pool likes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{CurrentSpanExecutor, TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tracing::span::Id;
use tracing::{Dispatch, Instrument, Span, Subscriber, dispatcher};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured, ManualClock};
use tracing_llm::{Callbacks, Event, Outcome};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

const PATIENCE: Duration = Duration::from_secs(60);
const HOLD: Duration = Duration::from_secs(1);
/// How long the server takes to answer.
const ANSWER: Duration = Duration::from_millis(250);
/// How long nothing is asked.
const PAUSE: Duration = Duration::from_secs(10);

/// Another layer, which proves what the connection does to the first call's span.
#[derive(Clone, Default)]
struct FirstCall {
    enters: Arc<AtomicUsize>,
    closes: Arc<AtomicUsize>,
}

impl FirstCall {
    fn count<S: Subscriber + for<'a> LookupSpan<'a>>(
        counter: &AtomicUsize,
        id: &Id,
        context: &Context<'_, S>,
    ) {
        if context.span(id).is_some_and(|span| span.name() == "first") {
            counter.fetch_add(1, SeqCst);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for FirstCall {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Self::count(&self.enters, id, &context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Self::count(&self.closes, &id, &context);
    }
}

/// A client and a server on one thread, under our layer and the other one.
struct Stage {
    client: Client<HttpConnector, Full<Bytes>>,
    server: SocketAddr,
    /// How many connections the server has accepted.
    connections: Arc<AtomicUsize>,
    clock: ManualClock,
    first_call: FirstCall,
    capture: Capture,
    callbacks: Callbacks,
}

/// Plays a scenario under the layer in both its forms, then drops the client with its connection,
/// and gives what it left and the handler to the check.
fn in_both_forms<T>(scenario: impl AsyncFn(&Stage) -> T, check: impl Fn(T, &Captured)) {
    for filtered in [true, false] {
        let (clock, capture, first_call) =
            (ManualClock::new(), Capture::new(), FirstCall::default());
        let builder = tracing_llm::layer().handler(capture.clone()).hold(HOLD);
        let (layer, callbacks) = builder.manual_clock(clock.clone()).build();
        let registry = tracing_subscriber::registry().with(first_call.clone());
        let dispatch = if filtered {
            Dispatch::new(registry.with(layer.filtered()))
        } else {
            Dispatch::new(registry.with(layer))
        };
        dispatcher::with_default(&dispatch, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            let runtime = runtime.unwrap();
            let (left, callbacks) = runtime.block_on(async {
                let connections = Arc::default();
                let server = serve(clock.clone(), Arc::clone(&connections)).await;
                let client = Client::builder(CurrentSpanExecutor::new(TokioExecutor::new()));
                let client = client.build_http();
                let stage = Stage {
                    client,
                    server,
                    connections,
                    clock,
                    first_call: first_call.clone(),
                    capture: capture.clone(),
                    callbacks,
                };
                let left = scenario(&stage).await;
                assert_eq!(stage.connections.load(SeqCst), 1, "the connection was not pooled");
                (left, stage.callbacks)
            });
            // With it ends the task of the connection.
            drop(runtime);
            assert_eq!(first_call.closes.load(SeqCst), 1);
            callbacks.shutdown_blocking(PATIENCE).unwrap();
            check(left, &capture.captured());
        });
    }
}

/// A server on this thread that takes its time to answer, by the manual clock.
async fn serve(clock: ManualClock, connections: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.fetch_add(1, SeqCst);
            let clock = clock.clone();
            let answer = service_fn(move |_: Request<Incoming>| {
                clock.advance(ANSWER);
                async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("Hi!")))) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

impl Stage {
    async fn ask(&self) -> String {
        let uri = format!("http://{}/", self.server).parse().unwrap();
        let response = self.client.get(uri).await.unwrap();
        let body = response.into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    /// Calls twice with a pause between; how `first` makes the first call is what is looked at.
    /// Gives how many ends had been delivered before the second call.
    async fn call_twice(&self, pause: Duration, first: impl AsyncFnOnce(Span) -> String) -> u64 {
        let span = event_span!(LLM, "first");
        assert_eq!(first(span).await, "Hi!");

        self.clock.advance(pause);
        let delivered = self.delivered();
        let entered = self.first_call.enters.load(SeqCst);

        let span = event_span!(LLM, "second");
        let reply = self.ask().traced(&span).await;
        span.llm().reply(reply);
        drop(span);

        // What makes the test one: the second call went on inside the span of the first.
        assert!(self.first_call.enters.load(SeqCst) > entered);
        assert_eq!(self.first_call.closes.load(SeqCst), 0);
        delivered
    }

    /// How many ends were delivered without a flush. The worker answers between two looks at the
    /// queue: when it answers again, it has looked.
    fn delivered(&self) -> u64 {
        let _ = self.callbacks.stats();
        self.callbacks.stats().ends
    }
}

fn end<'a>(captured: &'a Captured, name: &str) -> &'a Event {
    let mut ends = captured.ends.iter().filter(|event| event.name == *name);
    let end = ends.next().unwrap();
    assert!(ends.next().is_none(), "{name} ended twice");
    end
}

async fn traced(stage: &Stage, span: Span) -> String {
    let reply = stage.ask().traced(&span).await;
    span.llm().reply(reply.clone());
    reply
}

#[test]
fn a_pooled_connection_moves_neither_the_end_nor_the_delivery_of_a_traced_call() {
    in_both_forms(
        async |stage| {
            // The second call is made while the first waits for more parts.
            let pause = HOLD / 2;
            let delivered = stage.call_twice(pause, async |span| traced(stage, span).await).await;
            assert_eq!(delivered, 0);
            assert_eq!(stage.delivered(), 1, "the second, whose span is closed");
            stage.clock.advance(HOLD - pause - ANSWER);
            assert_eq!(stage.delivered(), 2, "a hold after the last part of the first");
        },
        assert_two_calls,
    );
}

#[test]
fn a_traced_call_is_delivered_after_the_hold_though_its_connection_lives_on() {
    in_both_forms(
        async |stage| {
            let delivered = stage.call_twice(PAUSE, async |span| traced(stage, span).await).await;
            assert_eq!(delivered, 1);
            assert_eq!(stage.delivered(), 2);
        },
        assert_two_calls,
    );
}

fn assert_two_calls((): (), captured: &Captured) {
    for name in ["first", "second"] {
        let call = end(captured, name);
        assert_eq!((call.elapsed, call.outcome), (ANSWER, Outcome::Ok), "{name}");
        assert_eq!(call.payload.response.as_deref(), Some("Hi!"), "{name}");
        assert!(call.busy <= call.elapsed, "{name}");
    }
}

#[test]
fn a_flush_brings_a_traced_call_whose_connection_lives_on() {
    in_both_forms(
        async |stage| {
            let span = event_span!(LLM, "first");
            stage.ask().traced(&span).await;
            drop(span);
            stage.callbacks.flush().await.unwrap();
            assert_eq!(end(&stage.capture.captured(), "first").elapsed, ANSWER);
            assert_eq!(stage.first_call.closes.load(SeqCst), 0);
        },
        |(), captured| assert_eq!(captured.ends.len(), 1),
    );
}

#[test]
fn an_instrumented_call_lasts_as_long_as_its_pooled_connection_is_used() {
    in_both_forms(
        async |stage| {
            let delivered =
                stage.call_twice(PAUSE, async |span| stage.ask().instrument(span).await).await;
            // `tracing` says of the connection's task what it says of the call itself.
            assert_eq!(delivered, 0);
            assert_eq!(stage.delivered(), 1);
            stage.callbacks.flush().await.unwrap();
            assert!(stage.capture.captured().ends.iter().all(|event| event.name == *"second"));
        },
        |(), captured| {
            let first = end(captured, "first");
            assert_eq!((first.elapsed, first.outcome), (ANSWER + PAUSE + ANSWER, Outcome::Unset));
            assert_eq!(end(captured, "second").elapsed, ANSWER);
        },
    );
}

#[test]
fn an_instrumented_call_that_is_ended_by_hand_is_delivered_then() {
    in_both_forms(
        async |stage| {
            let delivered = stage
                .call_twice(PAUSE, async |span| {
                    let reply = stage.ask().instrument(span.clone()).await;
                    span.llm().reply(reply.clone()).ok().end();
                    reply
                })
                .await;
            assert_eq!(delivered, 1);
        },
        |(), captured| {
            let first = end(captured, "first");
            assert_eq!((first.elapsed, first.outcome), (ANSWER, Outcome::Ok));
        },
    );
}
