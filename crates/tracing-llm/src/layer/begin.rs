//! A span begins: what it is, and its place in the tree.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tracing::Subscriber;
use tracing::span::Attributes;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::CallbackLayer;
use super::visit::{Visitor, with_scratch};
use crate::recognise::{Plan, is_content, rank};
use crate::state::{
    Above, ContextNode, Fields, Node, Phase, Record, Shared, Slots, TraceCell, TraceIds, layers,
    recent, remember,
};
use crate::vocabulary::{ContextKey, Role, Scalar};
use crate::worker::UnknownTag;
use crate::{CaptureContent, EventType, SpanId, Text, TraceId};

/// What the spans above give to a new one.
#[derive(Default)]
struct Place {
    above: Option<Arc<Record>>,
    trace: Option<Arc<TraceCell>>,
    context: Option<Arc<ContextNode>>,
}

impl Place {
    /// What this record gives to a span below it; none if it is closed: then it is of another span.
    fn below(record: &Arc<Record>) -> Option<Self> {
        let state = record.lock();
        if state.closed {
            return None;
        }
        let (trace, context) = (state.trace.clone(), state.context.clone());
        let above =
            if state.node.is_in_tree() { Some(Arc::clone(record)) } else { state.above.0.clone() };
        Some(Self { above, trace, context })
    }
}

/// What the fields of a span say of it.
#[derive(Default)]
pub(super) struct Told {
    /// The best tag: its rank and the type that it names.
    pub(super) tag: Option<(u8, EventType)>,
    /// The tags that have a value: a bit for each rank.
    pub(super) tags: u8,
    trace_name: Option<Text>,
    pub(super) context: Vec<(ContextKey, Scalar)>,
}

impl Told {
    pub(super) fn by(fields: &Fields, shared: &Shared) -> Self {
        let mut told = Self::default();
        for field in fields.iter() {
            match &field.role {
                Role::Tag(tag) => {
                    let tag = *tag;
                    told.tags |= 1 << rank(tag);
                    let named = fields
                        .text(field)
                        .and_then(|value| shared.recognition.event_type(tag, value));
                    if let Some(named) = named {
                        let rank = rank(tag);
                        if told.tag.is_none_or(|(best, _)| rank <= best) {
                            told.tag = Some((rank, named));
                        }
                    }
                }
                Role::TraceName => told.trace_name = fields.text(field).map(Text::from),
                role @ Role::Context(key)
                    if shared.capture == CaptureContent::Full || !is_content(*role) =>
                {
                    told.context.push((*key, fields.scalar(field)));
                }
                _ => {}
            }
        }
        told
    }
}

