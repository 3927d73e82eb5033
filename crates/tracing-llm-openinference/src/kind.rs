//! Which span kind an event becomes.

use tracing_llm::{Event, EventType, Text};

/// The span kinds of OpenInference, and any other that an event came in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Llm,
    Embedding,
    Chain,
    Retriever,
    Reranker,
    Tool,
    Agent,
    Guardrail,
    Evaluator,
    Prompt,
    Decision,
    /// A kind that the conventions do not know.
    Other,
}

impl Kind {
    const KNOWN: [(&'static str, Self); 11] = [
        ("LLM", Self::Llm),
        ("EMBEDDING", Self::Embedding),
        ("CHAIN", Self::Chain),
        ("RETRIEVER", Self::Retriever),
        ("RERANKER", Self::Reranker),
        ("TOOL", Self::Tool),
        ("AGENT", Self::Agent),
        ("GUARDRAIL", Self::Guardrail),
        ("EVALUATOR", Self::Evaluator),
        ("PROMPT", Self::Prompt),
        ("DECISION", Self::Decision),
    ];

    /// The kind of an event: the one that it came in with, else that of its type.
    pub(crate) fn of(event: &Event) -> Self {
        match incoming(event) {
            Some(word) => Self::parse(word).unwrap_or(Self::Other),
            None => Self::of_type(event.event_type),
        }
    }

    /// The kind of an event type; of a custom one CHAIN.
    pub(crate) fn of_type(event_type: EventType) -> Self {
        match event_type {
            EventType::LLM => Self::Llm,
            EventType::EMBEDDING => Self::Embedding,
            EventType::RETRIEVE => Self::Retriever,
            EventType::RERANKING => Self::Reranker,
            EventType::FUNCTION_CALL => Self::Tool,
            EventType::AGENT_STEP => Self::Agent,
            EventType::GUARDRAIL => Self::Guardrail,
            EventType::EVALUATOR => Self::Evaluator,
            EventType::DECISION => Self::Decision,
            EventType::TEMPLATING => Self::Prompt,
            // QUERY, SYNTHESIZE, TREE, SUB_QUESTION, CHUNKING, NODE_PARSING, EXCEPTION, CHAIN.
            _ => Self::Chain,
        }
    }

    /// The kind as the attribute `openinference.span.kind` has it; the word of an
    /// unknown kind is kept as it came.
    pub(crate) fn word(self, event: &Event) -> Text {
        match Self::KNOWN.iter().find(|(_, kind)| *kind == self) {
            Some((word, _)) => Text::literal(word),
            None => event.kind.clone().unwrap_or_default(),
        }
    }

    /// Whether token counts and costs belong on spans of this kind: on leaf calls, so
    /// that no sum counts them twice.
    pub(crate) fn has_tokens(self) -> bool {
        matches!(self, Self::Llm | Self::Embedding)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::KNOWN
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word))
            .map(|(_, kind)| *kind)
    }
}

fn incoming(event: &Event) -> Option<&str> {
    event.kind.as_deref().map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(event_type: EventType, incoming: Option<&str>) -> String {
        let mut event = Event::new(event_type, "span");
        event.kind = incoming.map(Into::into);
        Kind::of(&event).word(&event).to_string()
    }

    #[test]
    fn every_event_type_has_its_kind() {
        let expected = [
            (EventType::CHUNKING, "CHAIN"),
            (EventType::NODE_PARSING, "CHAIN"),
            (EventType::EMBEDDING, "EMBEDDING"),
            (EventType::LLM, "LLM"),
            (EventType::QUERY, "CHAIN"),
            (EventType::RETRIEVE, "RETRIEVER"),
            (EventType::SYNTHESIZE, "CHAIN"),
            (EventType::TREE, "CHAIN"),
            (EventType::SUB_QUESTION, "CHAIN"),
            (EventType::TEMPLATING, "PROMPT"),
            (EventType::FUNCTION_CALL, "TOOL"),
            (EventType::RERANKING, "RERANKER"),
            (EventType::EXCEPTION, "CHAIN"),
            (EventType::AGENT_STEP, "AGENT"),
            (EventType::CHAIN, "CHAIN"),
            (EventType::GUARDRAIL, "GUARDRAIL"),
            (EventType::EVALUATOR, "EVALUATOR"),
            (EventType::DECISION, "DECISION"),
        ];
        assert_eq!(expected.map(|(event_type, _)| event_type), EventType::ALL);
        for (event_type, kind) in expected {
            assert_eq!(kind_of(event_type, None), kind, "{event_type}");
        }
        assert_eq!(kind_of(EventType::custom("PLAN"), None), "CHAIN");
    }

    #[test]
    fn a_kind_that_came_in_goes_out() {
        assert_eq!(kind_of(EventType::QUERY, Some("AGENT")), "AGENT");
        assert_eq!(kind_of(EventType::LLM, Some("prompt")), "PROMPT");
        assert_eq!(kind_of(EventType::CHAIN, Some("UNKNOWN")), "UNKNOWN");
        assert_eq!(kind_of(EventType::LLM, Some(" ")), "LLM");
    }
}
