//! Rule 7: what an event inherits from the spans around it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use serde_json::json;
use tracing::{Span, field, info_span};
use tracing_llm::Builder;
use tracing_llm::prelude::*;

/// A request span as web frameworks make it: no event, but it knows the session.
fn request(session: &str) -> Span {
    info_span!("request", session.id = session)
}

#[track_caller]
fn session(stage: &Stage, name: &str) -> Option<String> {
    stage.flushed().event(name).context.session_id.as_deref().map(str::to_owned)
}

#[test]
fn an_untagged_span_passes_its_session_on_to_all_events_below() {
    in_both_forms(|stage| {
        request("s-1").in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| {
                info_span!("untagged").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            });
        });
        assert_eq!(session(stage, "answer").as_deref(), Some("s-1"));
        assert_eq!(session(stage, "chat").as_deref(), Some("s-1"));
        let captured = stage.flushed();
        assert_eq!(captured.starts[0].context.session_id.as_deref(), Some("s-1"));
        assert_eq!(captured.tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    });
}

#[test]
fn an_event_has_the_context_of_its_own_span() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer", session.id = "s-1").in_scope(|| {
            event_span!(LLM, "chat").in_scope(|| {});
        });
        assert_eq!(session(stage, "answer").as_deref(), Some("s-1"));
        assert_eq!(session(stage, "chat").as_deref(), Some("s-1"));
    });
}

#[test]
fn the_nearest_span_wins() {
    in_both_forms(|stage| {
        request("outer").in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| {
                request("inner").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
                event_span!(LLM, "own", session.id = "own").in_scope(|| {});
            });
        });
        assert_eq!(session(stage, "answer").as_deref(), Some("outer"));
        assert_eq!(session(stage, "chat").as_deref(), Some("inner"));
        assert_eq!(session(stage, "own").as_deref(), Some("own"));
    });
}

#[test]
fn what_is_set_late_reaches_the_events_that_begin_afterwards() {
    in_both_forms(|stage| {
        let request = info_span!("request", session.id = field::Empty);
        request.in_scope(|| {
            event_span!(QUERY, "before").in_scope(|| {});
            request.record("session.id", "s-1");
            event_span!(QUERY, "after").in_scope(|| {});
        });
        assert_eq!(session(stage, "before"), None);
        assert_eq!(session(stage, "after").as_deref(), Some("s-1"));
    });
}

#[test]
fn what_is_set_late_also_reaches_the_events_below_one_that_began_before() {
    in_both_forms(|stage| {
        let request = info_span!("request", session.id = field::Empty);
        request.in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| {
                request.record("session.id", "s-1");
                event_span!(LLM, "chat").in_scope(|| {});
            });
        });
        assert_eq!(session(stage, "chat").as_deref(), Some("s-1"));
    });
}

#[test]
fn what_an_event_sets_late_on_itself_is_in_its_end() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer", session.id = field::Empty);
        query.in_scope(|| {
            event_span!(EMBEDDING, "before").in_scope(|| {});
            query.record("session.id", "s-1");
            event_span!(LLM, "after").in_scope(|| {});
        });
        drop(query);
        assert_eq!(session(stage, "answer").as_deref(), Some("s-1"));
        assert_eq!(session(stage, "before"), None);
        assert_eq!(session(stage, "after").as_deref(), Some("s-1"));
    });
}

#[test]
fn what_is_set_twice_has_its_later_value() {
    in_both_forms(|stage| {
        let request = request("one");
        request.record("session.id", "two");
        request.in_scope(|| event_span!(QUERY, "answer").in_scope(|| {}));
        assert_eq!(session(stage, "answer").as_deref(), Some("two"));
    });
}

#[test]
fn a_context_does_not_leak_into_its_siblings() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            request("s-1").in_scope(|| event_span!(LLM, "inside").in_scope(|| {}));
            event_span!(LLM, "beside").in_scope(|| {});
        });
        assert_eq!(session(stage, "inside").as_deref(), Some("s-1"));
        assert_eq!(session(stage, "beside"), None);
    });
}

fn with_keys(builder: Builder) -> Builder {
    builder.context_key("tenant").context_key("http.route")
}

