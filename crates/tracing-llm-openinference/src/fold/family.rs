//! The TEMPLATING and LLM events right below one parent.

use std::sync::Arc;

use serde_json::Value;
use tracing_llm::{Content, Context, Event, Message, SpanId, Timestamp};

use super::Decided;

/// What a sibling is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Template,
    Call,
}

/// What runs below one parent, and the one template there that may be folded.
#[derive(Debug)]
pub(super) struct Family {
    age: u64,
    /// The siblings that run now.
    open: Vec<(SpanId, Role)>,
    /// Templates that were filled and whose call has not begun.
    waiting: usize,
    candidate: Option<Candidate>,
}

/// A template that was alone so far.
#[derive(Debug)]
enum Candidate {
    /// It is being filled.
    Running(SpanId),
    /// It is filled; no call has begun since.
    Filled(Arc<Event>),
    /// One call has begun since. What began after it is told of as it begins, but the call's end
    /// may come late (the handle of its span lives on): then `next` says when that was.
    Claimed { template: Arc<Event>, by: SpanId, next: Option<Timestamp> },
}

/// As many siblings at once are remembered by their ids; a crowd is no place to fold in anyway.
const CROWD: usize = 1_000;

impl Family {
    pub(super) fn born(age: u64) -> Self {
        Self { age, open: Vec::new(), waiting: 0, candidate: None }
    }

    pub(super) fn age(&self) -> u64 {
        self.age
    }

    /// Whether the start of this sibling was seen.
    pub(super) fn knows(&self, id: SpanId) -> bool {
        self.open.iter().any(|(open, _)| *open == id)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.waiting == 0 && self.candidate.is_none()
    }

    /// The template that may still be folded.
    pub(super) fn candidate(&self) -> Option<SpanId> {
        self.candidate.as_ref().map(|candidate| match candidate {
            Candidate::Running(id) => *id,
            Candidate::Filled(template) | Candidate::Claimed { template, .. } => template.span_id,
        })
    }

    pub(super) fn start(&mut self, id: SpanId, role: Role, at: Timestamp) -> Vec<Decided> {
        if self.knows(id) {
            return Vec::new();
        }
        let (alone, earlier) = (self.open.is_empty(), self.waiting);
        if self.open.len() >= CROWD {
            self.open.remove(0);
        }
        self.open.push((id, role));
        if role == Role::Call {
            self.waiting = self.waiting.saturating_sub(1);
        }
        match (role, self.candidate.take()) {
            (Role::Template, None) => {
                let clear = alone && earlier == 0;
                self.candidate = clear.then_some(Candidate::Running(id));
                Vec::new()
            }
            (Role::Call, Some(Candidate::Filled(template))) if alone => {
                self.candidate = Some(Candidate::Claimed { template, by: id, next: None });
                Vec::new()
            }
            (_, Some(Candidate::Claimed { template, by, next })) => {
                let next = Some(next.map_or(at, |next| next.min(at)));
                self.candidate = Some(Candidate::Claimed { template, by, next });
                Vec::new()
            }
            // Two at once, or two templates in a row: whose is whose?
            (_, candidate) => alone_again(candidate),
        }
    }

    /// A sibling has ended whose start was seen.
    pub(super) fn end(&mut self, event: &Arc<Event>, shown: bool, foldable: bool) -> Vec<Decided> {
        let id = event.span_id;
        let role = self.open.iter().find(|(open, _)| *open == id).map(|(_, role)| *role);
        self.open.retain(|(open, _)| *open != id);
        let own = shown.then(|| Decided::Alone(Arc::clone(event)));
        match (role, self.candidate.take()) {
            (Some(Role::Template), candidate) => {
                // After one that failed nobody is called.
                self.waiting += usize::from(!event.outcome.is_failure());
                match candidate {
                    Some(Candidate::Running(running)) if running == id => {
                        if shown && foldable {
                            self.candidate = Some(Candidate::Filled(Arc::clone(event)));
                            return Vec::new();
                        }
                    }
                    other => self.candidate = other,
                }
                own.into_iter().collect()
            }
            (_, Some(Candidate::Claimed { template, by, next })) if by == id => {
                let alone = next.is_none_or(|next| next >= event.end());
                if shown && alone && fits(&template, event) {
                    vec![Decided::Folded { call: Arc::clone(event), template }]
                } else {
                    std::iter::once(Decided::Alone(template)).chain(own).collect()
                }
            }
            (_, candidate) => {
                self.candidate = candidate;
                own.into_iter().collect()
            }
        }
    }

    /// What is below this parent may run on, but a template that still has no call gets none.
    pub(super) fn parent_ended(&mut self) -> Vec<Decided> {
        self.waiting = 0;
        match &self.candidate {
            Some(Candidate::Filled(_)) => self.give_up(),
            _ => Vec::new(),
        }
    }

    /// The template is a span of its own.
    pub(super) fn give_up(&mut self) -> Vec<Decided> {
        alone_again(self.candidate.take())
    }
}

fn alone_again(candidate: Option<Candidate>) -> Vec<Decided> {
    match candidate {
        None | Some(Candidate::Running(_)) => Vec::new(),
        Some(Candidate::Filled(template) | Candidate::Claimed { template, .. }) => {
            vec![Decided::Alone(template)]
        }
    }
}

/// Whether the call can have been made with this template: it begins after it, inherits the same,
/// has no template of its own or from around it, and where the filled text is known, that text is
/// in what was sent.
fn fits(template: &Event, call: &Event) -> bool {
    let payload = &call.payload;
    let sent = |filled: &str| {
        payload.prompt.as_deref().is_some_and(|prompt| prompt.contains(filled))
            || payload.messages.iter().any(|message| says(message, filled))
    };
    call.start >= template.end()
        && payload.template.is_none()
        && call.context.template.is_none()
        && inherit_the_same(&template.context, &call.context)
        && filled(template).into_iter().flatten().all(sent)
}

/// The text that a template was filled to, as its event may tell it.
fn filled(template: &Event) -> [Option<&str>; 2] {
    let payload = &template.payload;
    [payload.prompt.as_deref(), payload.output.as_ref().and_then(Value::as_str)]
}

fn says(message: &Message, filled: &str) -> bool {
    message.contents.iter().filter_map(Content::text).any(|text| text.contains(filled))
}

/// What a template's own span adds to the context would be lost with it.
fn inherit_the_same(template: &Context, call: &Context) -> bool {
    template.session_id == call.session_id
        && template.user_id == call.user_id
        && template.tags == call.tags
        && template.metadata == call.metadata
        && template.keys == call.keys
}
