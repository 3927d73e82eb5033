//! Where linking goes wrong in other hands: layers that hide others, two tracers, no tracer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::{Dispatch, info_span};
use tracing_llm::prelude::*;
use tracing_llm::{CallbackLayer, Outcome};
use tracing_llm_otel::Linked;
use tracing_subscriber::layer::Identity;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, registry, reload};

fn scene() {
    info_span!("request").in_scope(|| query_span!("answer").in_scope(|| {}));
}

#[track_caller]
fn assert_linked(otel: &Otel, place: impl FnOnce(CallbackLayer) -> Dispatch) {
    let run = run(Linked::new(), place, |_| scene());
    assert_below(run.captured.event("answer"), otel.spans().named("request"));
    assert_eq!(run.told, [""; 0]);
}

#[test]
fn a_tracer_that_is_boxed_optional_or_in_a_list_is_read() {
    let otel = Otel::new();
    assert_linked(&otel, |layer| {
        let theirs = otel.layer().with_filter(layer.untagged()).boxed();
        registry().with(theirs).with(layer.filtered()).into()
    });
    assert_linked(&otel, |layer| {
        let theirs = Some(otel.layer().with_filter(layer.untagged()));
        registry().with(theirs).with(layer.filtered()).into()
    });
    assert_linked(&otel, |layer| {
        let theirs: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
            vec![otel.layer().with_filter(layer.untagged()).boxed()];
        registry().with(theirs).with(layer.filtered()).into()
    });
}

#[test]
fn ours_may_be_boxed_optional_or_in_a_list() {
    let otel = Otel::new();
    assert_linked(&otel, |layer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        registry().with(layer.filtered().boxed()).with(theirs).into()
    });
    assert_linked(&otel, |layer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        registry().with(Some(layer.filtered())).with(theirs).into()
    });
    assert_linked(&otel, |layer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        registry().with(vec![layer.filtered().boxed()]).with(theirs).into()
    });
    assert_linked(&otel, |layer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        let (ours, _handle) = reload::Layer::new(layer.filtered());
        registry().with(ours).with(theirs).into()
    });
}

fn hidden(otel: &Otel, layer: CallbackLayer) -> Dispatch {
    let (theirs, _handle) = reload::Layer::new(otel.layer());
    registry().with(theirs.with_filter(layer.untagged())).with(layer.filtered()).into()
}

#[test]
fn a_tracer_inside_of_reload_is_read_by_thread_and_that_is_told_once() {
    let otel = Otel::new();
    let run = run(
        Linked::new(),
        |layer| hidden(&otel, layer),
        |_| {
            scene();
            scene();
        },
    );
    let spans = otel.spans();
    assert_eq!(spans.names(), ["request", "request"]);
    for (event, request) in run.captured.ends.iter().zip(&spans.0) {
        assert_below(event, request);
    }
    assert_eq!(run.told.len(), 1, "{:?}", run.told);
    assert!(run.told[0].contains("`reload`"), "{:?}", run.told);
}

#[test]
fn inside_of_reload_an_event_on_another_thread_stands_alone_and_not_in_a_wrong_place() {
    let otel = Otel::new();
    let run = run(
        Linked::new(),
        |layer| hidden(&otel, layer),
        |dispatch| {
            info_span!("request").in_scope(|| {
                let query = query_span!("answer");
                let work = || tracing::dispatcher::with_default(dispatch, || query.in_scope(|| {}));
                std::thread::scope(|scope| scope.spawn(work).join().unwrap());
            });
            // Never entered, and dropped where another request runs.
            let left = info_span!("one").in_scope(|| query_span!("left"));
            info_span!("another").in_scope(|| drop(left));
        },
    );
    assert_eq!(run.captured.event("answer").remote_parent, None);
    assert_eq!(run.captured.event("left").remote_parent, None);
}

#[test]
fn that_there_is_no_tracer_is_told_once() {
    let run = run(
        Linked::new(),
        // The spans around the events are there because another layer wants them.
        |layer| registry().with(layer.filtered()).with(Identity::new()).into(),
        |_| {
            scene();
            scene();
        },
    );
    assert_eq!(run.captured.ends.len(), 2);
    assert!(run.captured.ends.iter().all(|event| event.remote_parent.is_none()));
    assert_eq!(run.told.len(), 1, "{:?}", run.told);
    assert!(run.told[0].contains("another version"), "{:?}", run.told);
}

#[test]
fn an_event_that_stands_alone_is_no_trouble() {
    let otel = Otel::new();
    let place = |layer: CallbackLayer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        registry().with(theirs).with(layer.filtered()).into()
    };
    let run = run(Linked::new(), place, |_| {
        query_span!("answer").in_scope(|| {});
        info_span!("build", trace_name = "index_construction")
            .in_scope(|| event_span!(CHUNKING, "cut").in_scope(|| {}));
    });
    assert_eq!(run.captured.ends.len(), 2);
    assert_eq!(run.told, [""; 0]);
}

