//! The two kinds of rows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing_llm::Text;

/// What a trace asked, found and answered.
///
/// Its fields have the names of LlamaIndex's `QueryData`; serialized, they have the column
/// names of the Open Inference table format, which stand with them. A column that has no value
/// is `null` or an empty list, never absent.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryRow {
    /// `:id.id:`, the trace's id and, after a hyphen, the id of its top span, both in
    /// hexadecimal: with them the spans of an exporter are found.
    #[serde(rename = ":id.id:")]
    pub id: String,
    /// `:timestamp.iso_8601:`, when the trace began, in UTC: `2026-09-21T14:13:20.000000+00:00`.
    #[serde(rename = ":timestamp.iso_8601:")]
    pub timestamp: String,
    /// `:feature.text:prompt`, the question: of the first QUERY, else the last message of the
    /// first LLM call, else of the first RETRIEVE.
    #[serde(rename = ":feature.text:prompt")]
    pub query_text: Option<Text>,
    /// `:feature.[float].embedding:prompt`, the vector of the question, else the first vector
    /// of the last EMBEDDING.
    #[serde(rename = ":feature.[float].embedding:prompt")]
    pub query_embedding: Option<Arc<[f32]>>,
    /// `:feature.text:llm_prompt`, the prompt of the last LLM call that has one.
    #[serde(rename = ":feature.text:llm_prompt")]
    pub llm_prompt: Option<Text>,
    /// `:feature.[str]:llm_messages`, role and text of each message of the last LLM call that
    /// has any.
    #[serde(rename = ":feature.[str]:llm_messages")]
    pub llm_messages: Option<Vec<(Text, Text)>>,
    /// `:prediction.text:response`, the response of the first QUERY, else of the last LLM call
    /// that has one.
    #[serde(rename = ":prediction.text:response")]
    pub response_text: Option<Text>,
    /// `:feature.[str].retrieved_document_ids:prompt`, the ids of all nodes that were
    /// retrieved, in order.
    #[serde(rename = ":feature.[str].retrieved_document_ids:prompt")]
    pub node_ids: Vec<Option<Text>>,
    /// `:feature.[float].retrieved_document_scores:prompt`, their scores, in the same order.
    #[serde(rename = ":feature.[float].retrieved_document_scores:prompt")]
    pub scores: Vec<Option<f64>>,
}

/// A node that a trace retrieved or parsed, once for each trace.
///
/// The columns have the names of the fields, as in LlamaIndex's `NodeData`.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The node's id in the index.
    pub id: Option<Text>,
    /// Its text.
    pub node_text: Text,
    /// Its vector, if an EMBEDDING of the same trace embedded the same text.
    pub node_embedding: Option<Arc<[f32]>>,
}
