//! Linked: our events in the user's trace, each call once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use opentelemetry::trace::{SpanId, TraceContextExt, TraceFlags};
use opentelemetry_sdk::trace::Sampler;
use tracing::{Dispatch, Instrument, info, info_span, instrument};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, HandlerExt};
use tracing_llm_otel::Linked;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A request that asks a question, with a plain span between and another below.
fn pipeline() {
    info_span!("request", session.id = "s-1").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            info!(target: "tracing_llm", response = "because");
            info_span!("work").in_scope(|| {
                llm_span!("chat", model = "gpt-5-mini").in_scope(|| {
                    info_span!("POST").in_scope(|| info!("sent"));
                });
            });
        });
    });
}

#[test]
fn each_call_appears_once_and_our_events_stand_below_the_users_span() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| pipeline());
        let spans = otel.spans();
        assert_eq!(spans.names(), ["POST", "request", "work"], "{name}");
        let request = spans.named("request");
        let (answer, chat) = (run.captured.event("answer"), run.captured.event("chat"));
        assert_below(answer, request);
        assert_eq!((answer.parent_id, answer.sampled), (None, Some(true)));
        assert_eq!(chat.parent_id, Some(answer.span_id));
        assert_eq!(chat.trace_id, answer.trace_id);
        assert_eq!(answer.payload.response.as_deref(), Some("because"));
        assert_eq!(answer.context.session_id.as_deref(), Some("s-1"));
        assert_eq!(run.told, [""; 0], "{name}");
    }
}

#[test]
fn a_plain_span_below_an_event_hangs_below_the_users_nearest_span() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        run(Linked::new(), place, |_| pipeline());
        let spans = otel.spans();
        let (request, work) = (spans.named("request"), spans.named("work"));
        assert_eq!(work.parent_span_id, request.span_context.span_id(), "{name}");
        assert_eq!(spans.named("POST").parent_span_id, work.span_context.span_id(), "{name}");
    }
}

#[test]
fn what_brings_parts_of_a_payload_is_no_event_of_the_users_span() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        run(Linked::new(), place, |_| pipeline());
        let spans = otel.spans();
        assert!(spans.named("request").events.is_empty(), "{name}");
        assert_eq!(spans.named("POST").events.len(), 1, "{name}");
    }
}

#[test]
fn without_the_filter_our_events_hang_below_their_twins() {
    let otel = Otel::new();
    for (name, place) in places_unfiltered!(otel.layer()) {
        let run = run(Linked::new(), place, |_| pipeline());
        let spans = otel.spans();
        assert_eq!(spans.names(), ["POST", "answer", "chat", "request", "work"], "{name}");
        assert_below(run.captured.event("answer"), spans.named("answer"));
    }
}

#[test]
fn without_context_activation_it_is_the_same() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer().with_context_activation(false)) {
        let run = run(Linked::new(), place, |_| pipeline());
        assert_below(run.captured.event("answer"), otel.spans().named("request"));
    }
}

#[test]
fn as_roots_they_join_the_trace_with_a_link_and_no_parent() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new().as_roots(), place, |_| pipeline());
        let (spans, answer) = (otel.spans(), run.captured.event("answer"));
        let request = spans.named("request");
        assert_eq!(answer.trace_id.get(), trace_of(request));
        assert_eq!(answer.remote_parent, None);
        assert_eq!(answer.links.len(), 1);
        assert_eq!(answer.links[0].span_id.get(), id_of(request));
    }
}

#[test]
fn the_parent_of_the_users_span_can_still_be_set_and_is_followed() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            let request = info_span!("request");
            // Not entered yet: an event that begins below reads nothing.
            let query = query_span!(parent: &request, "answer");
            let remote = remote(TraceFlags::SAMPLED);
            let parent = opentelemetry::Context::new().with_remote_span_context(remote);
            request.set_parent(parent).unwrap();
            request.in_scope(|| query.in_scope(|| {}));
        });
        let (spans, remote) = (otel.spans(), remote(TraceFlags::SAMPLED));
        let request = spans.named("request");
        assert_eq!(request.parent_span_id, remote.span_id());
        assert_eq!(request.span_context.trace_id(), remote.trace_id());
        assert_below(run.captured.event("answer"), request);
    }
}

