//! Documents of retrievers and rerankers, and embeddings.

use tracing_llm::{Document, Event, EventType, Payload, Text};

use super::Options;
use super::attributes::{Attributes, Json, Path};
use crate::kind::Kind;
use crate::names::{self, own};

/// The small settings of retrieval: query, number of nodes, level of a tree.
pub(super) fn settings(payload: &Payload, kind: Kind, to: &mut Attributes) {
    if kind == Kind::Reranker {
        to.put(names::RERANKER_QUERY, payload.query.as_ref());
        to.put(names::RERANKER_TOP_K, payload.top_k);
    } else {
        to.put(own::TOP_K, payload.top_k);
    }
    to.put(own::LEVEL, payload.level);
}

/// The documents, under the names that the span kind has for them.
///
/// Of a splitter or parser only the counts are shown (as input and output values), unless the
/// texts are asked for: they are whole corpora.
pub(super) fn nodes(event: &Event, kind: Kind, options: Options, to: &mut Attributes) {
    let payload = &event.payload;
    match kind {
        _ if is_parsing(event, kind) => {
            if options.parsed_texts {
                parsed(payload, to);
            }
        }
        Kind::Reranker => {
            list(names::RERANKER_OUTPUT_DOCUMENTS, &payload.nodes, to);
            list(names::RERANKER_INPUT_DOCUMENTS, &payload.documents, to);
        }
        _ => {
            let sources = payload.sub_question.as_ref().map_or(&[][..], |part| &part.sources);
            let found = if payload.nodes.is_empty() { sources } else { &payload.nodes };
            list(names::RETRIEVAL_DOCUMENTS, found, to);
            list(names::INPUT_DOCUMENTS, &payload.documents, to);
        }
    }
}

/// What a splitter or parser made, and of what.
fn parsed(payload: &Payload, to: &mut Attributes) {
    list(names::OUTPUT_DOCUMENTS, &payload.nodes, to);
    for (index, chunk) in payload.chunks.iter().enumerate() {
        // Behind the nodes, if there are both.
        let mut item = to.item(names::OUTPUT_DOCUMENTS, payload.nodes.len() + index);
        item.put(names::DOCUMENT_CONTENT, chunk);
    }
    list(names::INPUT_DOCUMENTS, &payload.documents, to);
}

/// Whether the event cuts texts into chunks or nodes.
pub(super) fn is_parsing(event: &Event, kind: Kind) -> bool {
    kind == Kind::Chain && matches!(event.event_type, EventType::CHUNKING | EventType::NODE_PARSING)
}

fn list(name: &'static str, documents: &[Document], to: &mut Attributes) {
    for (index, document) in documents.iter().enumerate() {
        put(document, &mut to.item(name, index));
    }
}

/// One document below its path: `document.id`, `document.score` …
pub(super) fn put(document: &Document, to: &mut Path<'_>) {
    to.put(names::DOCUMENT_ID, document.id.as_ref());
    to.put(names::DOCUMENT_SCORE, document.score);
    to.put(names::DOCUMENT_NAME, document.name.as_ref());
    to.put(names::DOCUMENT_URL, document.url.as_ref());
    to.put(names::DOCUMENT_MIME_TYPE, document.mime_type.as_ref());
    to.put(names::DOCUMENT_CONTENT, (!document.content.is_empty()).then_some(&document.content));
    to.put(names::DOCUMENT_METADATA, document.metadata.as_ref().map(Json));
}

/// The texts that were embedded, and their vectors if they are wanted.
pub(super) fn embeddings(payload: &Payload, kind: Kind, options: Options, to: &mut Attributes) {
    if kind != Kind::Embedding {
        return;
    }
    for index in 0..payload.embeddings.len().max(payload.chunks.len()) {
        let embedding = payload.embeddings.get(index);
        let mut item = to.item(names::EMBEDDING_EMBEDDINGS, index);
        item.put(names::EMBEDDING_TEXT, text(payload, index));
        if options.embedding_vectors {
            let vector = embedding.and_then(|embedding| embedding.vector.as_deref());
            item.put(names::EMBEDDING_VECTOR, vector);
        }
    }
}

/// The text at this place: of the embedding itself, else of the chunks.
fn text(payload: &Payload, index: usize) -> Option<&Text> {
    let own = payload.embeddings.get(index).and_then(|embedding| embedding.text.as_ref());
    own.or_else(|| payload.chunks.get(index))
}

/// All texts that were embedded.
pub(super) fn embedded_texts(payload: &Payload) -> Vec<&Text> {
    (0..payload.embeddings.len().max(payload.chunks.len()))
        .filter_map(|index| text(payload, index))
        .collect()
}
