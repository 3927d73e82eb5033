//! What people, models and programs say about an event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Text;

/// A judgement of an event: how well it did, by one criterion.
///
/// It follows the annotations of OpenInference (semantic conventions 0.1.42): a name, and at
/// least one of score, label and explanation. One that lacks either [is not
/// valid](Self::is_valid): it is counted, and handlers leave it out whole.
///
/// ```
/// use tracing_llm::Annotation;
///
/// let judged = Annotation::new("correctness")
///     .with_score(0.9)
///     .with_label("correct")
///     .with_annotator_kind("LLM");
/// assert!(judged.is_valid());
/// assert!(!Annotation::new("correctness").is_valid());
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// The criterion: `correctness`, `user feedback` …
    pub name: Text,
    /// The result as a number; the scale is the criterion's own. It is finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The result as a category: `correct`, `thumbs-up` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// Why the result is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Text>,
    /// Who judged: `HUMAN`, `LLM`, `CODE`, or a word of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotator_kind: Option<Text>,
    /// The judge's own stable id of this judgement: the same again replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Text>,
    /// Whatever else is known of it: a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

impl Annotation {
    /// A judgement by this criterion, to be filled.
    #[must_use]
    pub fn new(name: impl Into<Text>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same with a score. What is no finite number is no score.
    #[must_use]
    pub fn with_score(mut self, score: f64) -> Self {
        self.score = score.is_finite().then_some(score);
        self
    }

    /// The same with a label.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Text>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same with an explanation.
    #[must_use]
    pub fn with_explanation(mut self, explanation: impl Into<Text>) -> Self {
        self.explanation = Some(explanation.into());
        self
    }

    /// The same with who judged: `HUMAN`, `LLM`, `CODE`, or a word of your own.
    #[must_use]
    pub fn with_annotator_kind(mut self, kind: impl Into<Text>) -> Self {
        self.annotator_kind = Some(kind.into());
        self
    }

    /// The same with the judge's own stable id of this judgement.
    #[must_use]
    pub fn with_identifier(mut self, identifier: impl Into<Text>) -> Self {
        self.identifier = Some(identifier.into());
        self
    }

    /// The same with metadata, a JSON object.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// The same without what may quote content; none if it was an explanation and nothing else.
    pub(crate) fn without_content(self) -> Option<Self> {
        let was_valid = self.is_valid();
        let kept = Self { explanation: None, metadata: None, ..self };
        (kept.is_valid() || !was_valid).then_some(kept)
    }

    /// Whether it has a name and a result: a finite score, a label or an explanation.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let says = |text: &Option<Text>| text.as_ref().is_some_and(|text| !text.is_empty());
        let has_score = self.score.is_some_and(f64::is_finite);
        !self.name.trim().is_empty() && (has_score || says(&self.label) || says(&self.explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_one_result_are_needed() {
        assert!(Annotation::new("a").with_score(0.0).is_valid());
        assert!(Annotation::new("a").with_label("good").is_valid());
        assert!(Annotation::new("a").with_explanation("since").is_valid());
        assert!(!Annotation::new(" ").with_score(1.0).is_valid());
        assert!(!Annotation::new("a").with_score(f64::NAN).is_valid());
        assert!(!Annotation::new("a").with_label("").is_valid());
        let told = Annotation::new("a").with_annotator_kind("HUMAN").with_identifier("1");
        assert!(!told.is_valid());
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let whole = Annotation::new("a")
            .with_score(0.5)
            .with_label("l")
            .with_explanation("e")
            .with_annotator_kind("CODE")
            .with_identifier("i")
            .with_metadata(serde_json::json!({"k": 1}));
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Annotation>(&text).unwrap(), whole);
    }
}
