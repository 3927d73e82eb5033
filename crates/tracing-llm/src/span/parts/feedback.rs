//! Judgements of an event.

use serde::ser::Error as _;

use crate::event::Annotation;
use crate::span::EventHandle;
use crate::span::attach::with_open;
use crate::{CaptureContent, Payload};

/// How the event is judged while it runs.
impl EventHandle {
    /// A judgement of this event, beside those that it has already. One with the name and the
    /// identifier of an earlier one replaces it.
    ///
    /// One that [is not valid](Annotation::is_valid) is left out and counted
    /// ([`Stats::unreadable`](crate::Stats::unreadable)). Where only metadata is captured, name,
    /// score, label and annotator stay.
    ///
    /// ```
    /// use tracing_llm::Annotation;
    /// use tracing_llm::prelude::*;
    ///
    /// let span = event_span!(LLM, "chat");
    /// span.llm().annotate(Annotation::new("answered").with_score(1.0).with_annotator_kind("CODE"));
    /// ```
    pub fn annotate(&self, annotation: Annotation) -> &Self {
        for record in self.records.all() {
            let annotation = annotation.clone();
            with_open(record, |state, now, shared| {
                state.touch(now);
                let kept = match shared.capture {
                    CaptureContent::Metadata => annotation.without_content(),
                    CaptureContent::Full => Some(annotation),
                };
                if let Some(annotation) = kept {
                    state.attach(Box::new(move |payload| add(payload, annotation)));
                }
            });
        }
        self
    }
}

fn add(payload: &mut Payload, annotation: Annotation) -> serde_json::Result<()> {
    if !annotation.is_valid() {
        return Err(serde_json::Error::custom("an annotation needs a name and a result"));
    }
    let same = |other: &Annotation| {
        annotation.identifier.is_some()
            && other.identifier == annotation.identifier
            && other.name == annotation.name
    };
    let mut list: Vec<Annotation> =
        payload.annotations.iter().filter(|other| !same(other)).cloned().collect();
    list.push(annotation);
    payload.annotations = list.into();
    Ok(())
}