#[test]
fn spans_that_the_tracers_own_filter_hides_are_passed_over() {
    let otel = Otel::new();
    let place = |layer: CallbackLayer| {
        let level = tracing_subscriber::filter::LevelFilter::INFO;
        let theirs = otel.layer().with_filter(layer.untagged()).with_filter(level);
        registry().with(theirs).with(layer.filtered()).into()
    };
    let run = run(Linked::new(), place, |_| {
        info_span!("request").in_scope(|| {
            tracing::debug_span!("detail").in_scope(|| {
                query_span!("answer").in_scope(|| {});
            });
        });
    });
    let spans = otel.spans();
    assert_eq!(spans.names(), ["request"]);
    assert_below(run.captured.event("answer"), spans.named("request"));
}

#[test]
fn two_tracers_that_share_no_span_are_both_read() {
    use tracing_subscriber::filter::filter_fn;

    let (web, jobs) = (Otel::new(), Otel::new());
    let place = |layer: CallbackLayer| {
        let is_job = |metadata: &tracing::Metadata<'_>| metadata.name() == "job";
        let web = web.layer().with_filter(filter_fn(move |metadata| !is_job(metadata)));
        let web = web.with_filter(layer.untagged());
        let jobs = jobs.layer().with_filter(filter_fn(is_job));
        registry().with(web).with(jobs).with(layer.filtered()).into()
    };
    let run = run(Linked::new(), place, |_| {
        scene();
        info_span!("job").in_scope(|| query_span!("nightly").in_scope(|| {}));
    });
    assert_below(run.captured.event("answer"), web.spans().named("request"));
    assert_below(run.captured.event("nightly"), jobs.spans().named("job"));
}

#[test]
#[should_panic(expected = "assertion failed: self.replace(val).is_none()")]
fn two_tracers_that_see_the_same_span_panic_in_tracing_opentelemetry() {
    // Known (tokio-rs/tracing#2207), and none of ours: should this test fail one day, it is mended.
    let (one, another) = (Otel::new(), Otel::new());
    let place = |layer: CallbackLayer| {
        registry().with(one.layer()).with(another.layer()).with(layer.filtered()).into()
    };
    run(Linked::new(), place, |_| scene());
}

#[test]
fn spans_that_are_older_than_the_layers_are_no_trouble() {
    let otel = Otel::new();
    let (reloaded, handle) = reload::Layer::new(None::<Box<dyn Layer<Registry> + Send + Sync>>);
    let place = |layer: CallbackLayer| {
        handle.modify(|none| *none = Some(layer.boxed())).unwrap();
        registry().with(reloaded).with(otel.layer()).into()
    };
    let run = run(Linked::new(), place, |_| {
        info_span!("request").in_scope(|| {
            let query = query_span!("answer");
            handle.modify(|ours| drop(ours.take())).unwrap();
            query.in_scope(|| {});
        });
    });
    assert!(run.captured.ends.iter().all(|event| event.outcome != Outcome::Ok));
}

#[test]
fn a_tag_that_names_no_event_type_leaves_the_span_to_the_tracer_from_the_second_on() {
    let otel = Otel::new();
    let shop = || {
        for order in 0..3 {
            info_span!("ship", event_type = "order.shipped", order).in_scope(|| {});
        }
    };
    for (name, place) in places!(otel.layer()) {
        run(Linked::new(), place, |_| shop());
        assert_eq!(otel.spans().names(), ["ship", "ship"], "{name}");
    }
    let build = |builder: tracing_llm::Builder| builder.bare_tag(false);
    for (name, place) in places!(otel.layer()) {
        run_with(build, place, |_| shop());
        assert_eq!(otel.spans().names(), ["ship", "ship", "ship"], "{name}");
    }
}

#[test]
fn a_context_that_only_opentelemetry_itself_knows_is_followed_on_its_thread() {
    use opentelemetry::trace::{TraceContextExt, TraceFlags};

    let context = opentelemetry::Context::new();
    let guard = context.with_remote_span_context(remote(TraceFlags::SAMPLED)).attach();
    let place = |layer: CallbackLayer| registry().with(layer.filtered()).into();
    let run = run(Linked::new(), place, |_| query_span!("answer").in_scope(|| {}));
    drop(guard);
    let answer = run.captured.event("answer");
    assert_eq!(answer.trace_id.to_bytes(), remote(TraceFlags::SAMPLED).trace_id().to_bytes());
    assert_eq!(run.told, [""; 0]);
}
