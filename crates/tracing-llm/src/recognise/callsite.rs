//! What a callsite is to us, decided once from its metadata.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing::{Level, Metadata};

use super::config::{Fitting, Recognition};
use super::known::{Known, known};
use super::rank::{PRESENCE, Rank, Ranks, bit, rank};
use crate::EventType;
use crate::vocabulary::Role;

/// What we do with the spans or events of one callsite.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Each field, by its index.
    pub(crate) fields: Box<[&'static Known]>,
    /// What depends on a value, in the fields that it declares: its tags, and fields that decide by
    /// having one.
    pub(crate) tags: Ranks,
    /// What a rule says of its spans.
    pub(crate) decided: Option<(Rank, EventType)>,
    pub(crate) has_trace_name: bool,
    pub(crate) has_context: bool,
    /// Its tag's value names no event type; counted once.
    pub(crate) unknown_tag: OnceLock<()>,
    /// Of an event: it looks like the one that `#[instrument(err)]` or `(ret)` emits.
    pub(crate) tells_outcome: bool,
    /// Of an event: its fields may be read, as far as they come from the right place.
    pub(crate) has_payload: bool,
}

impl Plan {
    /// None if spans or events of this callsite are nothing to us.
    fn of(metadata: &Metadata<'_>, recognition: &Recognition) -> Option<Self> {
        if *metadata.level() > recognition.level || recognition.is_excluded(metadata.target()) {
            return None;
        }
        let rule = recognition.rule(metadata);
        let fields: Box<[&'static Known]> = metadata
            .fields()
            .iter()
            .map(|field| match rule.as_ref().and_then(|rule| rule.meaning(field.name())) {
                Some(meaning) => known(recognition.meaning(meaning), meaning),
                None => known(recognition.role(field.name()), field.name()),
            })
            .collect();
        let has = |wanted: fn(&Role) -> bool| fields.iter().any(|known| wanted(&known.role));
        let plan = Self {
            tags: fields.iter().fold(0, |tags, known| match known.role {
                Role::Tag(tag) => tags | bit(rank(tag)),
                _ if known.decisive.is_some() => tags | bit(PRESENCE),
                _ => tags,
            }),
            decided: rule.as_ref().and_then(Fitting::decides),
            has_trace_name: has(|role| matches!(role, Role::TraceName)),
            has_context: has(|role| matches!(role, Role::Context(_))),
            unknown_tag: OnceLock::new(),
            tells_outcome: tells_outcome(metadata),
            has_payload: has(|role| matches!(role, Role::Payload { .. } | Role::Context(_))),
            fields,
        };
        let seen = if metadata.is_span() {
            plan.tags != 0
                || plan.decided.is_some()
                || plan.has_trace_name
                || plan.fields.iter().any(|known| {
                    matches!(known.role, Role::Context(_) | Role::Payload { bare: false, .. })
                })
        } else {
            plan.has_payload || *metadata.level() == Level::ERROR || plan.tells_outcome
        };
        seen.then_some(plan)
    }

    /// Whether spans or events of this callsite are told by our handlers: another tracer that
    /// tells them too tells them twice. A tag whose value names no event type claims nothing.
    fn is_claim(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() {
            let decides = self.tags != 0 || self.decided.is_some();
            let is_ours = metadata.target() == OUR_TARGET; // `Propagation::extract`, `suppress`
            return is_ours || self.has_trace_name || decides && self.unknown_tag.get().is_none();
        }
        metadata.target() == OUR_TARGET
            || self
                .fields
                .iter()
                .any(|known| matches!(known.role, Role::Payload { bare: false, .. }))
    }
}

/// Whose bare names are ours: events with this target may bring `response = …` from anywhere.
pub(crate) const OUR_TARGET: &str = "tracing_llm";

/// `tracing-attributes` gives those events one field and no message.
fn tells_outcome(metadata: &Metadata<'_>) -> bool {
    let fields = metadata.fields();
    metadata.is_event()
        && fields.len() == 1
        && fields.iter().all(|field| matches!(field.name(), "error" | "return"))
}

/// Whether this is told by our handlers, from the names alone.
pub(crate) fn is_claimed(metadata: &Metadata<'_>, recognition: &Recognition) -> bool {
    Plan::of(metadata, recognition).is_some_and(|plan| plan.is_claim(metadata))
}

/// Whether spans or events with this metadata are something to us, from the names alone.
pub(crate) fn is_seen(metadata: &Metadata<'_>, recognition: &Recognition) -> bool {
    Plan::of(metadata, recognition).is_some()
}

/// The plans of all callsites, found by the address of their metadata without a lock.
///
/// Segments of open addressing that are made when the one before is crowded. An entry never
/// changes once it is there.
pub(crate) struct Callsites {
    segments: [OnceLock<Box<[OnceLock<Entry>]>>; SEGMENTS],
    /// Callsites that found no place: they are nothing to us, and counted.
    pub(crate) homeless: AtomicU64,
}

struct Entry {
    metadata: &'static Metadata<'static>,
    plan: Option<Box<Plan>>,
}

/// Where to look first. Metadata is aligned: the low bits of its address say nothing. Fibonacci
/// hashing spreads the rest.
fn home(metadata: &Metadata<'_>) -> usize {
    let address = std::ptr::from_ref(metadata) as usize;
    (address >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

const SEGMENTS: usize = 32;
const SLOTS: usize = 1024;
const PROBES: usize = 8;

impl Callsites {
    pub(crate) fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS], homeless: AtomicU64::new(0) }
    }

