//! Judgements of an event.

use serde_json::Value;

use super::{Object, items, nested, parsed, take, take_text, text, unwrapped};
use crate::{Annotation, Text};

/// A list of judgements (`annotation.name` … or `evaluation.name` …, with or without the word
/// before the dot), and how many lack a name or a result.
///
/// Those stay in the list, so that nothing is lost here; who shows them leaves them out.
pub(crate) fn annotations(json: Value) -> (Vec<Annotation>, u64) {
    let (mut list, mut unread) = (Vec::new(), 0);
    for item in items(json) {
        let annotation = match item {
            Value::Object(object) => annotation(object),
            other => Annotation { explanation: Some(text(other)), ..Annotation::default() },
        };
        unread += u64::from(!annotation.is_valid());
        list.push(annotation);
    }
    (list, unread)
}

fn annotation(object: Object) -> Annotation {
    let mut object = unwrapped(unwrapped(nested(object), "annotation"), "evaluation");
    let (score, word) = match take(&mut object, &["score"]) {
        Some(Value::Number(number)) => (number.as_f64(), None),
        Some(Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(score) if score.is_finite() => (Some(score), None),
            // A word in place of a number is a label.
            _ => (None, Some(Text::from(text))),
        },
        other => (None, other.map(text)),
    };
    Annotation {
        name: take_text(&mut object, &["name"]).unwrap_or_default(),
        score,
        label: take_text(&mut object, &["label"]).or(word),
        explanation: take_text(&mut object, &["explanation"]),
        annotator_kind: take_text(&mut object, &["annotator_kind"]),
        identifier: take_text(&mut object, &["identifier"]),
        metadata: take(&mut object, &["metadata"]).map(parsed),
    }
}
