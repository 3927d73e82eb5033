//! Fields that tell the event type by being there.

use crate::EventType;

/// Names that no span has that is not of this type: the first of them that has a value decides.
///
/// The order matters where one span has several: calls of tools, retrievals and embeddings name
/// the model, too. OpenTelemetry GenAI semantic conventions 1.41.1, OpenInference 0.1.42.
const DECISIVE: &[(&str, EventType)] = &[
    ("gen_ai.tool.name", EventType::FUNCTION_CALL),
    ("gen_ai.tool.call.id", EventType::FUNCTION_CALL),
    ("gen_ai.tool.call.arguments", EventType::FUNCTION_CALL),
    ("gen_ai.tool.call.result", EventType::FUNCTION_CALL),
    ("gen_ai.retrieval.query.text", EventType::RETRIEVE),
    ("gen_ai.retrieval.documents", EventType::RETRIEVE),
    ("gen_ai.retrieval.top_k", EventType::RETRIEVE),
    ("retrieval.documents", EventType::RETRIEVE),
    ("reranker.model_name", EventType::RERANKING),
    ("reranker.query", EventType::RERANKING),
    ("gen_ai.embeddings.dimension.count", EventType::EMBEDDING),
    ("embedding.model_name", EventType::EMBEDDING),
    ("gen_ai.evaluation.name", EventType::EVALUATOR),
    ("gen_ai.request.model", EventType::LLM),
    ("llm.model_name", EventType::LLM),
];

/// The place of a name among those that decide; none if it decides nothing.
pub(crate) fn decisive(name: &str) -> Option<u8> {
    let at = DECISIVE.iter().position(|(decisive, _)| *decisive == name)?;
    u8::try_from(at).ok()
}

/// The type that the name at this place decides for.
pub(crate) fn decided(place: u8) -> Option<EventType> {
    DECISIVE.get(usize::from(place)).map(|(_, event_type)| *event_type)
}