    /// The plan for this callsite; none if it is nothing to us.
    #[inline]
    pub(crate) fn plan(
        &self,
        metadata: &'static Metadata<'static>,
        recognition: &Recognition,
    ) -> Option<&Plan> {
        let home = home(metadata);
        for segment in &self.segments {
            let slots = segment.get_or_init(|| (0..SLOTS).map(|_| OnceLock::new()).collect());
            for probe in 0..PROBES {
                let slot = slots.get((home + probe) % SLOTS)?;
                let entry = slot.get_or_init(|| Entry {
                    metadata,
                    plan: Plan::of(metadata, recognition).map(Box::new),
                });
                if std::ptr::eq(entry.metadata, metadata) {
                    return entry.plan.as_deref();
                }
            }
        }
        self.homeless.fetch_add(1, Relaxed);
        None
    }

    /// Whether this callsite is something to us, if it was met before. Metadata that was met lives
    /// as long as the program: nothing else can lie at its address.
    #[inline]
    pub(crate) fn is_seen(&self, metadata: &Metadata<'_>) -> Option<bool> {
        self.met(metadata).map(|plan| plan.is_some())
    }

    /// Whether this callsite is told by our handlers, if it was met before.
    #[inline]
    pub(crate) fn is_claimed(&self, metadata: &Metadata<'_>) -> Option<bool> {
        self.met(metadata).map(|plan| plan.is_some_and(|plan| plan.is_claim(metadata)))
    }

    #[inline]
    fn met(&self, metadata: &Metadata<'_>) -> Option<Option<&Plan>> {
        let home = home(metadata);
        for segment in &self.segments {
            let slots = segment.get()?;
            for probe in 0..PROBES {
                let entry = slots.get((home + probe) % SLOTS)?.get()?;
                if std::ptr::eq(entry.metadata, metadata) {
                    return Some(entry.plan.as_deref());
                }
            }
        }
        None
    }

    /// All callsites that are something to us.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &'static Metadata<'static>> + '_ {
        self.segments
            .iter()
            .filter_map(OnceLock::get)
            .flatten()
            .filter_map(OnceLock::get)
            .filter(|entry| entry.plan.is_some())
            .map(|entry| entry.metadata)
    }
}
