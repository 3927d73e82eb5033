//! The route under real spans.

use std::sync::Mutex;
use std::time::Duration;

use tracing::Instrument as _;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Callbacks, HandlerResult};
use tracing_subscriber::prelude::*;

use super::*;
use crate::backends::Quirks;
use crate::mask::TraceConfig;
use crate::selection::Selection;

/// Keeps the spans that come out.
#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<SpanData>>>);

struct Routed {
    route: Route,
    out: Out,
}

impl Routed {
    fn keep(&mut self, spans: Vec<SpanData>) -> HandlerResult {
        self.out.0.lock().unwrap().extend(spans);
        Ok(())
    }
}

impl Handler for Routed {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let spans = self.route.start(event);
        self.keep(spans)
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let spans = self.route.end(event);
        self.keep(spans)
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let spans = self.route.trace_end(trace);
        self.keep(spans)
    }

    fn flush(&mut self) -> HandlerResult {
        let spans = self.route.rest();
        self.keep(spans)
    }
}

/// Runs with real spans; gives the names of the spans that came out, and all events.
fn run(options: Options, work: impl FnOnce(&Callbacks)) -> (Vec<SpanData>, Capture) {
    let (out, seen) = (Out::default(), Capture::new());
    let routed = Routed {
        route: Route::new(options, Quirks::default(), Selection::default()),
        out: out.clone(),
    };
    let (layer, callbacks) = tracing_llm::layer().handler(routed).handler(seen.clone()).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || work(&callbacks));
    callbacks.shutdown_blocking(Duration::from_secs(10)).unwrap();
    let spans = std::mem::take(&mut *out.0.lock().unwrap());
    (spans, seen)
}

fn names(spans: &[SpanData]) -> String {
    spans.iter().map(|span| &*span.name).collect::<Vec<_>>().join(" ")
}

fn attribute<'a>(
    spans: &'a [SpanData],
    name: &str,
    key: &str,
) -> Option<std::borrow::Cow<'a, str>> {
    let span = spans.iter().find(|span| span.name == name).unwrap();
    let pair = span.attributes.iter().find(|pair| pair.key.as_str() == key)?;
    Some(pair.value.as_str())
}

fn fill(name: &'static str) {
    let span = event_span!(TEMPLATING, "fill");
    span.llm().template(Template::new(name));
    span.in_scope(|| {});
}

#[test]
fn a_template_is_on_the_call_that_follows_it() {
    let (spans, seen) = run(Options::default(), |_| {
        event_span!(QUERY, "answer").in_scope(|| {
            fill("first {q}");
            event_span!(LLM, "chat").in_scope(|| {});
            fill("second {q}");
            event_span!(LLM, "again").in_scope(|| {});
            fill("for nobody");
        });
    });
    assert_eq!(names(&spans), "chat again fill answer");
    let template = |name| attribute(&spans, name, "llm.prompt_template.template").unwrap();
    assert_eq!(template("chat"), "first {q}");
    assert_eq!(template("again"), "second {q}");
    assert_eq!(template("fill"), "for nobody");
    assert_eq!(attribute(&spans, "fill", "openinference.span.kind").unwrap(), "PROMPT");
    assert_eq!(seen.captured().ends.len(), 6, "other handlers see every event");
}

#[tokio::test]
async fn under_join_every_template_is_a_span_of_its_own() {
    let (out, tick) = (Out::default(), || tokio::task::yield_now());
    let routed = Routed {
        route: Route::new(Options::default(), Quirks::default(), Selection::default()),
        out: out.clone(),
    };
    let (layer, callbacks) = tracing_llm::layer().handler(routed).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let _default = tracing::subscriber::set_default(subscriber);
    let branch = |name: &'static str| async move {
        fill(name);
        tick().await;
        async { tick().await }.instrument(event_span!(LLM, "chat")).await;
    };
    let both = async { tokio::join!(branch("one"), branch("two")) };
    both.instrument(event_span!(QUERY, "answer")).await;
    callbacks.shutdown().await.unwrap();
    let spans = out.0.lock().unwrap();
    assert_eq!(spans.len(), 5, "{}", names(&spans));
    let filled: Vec<_> = spans.iter().filter(|span| span.name == "fill").collect();
    assert_eq!(filled.len(), 2);
    assert_eq!(attribute(&spans, "chat", "llm.prompt_template.template"), None);
}