impl CallbackLayer {
    pub(super) fn begin<S>(&self, plan: &Plan, attributes: &Attributes<'_>, span: &SpanRef<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let shared = &*self.shared;
        with_scratch(|fields| {
            attributes.record(&mut Visitor { plan, fields });
            let told = Told::by(fields, shared);
            let place = self.place(span);
            let now = shared.clock.now();

            let opens_trace = told.trace_name.is_some() && place.trace.is_none();
            let node = match told.tag {
                Some((rank, event_type)) => Node::Event(event_type, rank),
                None if told.tags != plan.tags => Node::Candidate,
                None => {
                    if plan.tags != 0 && plan.unknown_tag.set(()).is_ok() {
                        let metadata = attributes.metadata();
                        shared.counters.unknown_tag(UnknownTag::among(fields, metadata));
                    }
                    if opens_trace { Node::Scope } else { Node::Carrier }
                }
            };

            let twin = if layers() > 1 { Twin::of(span) } else { Twin::default() };
            let span_id = twin.span_id.unwrap_or_else(|| shared.new_span_id());
            let moment = shared.moment();
            let context = if plan.has_context {
                Some(ContextNode::new(place.context, moment, told.context))
            } else {
                place.context
            };
            let mut remote_parent = None;
            let opens = place.trace.is_none();
            let trace = place.trace.or_else(|| {
                node.is_delivered().then(|| {
                    let remote = context.as_deref().and_then(remote_parent_of);
                    let ids = twin.trace.or(remote).unwrap_or_else(|| TraceIds {
                        trace_id: shared.new_trace_id(),
                        remote_parent: None,
                        sampled: None,
                    });
                    remote_parent = ids.remote_parent;
                    let scope = (node == Node::Scope).then_some(span_id);
                    let cell = TraceCell::new(
                        shared.next_trace(),
                        ids,
                        scope,
                        now,
                        context.clone(),
                        moment,
                    );
                    if let Some(name) = told.trace_name {
                        let _ = cell.scope_name.set(name);
                    }
                    Arc::new(cell)
                })
            });
            if node == Node::Candidate {
                shared.candidates.fetch_add(1, SeqCst);
            }
            if node.is_delivered() {
                if let Some(trace) = &trace {
                    trace.begin();
                }
            }

            if shared.capture == CaptureContent::Metadata {
                fields.retain(|field| !is_content(field.role));
            }
            if node == Node::Carrier {
                if let Some(above) = &place.above {
                    self.pass_on(above, fields);
                }
            }
            let record = shared.pool.take();
            {
                let mut state = record.lock();
                state.phase = Phase::Open;
                state.node = node;
                state.metadata = Some(attributes.metadata());
                state.span_id = Some(span_id);
                state.remote_parent = remote_parent;
                state.above = Above(place.above);
                state.trace = trace;
                state.tags = told.tags;
                state.opened_trace = opens;
                state.context = context;
                state.moment = moment;
                state.sets_context = plan.has_context;
                state.start = now;
                if node.is_delivered() {
                    state.take_over(fields, shared);
                }
            }
            remember(shared.layer, span.id().into_u64(), Arc::clone(&record));
            let mut extensions = span.extensions_mut();
            if layers() == 1 {
                // Nobody else has put anything there: it need not be looked up.
                extensions.replace(Slots::new(shared.layer, record));
                return;
            }
            match extensions.get_mut::<Slots>() {
                Some(slots) => slots.add(shared.layer, record),
                None => extensions.insert(Slots::new(shared.layer, record)),
            }
        });
    }

    /// Follows the parents up to the nearest span that is something to us.
    fn place<S>(&self, span: &SpanRef<'_, S>) -> Place
    where
        S: for<'a> LookupSpan<'a>,
    {
        let mut next = span.parent();
        while let Some(parent) = next {
            let known = recent(self.shared.layer, parent.id().into_u64(), Place::below);
            let place = known.flatten().or_else(|| Place::below(&self.record(&parent)?));
            if let Some(place) = place {
                return place;
            }
            next = parent.parent();
        }
        Place::default()
    }
}

/// What another layer of ours has given to the same span.
#[derive(Default)]
struct Twin {
    span_id: Option<SpanId>,
    trace: Option<TraceIds>,
}

impl Twin {
    fn of<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>) -> Self {
        let extensions = span.extensions();
        let Some((_, twin)) = extensions.get::<Slots>().and_then(|slots| slots.all().next()) else {
            return Self::default();
        };
        let state = twin.lock();
        Self { span_id: state.span_id, trace: state.trace.as_ref().map(|trace| trace.ids()) }
    }
}

/// The trace of another process that a `traceparent` in the context names
/// ([W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header), version 00).
fn remote_parent_of(context: &ContextNode) -> Option<TraceIds> {
    let header = context.text(ContextKey::Traceparent)?;
    let mut parts = header.split('-');
    let version = parts.next()?;
    let trace_id: TraceId = parts.next()?.parse().ok()?;
    let parent: SpanId = parts.next()?.parse().ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    (version.len() == 2 && version != "ff").then_some(TraceIds {
        trace_id,
        remote_parent: Some(parent),
        sampled: Some(flags & 1 == 1),
    })
}