#[test]
fn a_trace_that_the_tracer_does_not_sample_says_so() {
    let otel = Otel::with(Sampler::AlwaysOff);
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| pipeline());
        assert!(otel.spans().0.is_empty());
        assert!(run.captured.ends.iter().all(|event| event.sampled == Some(false)));
        assert!(run.captured.event("answer").remote_parent.is_some());
    }
}

#[test]
fn the_choice_of_another_process_is_followed() {
    let otel = Otel::with(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)));
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            let request = info_span!("request");
            let remote = remote(TraceFlags::default());
            let parent = opentelemetry::Context::new().with_remote_span_context(remote);
            request.set_parent(parent).unwrap();
            request.in_scope(|| query_span!("answer").in_scope(|| {}));
        });
        let answer = run.captured.event("answer");
        assert_eq!(answer.sampled, Some(false));
        assert_eq!(answer.trace_id.to_bytes(), remote(TraceFlags::SAMPLED).trace_id().to_bytes());
    }
}

#[instrument]
async fn request() {
    tokio::task::yield_now().await;
    answer("why?").await;
    tokio::task::yield_now().await;
}

#[instrument(fields(event_type = "QUERY", query_str = question))]
async fn answer(question: &str) {
    tokio::task::yield_now().await;
    let chat = llm_span!("chat");
    // The other task is on another thread, outside of the request.
    tokio::spawn(async { tokio::task::yield_now().await }.instrument(chat)).await.unwrap();
    tokio::task::yield_now().await;
}

#[test]
fn instrumented_futures_are_linked_across_awaits_tasks_and_threads() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |dispatch| {
            let of_thread = dispatch.clone();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .on_thread_start(move || {
                    // For the whole life of the thread.
                    std::mem::forget(tracing::dispatcher::set_default(&of_thread));
                })
                .build()
                .unwrap();
            runtime.block_on(async {
                let requests: Vec<_> = (0..8).map(|_| tokio::spawn(request())).collect();
                for request in requests {
                    request.await.unwrap();
                }
            });
        });
        let spans = otel.spans();
        assert_eq!(spans.names(), ["request"; 8]);
        for query in run.captured.ends.iter().filter(|event| event.name == *"answer") {
            let parent = query.remote_parent.unwrap();
            let request = spans.0.iter().find(|span| id_of(span) == parent.get()).unwrap();
            assert_below(query, request);
            let below = |event: &&std::sync::Arc<Event>| event.parent_id == Some(query.span_id);
            let chats: Vec<_> = run.captured.ends.iter().filter(below).collect();
            assert_eq!(chats.len(), 1);
            assert_eq!(chats[0].trace_id, query.trace_id);
        }
    }
}

#[test]
fn an_event_on_another_thread_finds_the_users_span_by_its_parents() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |dispatch| {
            info_span!("request").in_scope(|| {
                let query = query_span!("answer");
                let work = || tracing::dispatcher::with_default(dispatch, || query.in_scope(|| {}));
                std::thread::scope(|scope| scope.spawn(work).join().unwrap());
            });
        });
        assert_below(run.captured.event("answer"), otel.spans().named("request"));
    }
}

#[test]
fn events_that_are_never_entered_are_linked_too() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            info_span!("request").in_scope(|| {
                drop(query_span!("closed"));
                query_span!("ended").llm().end();
            });
        });
        let spans = otel.spans();
        assert_below(run.captured.event("closed"), spans.named("request"));
        assert_below(run.captured.event("ended"), spans.named("request"));
    }
}

#[test]
fn a_named_trace_and_all_its_events_stand_in_the_users_trace() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            info_span!("job").in_scope(|| {
                info_span!("build", trace_name = "index_construction").in_scope(|| {
                    event_span!(CHUNKING, "cut").in_scope(|| {});
                    event_span!(EMBEDDING, "embed").in_scope(|| {});
                });
            });
        });
        let spans = otel.spans();
        assert_eq!(spans.names(), ["job"]);
        let job = spans.named("job");
        assert_below(run.captured.event("cut"), job);
        assert_below(run.captured.event("embed"), job);
        let trace = &run.captured.traces[0];
        assert_eq!((trace.id.get(), &*trace.name), (trace_of(job), "index_construction"));
        assert_eq!(trace.remote_parent.map(tracing_llm::SpanId::get), Some(id_of(job)));
    }
}

