//! Judgements of an event: `annotations.0.annotation.name` …

use tracing_llm::Annotation;

use super::attributes::{Attributes, Json};
use crate::names;

/// The judgements, each whole or not at all: one without a name or a result says nothing.
pub(super) fn list(annotations: &[Annotation], to: &mut Attributes) {
    let valid = annotations.iter().filter(|annotation| annotation.is_valid());
    for (index, annotation) in valid.enumerate() {
        let mut item = to.item(names::ANNOTATIONS, index);
        item.put(names::ANNOTATION_NAME, &annotation.name);
        item.put(names::ANNOTATION_SCORE, annotation.score.filter(|score| score.is_finite()));
        item.put(names::ANNOTATION_LABEL, annotation.label.as_ref());
        item.put(names::ANNOTATION_EXPLANATION, annotation.explanation.as_ref());
        item.put(names::ANNOTATION_ANNOTATOR_KIND, annotation.annotator_kind.as_ref());
        item.put(names::ANNOTATION_IDENTIFIER, annotation.identifier.as_ref());
        item.put(names::ANNOTATION_METADATA, annotation.metadata.as_ref().map(Json));
    }
}