#[test]
fn nothing_below_a_suppress_span_comes_out_and_other_handlers_count_on() {
    let (spans, seen) = run(Options::default(), |_| {
        event_span!(QUERY, "answer").in_scope(|| {
            tracing_llm::suppress().in_scope(|| {
                event_span!(LLM, "secret").in_scope(|| {
                    event_span!(FUNCTION_CALL, "below").in_scope(|| {});
                });
            });
            event_span!(LLM, "shown").in_scope(|| {});
        });
        let scope = tracing::info_span!("job", trace_name = "private", tracing_llm.suppress = true);
        scope.in_scope(|| event_span!(QUERY, "hidden").in_scope(|| {}));
    });
    assert_eq!(names(&spans), "shown answer", "and no root of the private trace");
    assert_eq!(seen.captured().ends.len(), 5);
}

#[tokio::test]
async fn suppression_reaches_across_await_and_spawn() {
    let out = Out::default();
    let routed = Routed {
        route: Route::new(Options::default(), Quirks::default(), Selection::default()),
        out: out.clone(),
    };
    let (layer, callbacks) = tracing_llm::layer().handler(routed).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let _default = tracing::subscriber::set_default(subscriber);
    async {
        tokio::task::yield_now().await;
        let below = async { drop(event_span!(LLM, "spawned").entered()) };
        tokio::spawn(below.in_current_span()).await.unwrap();
        event_span!(LLM, "after").in_scope(|| {});
    }
    .instrument(tracing_llm::suppress())
    .await;
    event_span!(LLM, "shown").in_scope(|| {});
    callbacks.shutdown().await.unwrap();
    assert_eq!(names(&out.0.lock().unwrap()), "shown");
}

#[test]
fn a_flush_gives_what_waits_and_nothing_comes_twice() {
    let (spans, _) = run(Options::default(), |callbacks| {
        event_span!(QUERY, "answer").in_scope(|| {
            fill("waits");
            callbacks.flush_blocking(Duration::from_secs(10)).unwrap();
            event_span!(LLM, "chat").in_scope(|| {});
        });
    });
    assert_eq!(names(&spans), "fill chat answer");
}

#[test]
fn a_judgement_is_on_its_span_and_one_that_says_nothing_is_not() {
    let (spans, _) = run(Options::default(), |_| {
        let span = event_span!(LLM, "chat");
        span.llm().annotate(tracing_llm::Annotation::new("empty")).annotate(
            tracing_llm::Annotation::new("correct")
                .with_score(0.5)
                .with_label("half")
                .with_annotator_kind("CODE"),
        );
    });
    let at = |leaf: &str| attribute(&spans, "chat", &format!("annotations.0.annotation.{leaf}"));
    assert_eq!(at("name").unwrap(), "correct");
    assert_eq!(at("score").unwrap(), "0.5");
    assert_eq!(at("label").unwrap(), "half");
    assert_eq!(at("annotator_kind").unwrap(), "CODE");
    assert_eq!(attribute(&spans, "chat", "annotations.1.annotation.name"), None);
}

#[test]
fn a_folded_template_is_masked_like_any_other() {
    let masks = TraceConfig::default().hide_inputs(true).strict(true).resolve();
    let (spans, _) = run(Options { masks, ..Options::default() }, |_| {
        event_span!(QUERY, "answer").in_scope(|| {
            fill("secret {q}");
            event_span!(LLM, "chat").in_scope(|| {});
        });
    });
    assert_eq!(names(&spans), "chat answer");
    assert_eq!(attribute(&spans, "chat", "llm.prompt_template.template").unwrap(), "__REDACTED__");
}
