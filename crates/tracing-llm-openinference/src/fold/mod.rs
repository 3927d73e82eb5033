//! Which call of a model a filled template belongs to.
//!
//! LlamaIndex hangs a template on the next LLM event beside it, which is the wrong one as soon
//! as two branches run at once. Here a TEMPLATING event becomes part of an LLM span only where no
//! other reading is possible: the two have the same parent, the call begins after the template is
//! filled, from the start of the template to the end of the call no other TEMPLATING or LLM event
//! runs beside them, and no earlier template still waits for its call. In every other case, and
//! if no call follows, the template is a span of its own. It is held back until that is known.
//!
//! Pure: events in, decisions out.

mod family;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tracing_llm::{Event, EventType, SpanId, Template, TraceId};

use self::family::{Family, Role};
use crate::kind::Kind;

/// What became of an event that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decided {
    /// It is a span of its own.
    Alone(Arc<Event>),
    /// The call, with the template that was filled for it.
    Folded { call: Arc<Event>, template: Arc<Event> },
}

/// The events right below one parent; below none, those at the top of a trace.
type Place = (TraceId, Option<SpanId>);

/// How many parents are watched at once. Each holds back one template at the most.
const PLACES: usize = 1_000;

/// The templates that wait for their calls.
#[derive(Default)]
pub(crate) struct Fold {
    families: HashMap<Place, Family>,
    /// Where each template stands that may still be folded.
    candidates: HashMap<SpanId, Place>,
    /// Orders the families by age.
    born: u64,
}

impl Fold {
    /// An event has begun.
    pub(crate) fn start(&mut self, event: &Event, decided: &mut Vec<Decided>) {
        // A template with events below it stays, else those would lose their parent.
        if let Some(place) = event.parent_id.and_then(|parent| self.candidates.get(&parent)) {
            self.change(*place, decided, Family::give_up);
        }
        let Some(role) = role(event) else { return };
        let (place, id) = (place(event), event.span_id);
        if !self.families.contains_key(&place) {
            self.make_room(decided);
            self.born += 1;
            self.families.insert(place, Family::born(self.born));
        }
        self.change(place, decided, |family| family.start(id, role, event.start));
    }

    /// An event has ended. One that is not `shown` is no span, and has no template folded into it.
    pub(crate) fn end(&mut self, event: &Arc<Event>, shown: bool, decided: &mut Vec<Decided>) {
        // Below it, no call can be begun any more by what it runs itself.
        let below = (event.trace_id, Some(event.span_id));
        self.change(below, decided, Family::parent_ended);
        let place = place(event);
        if role(event).is_some() {
            let known = self.families.get(&place).is_some_and(|family| family.knows(event.span_id));
            if !known {
                self.start(event, decided);
            }
            self.change(place, decided, |family| family.end(event, shown, is_foldable(event)));
        } else if shown {
            decided.push(Decided::Alone(Arc::clone(event)));
        }
    }

    /// A trace has ended: nothing waits in it any more.
    pub(crate) fn trace_ended(&mut self, trace: TraceId, decided: &mut Vec<Decided>) {
        let places: Vec<Place> =
            self.families.keys().filter(|(id, _)| *id == trace).copied().collect();
        for place in places {
            self.forget(place, decided);
        }
    }

    /// Decides all that waits, as at a flush.
    pub(crate) fn release(&mut self, decided: &mut Vec<Decided>) {
        let places: Vec<Place> = self.candidates.values().copied().collect();
        for place in places {
            self.change(place, decided, Family::give_up);
        }
    }

    fn make_room(&mut self, decided: &mut Vec<Decided>) {
        if self.families.len() < PLACES {
            return;
        }
        let oldest = self.families.iter().min_by_key(|(_, family)| family.age());
        if let Some(place) = oldest.map(|(place, _)| *place) {
            self.forget(place, decided);
        }
    }

    fn forget(&mut self, place: Place, decided: &mut Vec<Decided>) {
        self.change(place, decided, Family::give_up);
        self.families.remove(&place);
    }

    /// Changes a family, and keeps the books of the templates that wait.
    fn change(
        &mut self,
        place: Place,
        decided: &mut Vec<Decided>,
        change: impl FnOnce(&mut Family) -> Vec<Decided>,
    ) {
        let Some(family) = self.families.get_mut(&place) else { return };
        let before = family.candidate();
        decided.append(&mut change(family));
        let after = family.candidate();
        if family.is_idle() {
            self.families.remove(&place);
        }
        if before != after {
            before.map(|id| self.candidates.remove(&id));
            after.map(|id| self.candidates.insert(id, place));
        }
    }
}

fn place(event: &Event) -> Place {
    (event.trace_id, event.parent_id)
}

fn role(event: &Event) -> Option<Role> {
    if event.event_type == EventType::TEMPLATING {
        Some(Role::Template)
    } else {
        (Kind::of(event) == Kind::Llm).then_some(Role::Call)
    }
}

/// The template that a TEMPLATING event tells: as a part, or by the names that events inherit.
pub(crate) fn template_of(event: &Event) -> Option<&Template> {
    event.payload.template.as_ref().or(event.context.template.as_ref())
}

/// Whether all that a TEMPLATING event says has a place on the span of a call: it went well, and
/// carries a template, perhaps the filled text (as prompt or output), and nothing else. One that came in as a kind of
/// span goes out as that kind.
fn is_foldable(event: &Event) -> bool {
    let payload = &event.payload;
    let mut bare = tracing_llm::Payload::default();
    bare.template.clone_from(&payload.template);
    bare.prompt.clone_from(&payload.prompt);
    if payload.output.as_ref().is_some_and(Value::is_string) {
        bare.output.clone_from(&payload.output);
    }
    let has_kind = event.kind.as_deref().is_some_and(|kind| !kind.trim().is_empty());
    template_of(event).is_some()
        && *payload == bare
        && !has_kind
        && !event.renamed
        && !event.outcome.is_failure()
        && event.logs.is_empty()
        && event.links.is_empty()
        && event.lost_bytes == 0
}

#[cfg(test)]
mod tests;