#[test]
fn following_from_each_other_works_between_their_spans_and_ours() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            info_span!("request").in_scope(|| {
                let (first, second) = (llm_span!("first"), llm_span!("second"));
                let plain = info_span!("plain");
                second.follows_from(&first);
                // Each knows the other's span not: nothing happens.
                plain.follows_from(&first);
                second.follows_from(&plain);
                first.in_scope(|| second.in_scope(|| plain.in_scope(|| {})));
            });
        });
        let (first, second) = (run.captured.event("first"), run.captured.event("second"));
        assert_eq!(second.links.len(), 1);
        assert_eq!(second.links[0].span_id, first.span_id);
        assert_eq!(second.links[0].trace_id, first.trace_id, "by its id after it is linked");
        assert!(otel.spans().named("plain").links.is_empty());
    }
}

#[test]
fn an_explicit_parent_that_is_one_of_ours_makes_a_plain_span_a_root() {
    // tracing-opentelemetry knows no way around a parent that a filter hides from it.
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        run(Linked::new(), place, |_| {
            info_span!("request").in_scope(|| {
                let chat = llm_span!("chat");
                info_span!(parent: &chat, "POST").in_scope(|| {});
            });
        });
        assert_eq!(otel.spans().named("POST").parent_span_id, SpanId::INVALID);
    }
}

/// A task with an event's span, in which a plain span runs.
fn task() -> impl FnOnce(&Dispatch) {
    |_| {
        let request = info_span!("request");
        let chat = request.in_scope(|| llm_span!("chat"));
        let work = async {
            for _ in 0..2 {
                tokio::task::yield_now().await;
                info_span!("POST").in_scope(|| {});
            }
            // Left again: the thread is in no span.
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let local = runtime.block_on(async {
            tokio::spawn(work.instrument(chat)).await.unwrap();
            opentelemetry::Context::current().has_active_span()
        });
        assert!(!local);
    }
}

#[test]
fn in_a_task_of_its_own_a_plain_span_below_an_event_is_a_root() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        run(Linked::new(), place, task());
        for post in otel.spans().0.iter().filter(|span| span.name == "POST") {
            assert_eq!(post.parent_span_id, SpanId::INVALID);
        }
    }
}

#[test]
fn unless_the_users_context_is_carried_into_the_task() {
    use tracing_llm_otel::Carry;
    use tracing_subscriber::prelude::*;

    let otel = Otel::new();
    let place = |layer: tracing_llm::CallbackLayer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        let carry = Carry::beside(&layer);
        tracing_subscriber::registry().with(theirs).with(carry).with(layer.filtered()).into()
    };
    run(Linked::new(), place, task());
    let spans = otel.spans();
    let request = spans.named("request").span_context.span_id();
    let posts: Vec<_> = spans.0.iter().filter(|span| span.name == "POST").collect();
    assert_eq!(posts.len(), 2);
    assert!(posts.iter().all(|post| post.parent_span_id == request));
}

