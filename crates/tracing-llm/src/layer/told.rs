//! What the fields of a span say of the span itself.

use crate::recognise::{PRESENCE, Rank, Ranks, bit, is_content, rank};
use crate::state::{Field, Fields, Shared};
use crate::vocabulary::{ContextKey, Role, Scalar, Tag, decided};
use crate::{CaptureContent, EventType, Text};

/// Heard while the fields are visited: its type, its trace, its context.
#[derive(Default)]
pub(super) struct Told {
    /// The best tag: its rank and the type that it names.
    pub(super) tag: Option<(Rank, EventType)>,
    /// What has a value, of that on which the type depends.
    pub(super) tags: Ranks,
    pub(super) trace_name: Option<Text>,
    pub(super) context: Vec<(ContextKey, Scalar)>,
}

impl Told {
    /// Hears what the last of these fields says. Of most fields that is nothing.
    #[inline]
    pub(super) fn hear(&mut self, role: Role, fields: &Fields, shared: &Shared) {
        match role {
            Role::Tag(tag) => self.hear_tag(tag, fields, shared),
            Role::TraceName | Role::Context(_) => self.hear_context(role, fields, shared),
            _ => {}
        }
    }

    fn hear_tag(&mut self, tag: Tag, fields: &Fields, shared: &Shared) {
        let rank = rank(tag);
        self.tags |= bit(rank);
        let value = fields.last().and_then(|field| fields.unquoted(field));
        let recognition = &shared.settings.current().recognition;
        let named = value.and_then(|value| recognition.event_type(tag, value));
        if let Some(named) = named {
            if self.tag.is_none_or(|(best, _)| rank <= best) {
                self.tag = Some((rank, named));
            }
        }
    }

    /// Looks for fields that decide by being there. Of several the one whose name comes first among
    /// those that do.
    #[cold]
    pub(super) fn look(&mut self, fields: &Fields) {
        let Some(first) = fields.iter().filter_map(Field::decisive).min() else { return };
        self.tags |= bit(PRESENCE);
        if self.tag.is_none_or(|(best, _)| PRESENCE < best) {
            self.tag = decided(first).map(|event_type| (PRESENCE, event_type)).or(self.tag);
        }
    }

    fn hear_context(&mut self, role: Role, fields: &Fields, shared: &Shared) {
        let Some(field) = fields.last() else { return };
        match role {
            Role::TraceName => self.trace_name = fields.text(field).map(Text::from),
            Role::Context(key) if shared.capture == CaptureContent::Full || !is_content(role) => {
                self.context.push((key, fields.scalar(field)));
            }
            _ => {}
        }
    }
}
