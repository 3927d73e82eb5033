//! What is recognised while the program runs.

use tracing::{Span, info_span};
use tracing_llm::Vocabulary;

use crate::common::*;

fn chat() -> Span {
    info_span!("chat", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = 1)
}

fn billed() -> Span {
    info_span!(target: "billing::client", "billed", event_type = "LLM")
}

#[test]
fn a_vocabulary_is_switched_off_and_on_again() {
    in_both_forms(|stage| {
        let seen = || stage.flushed().ends.len();
        drop(chat());
        assert_eq!(seen(), 1);
        stage.with_callbacks(|callbacks| callbacks.vocabulary(Vocabulary::GenAi, false)).unwrap();
        drop(chat());
        assert_eq!(seen(), 1);
        stage.with_callbacks(|callbacks| callbacks.vocabulary(Vocabulary::GenAi, true)).unwrap();
        drop(chat());
        assert_eq!(seen(), 2);
    });
}

#[test]
fn a_target_is_excluded_and_included_again() {
    in_both_forms(|stage| {
        let seen = || stage.flushed().ends.len();
        drop(billed());
        assert_eq!(seen(), 1);
        stage.with_callbacks(|callbacks| callbacks.exclude_target("billing")).unwrap();
        drop(billed());
        assert_eq!(seen(), 1);
        stage.with_callbacks(|callbacks| callbacks.include_target("billing")).unwrap();
        drop(billed());
        assert_eq!(seen(), 2);
    });
}

#[test]
fn spans_that_are_open_when_it_is_switched_are_delivered_whole() {
    in_both_forms(|stage| {
        let open = chat();
        open.in_scope(|| {});
        stage.with_callbacks(|callbacks| callbacks.vocabulary(Vocabulary::GenAi, false)).unwrap();
        // Closed where this thread does not remember it.
        std::thread::scope(|scope| {
            let dispatch = &stage.dispatch;
            scope.spawn(move || tracing::dispatcher::with_default(dispatch, || drop(open)));
        });
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM chat\n");
        assert_eq!(captured.ends[0].payload.usage.unwrap().input, Some(1));
    });
}

#[test]
fn it_can_be_switched_as_often_as_one_likes() {
    in_both_forms(|stage| {
        for _ in 0..200 {
            for on in [false, true] {
                stage
                    .with_callbacks(|callbacks| callbacks.vocabulary(Vocabulary::GenAi, on))
                    .unwrap();
            }
        }
        drop(chat());
        assert_eq!(stage.flushed().ends.len(), 1);
    });
}

#[test]
fn more_settings_than_are_remembered_are_refused_and_nothing_changes() {
    in_both_forms(|stage| {
        let refused = (0..200).find_map(|number| {
            let target = format!("target{number}");
            stage.with_callbacks(|callbacks| callbacks.exclude_target(target)).err()
        });
        assert!(refused.unwrap().to_string().contains("settings"), "it says why");
        drop(chat());
        assert_eq!(stage.flushed().ends.len(), 1);
    });
}