#[test]
fn a_trace_that_the_user_does_not_sample_is_kept_from_a_handler_that_is_sampled() {
    for (sampler, names) in
        [(Sampler::AlwaysOff, vec![]), (Sampler::AlwaysOn, vec!["chat", "answer"])]
    {
        let otel = Otel::with(sampler);
        for (name, place) in places!(otel.layer()) {
            let kept = Capture::new();
            let build = |builder: Builder| {
                builder.context_source(Linked::new()).handler(kept.clone().sampled(1.0))
            };
            let run = run_with(build, place, |_| pipeline());
            let ended: Vec<String> =
                kept.captured().ends.iter().map(|event| event.name.to_string()).collect();
            assert_eq!(ended, names, "{name}");
            assert_eq!(run.captured.ends.len(), 2, "{name}: one that is not has all");
        }
    }
}

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[track_caller]
fn assert_continues_the_caller(event: &Event) {
    assert_eq!(event.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736", "{}", event.name);
    let parent = event.remote_parent.map(|parent| parent.to_string());
    assert_eq!(parent.as_deref(), Some("00f067aa0ba902b7"), "{}", event.name);
    assert_eq!(event.sampled, Some(false), "{}", event.name);
}

#[test]
fn the_callers_trace_is_continued_where_its_header_is_nearer_than_the_users_span() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            info_span!("request").in_scope(|| {
                query_span!("own field", traceparent = CALLER).in_scope(|| {});
                let remote = tracing_llm::Propagation::new().extract([("traceparent", CALLER)]);
                remote.in_scope(|| query_span!("extracted").in_scope(|| {}));
                info_span!("scope", trace_name = "job", traceparent = CALLER)
                    .in_scope(|| query_span!("scoped").in_scope(|| {}));
                drop(query_span!("never entered", traceparent = CALLER));
            });
            let alone = tracing_llm::Propagation::new().extract([("traceparent", CALLER)]);
            alone.in_scope(|| query_span!("no span around").in_scope(|| {}));
        });
        for event in ["own field", "extracted", "never entered", "no span around"] {
            assert_continues_the_caller(run.captured.event(event));
        }
        let own = run.captured.event("own field");
        assert_eq!(run.captured.event("scoped").trace_id, own.trace_id);
        let job = run.captured.traces.iter().find(|trace| trace.name == *"job").unwrap();
        assert_eq!((job.id, job.remote_parent), (own.trace_id, own.remote_parent));
        assert_eq!(run.told, [""; 0], "{name}");
    }
}

#[test]
fn where_the_users_span_is_nearer_its_trace_counts_and_the_trap_says_how_to_continue_the_callers() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            info_span!("with field", traceparent = CALLER)
                .in_scope(|| query_span!("field").in_scope(|| {}));
            let remote = tracing_llm::Propagation::new().extract([("traceparent", CALLER)]);
            remote.in_scope(|| {
                info_span!("below").in_scope(|| query_span!("extracted").in_scope(|| {}));
            });
        });
        let spans = otel.spans();
        assert_below(run.captured.event("field"), spans.named("with field"));
        assert_below(run.captured.event("extracted"), spans.named("below"));
        assert_eq!(run.told.len(), 1, "{name}: {:?}", run.told);
        assert!(run.told[0].contains("OpenTelemetrySpanExt::set_parent"), "{:?}", run.told);
    }
}

#[test]
fn a_users_span_that_continues_the_callers_trace_beside_the_field_is_no_trouble() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            let remote = remote(TraceFlags::SAMPLED);
            let header = format!("00-{}-{}-01", remote.trace_id(), remote.span_id());
            let request = info_span!("request", traceparent = header);
            let parent = opentelemetry::Context::new().with_remote_span_context(remote);
            request.set_parent(parent).unwrap();
            request.in_scope(|| query_span!("answer").in_scope(|| {}));
        });
        assert_below(run.captured.event("answer"), otel.spans().named("request"));
        assert_eq!(run.told, [""; 0], "{name}");
    }
}

#[test]
fn the_spans_of_our_helpers_are_kept_from_the_users_tracer() {
    let otel = Otel::new();
    for (name, place) in places!(otel.layer()) {
        run(Linked::new(), place, |_| {
            let remote = tracing_llm::Propagation::new().extract([("traceparent", CALLER)]);
            remote.in_scope(|| info_span!("request").in_scope(|| {}));
            tracing_llm::suppress().in_scope(|| info_span!("diagnosis").in_scope(|| {}));
        });
        assert_eq!(otel.spans().names(), ["diagnosis", "request"], "{name}");
    }
}

#[test]
fn the_vendors_list_of_the_users_trace_goes_on_with_our_events() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let run = run(Linked::new(), place, |_| {
            let plain = remote(TraceFlags::SAMPLED);
            let listed = opentelemetry::trace::SpanContext::new(
                plain.trace_id(),
                plain.span_id(),
                plain.trace_flags(),
                true,
                "rojo=1,congo=2".parse().unwrap(),
            );
            let request = info_span!("request");
            let parent = opentelemetry::Context::new().with_remote_span_context(listed);
            request.set_parent(parent).unwrap();
            request.in_scope(|| query_span!("answer").in_scope(|| {}));
        });
        let answer = run.captured.event("answer");
        assert_eq!(answer.tracestate.as_deref(), Some("rojo=1,congo=2"));
    }
}