#[test]
fn every_field_of_the_context_is_inherited() {
    in_both_forms(|stage| {
        info_span!(
            "request",
            session.id = "s-1",
            user.id = "u-1",
            tag.tags = r#"["a","b"]"#,
            metadata = r#"{"plan":"free"}"#,
            llm.prompt_template.template = "Answer {question}",
            llm.prompt_template.version = "v2",
        )
        .in_scope(|| event_span!(QUERY, "answer").in_scope(|| {}));
        let captured = stage.flushed();
        let context = &captured.event("answer").context;
        assert_eq!(context.session_id.as_deref(), Some("s-1"));
        assert_eq!(context.user_id.as_deref(), Some("u-1"));
        assert_eq!(context.tags, ["a", "b"].map(Text::from));
        assert_eq!(context.metadata, Some(json!({"plan": "free"})));
        let template = context.template.as_ref().unwrap();
        assert_eq!(template.template.as_deref(), Some("Answer {question}"));
        assert_eq!(template.version.as_deref(), Some("v2"));
    });
}

#[test]
fn spans_in_between_add_to_the_context_field_by_field() {
    in_both_forms(|stage| {
        info_span!("request", session.id = "s-1", user.id = "u-1").in_scope(|| {
            info_span!("task", user.id = "u-2").in_scope(|| {
                event_span!(QUERY, "answer").in_scope(|| {});
            });
        });
        let captured = stage.flushed();
        let context = &captured.event("answer").context;
        assert_eq!(context.session_id.as_deref(), Some("s-1"));
        assert_eq!(context.user_id.as_deref(), Some("u-2"));
    });
}

#[test]
fn a_registered_key_is_inherited_with_its_real_type() {
    with_builder(with_keys, |stage| {
        info_span!("request", tenant = 7, http.route = "/ask").in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| {});
        });
        let captured = stage.flushed();
        let context = &captured.event("answer").context;
        assert_eq!(context.keys["tenant"], json!(7));
        assert_eq!(context.keys["http.route"], json!("/ask"));
    });
}

#[test]
fn a_key_that_is_not_registered_is_nothing_to_us() {
    in_both_forms(|stage| {
        info_span!("request", tenant = 7).in_scope(|| event_span!(QUERY, "answer").in_scope(|| {}));
        assert!(stage.flushed().event("answer").context.is_empty());
    });
}

#[test]
fn context_goes_where_the_span_goes() {
    in_both_runtimes(async |stage| {
        use tracing::Instrument;
        tokio::spawn(
            async {
                yields(2).await;
                event_span!(QUERY, "answer").in_scope(|| {});
            }
            .instrument(request("s-1")),
        )
        .await
        .unwrap();
        assert_eq!(session(stage, "answer").as_deref(), Some("s-1"));
    });
}

#[test]
fn the_context_of_its_scope_is_the_traces() {
    in_both_forms(|stage| {
        request("s-1").in_scope(|| {
            info_span!("nightly", trace_name = "index_construction").in_scope(|| {
                event_span!(CHUNKING, "split").in_scope(|| {});
            });
        });
        let captured = stage.flushed();
        assert_eq!(captured.traces[0].context.session_id.as_deref(), Some("s-1"));
        assert_eq!(captured.trace_starts[0].context.session_id.as_deref(), Some("s-1"));
    });
}

#[test]
fn the_context_of_a_span_whose_tag_names_no_type_counts() {
    in_both_forms(|stage| {
        info_span!("signup", event_type = "user_signed_up", session.id = "s-1").in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| {});
        });
        assert_eq!(session(stage, "answer").as_deref(), Some("s-1"));
    });
}

#[test]
fn all_events_below_a_suppress_span_say_so_and_are_delivered_all_the_same() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            tracing_llm::suppress().in_scope(|| {
                event_span!(LLM, "secret").in_scope(|| {
                    let again = info_span!("again", tracing_llm.suppress = false);
                    again.in_scope(|| event_span!(FUNCTION_CALL, "below").in_scope(|| {}));
                });
            });
            event_span!(LLM, "shown").in_scope(|| {});
        });
        let captured = stage.flushed();
        let suppressed = |name: &str| captured.event(name).context.suppressed;
        assert!(suppressed("secret") && suppressed("below"));
        assert!(!suppressed("answer") && !suppressed("shown"));
    });
}

#[test]
fn a_scope_can_be_suppressed_with_its_trace() {
    in_both_forms(|stage| {
        let scope = info_span!("job", trace_name = "private", tracing_llm.suppress = true);
        scope.in_scope(|| event_span!(QUERY, "answer").in_scope(|| {}));
        drop(scope);
        let captured = stage.flushed();
        assert!(captured.event("answer").context.suppressed);
        assert!(captured.traces[0].context.suppressed);
    });
}
