//! A span begins: what it is, and its place in the tree.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::CallbackLayer;
use super::told::Told;
use super::visit::visit;
use crate::SpanId;
use crate::propagation::Traceparent;
use crate::recognise::Plan;
use crate::state::{
    Above, ContextNode, Fields, Node, Phase, Record, Slots, TraceCell, TraceIds, layers, recent,
    remember,
};
use crate::vocabulary::ContextKey;
use crate::worker::UnknownTag;

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
        let mut state = record.lock();
        if state.closed {
            return None;
        }
        state.has_below = true;
        let (trace, context) = (state.trace.clone(), state.context.clone());
        let above =
            if state.node.is_in_tree() { Some(Arc::clone(record)) } else { state.above.0.clone() };
        Some(Self { above, trace, context })
    }
}

impl CallbackLayer {
    pub(super) fn begin<S>(
        &self,
        plan: &Plan,
        attributes: &Attributes<'_>,
        id: &Id,
        span: &SpanRef<'_, S>,
    ) where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = self.shared.layer;
        let place = self.place(span);
        let twin = if layers() > 1 { Twin::of(span) } else { Twin::default() };
        let record = self.make(plan, attributes, id, place, twin);
        remember(layer, id.into_u64(), Arc::clone(&record));
        let mut extensions = span.extensions_mut();
        if layers() == 1 {
            // Nobody else has put anything there: it need not be looked up.
            extensions.replace(Slots::new(layer, record));
            return;
        }
        match extensions.get_mut::<Slots>() {
            Some(slots) => slots.add(layer, record),
            None => extensions.insert(Slots::new(layer, record)),
        }
    }

    /// Makes the record of a new span.
    fn make(
        &self,
        plan: &Plan,
        attributes: &Attributes<'_>,
        id: &Id,
        place: Place,
        twin: Twin,
    ) -> Arc<Record> {
        let shared = &*self.shared;
        let record = shared.pool.take(&shared.clock);
        // Nobody else knows the record yet, but a visit runs foreign code: it is not locked then.
        let mut fields = std::mem::take(&mut record.lock().fields);
        let told = visit(plan, &mut fields, shared, |visitor| attributes.record(visitor));
        let now = shared.clock.now();
        let node = self.node(plan, &told, &fields, attributes.metadata(), &place);
        let Place { above, trace, context } = place;
        let span_id = twin.span_id.unwrap_or_else(|| shared.new_span_id());
        let moment = shared.moment();
        let context = if plan.has_context {
            Some(ContextNode::new(id.clone(), context, moment, told.context))
        } else {
            context
        };
        let opens = trace.is_none();
        let mut remote_parent = None;
        let trace = match trace {
            None if node.is_delivered() => {
                let ids = self.trace_ids(twin.trace, context.as_deref());
                remote_parent = ids.remote_parent;
                let scope = matches!(node, Node::Scope).then_some(span_id);
                let serial = shared.next_trace();
                let cell = TraceCell::new(serial, ids, scope, now, context.clone(), moment);
                if let Some(name) = told.trace_name {
                    let _ = cell.scope_name.set(name);
                }
                Some(Arc::new(cell))
            }
            trace => trace,
        };
        if matches!(node, Node::Candidate) {
            shared.candidates.fetch_add(1, SeqCst);
        }
        self.keep(&mut fields);
        if node.is_delivered() {
            if let Some(trace) = &trace {
                trace.begin();
            }
        } else {
            if let Some(above) = &above {
                self.pass_on(above, &mut fields);
            }
            fields.clear();
        }
        let mut state = record.lock();
        state.phase = Phase::Open;
        state.node = node;
        state.metadata = Some(attributes.metadata());
        state.id = Some(id.clone());
        state.span_id = Some(span_id);
        state.remote_parent = remote_parent;
        state.above = Above(above);
        state.trace = trace;
        state.tags = told.tags;
        state.opened_trace = opens;
        state.context = context;
        state.moment = moment;
        state.sets_context = plan.has_context;
        state.start = now;
        state.begin_with(fields, shared);
        drop(state);
        record
    }

    /// What a new span is to us.
    fn node(
        &self,
        plan: &Plan,
        told: &Told,
        fields: &Fields,
        span: &'static Metadata<'static>,
        place: &Place,
    ) -> Node {
        let best = match (plan.decided, told.tag) {
            (None, tag) => tag,
            (decided, None) => decided,
            (Some(decided), Some(tag)) => Some(if decided.0 < tag.0 { decided } else { tag }),
        };
        match best {
            Some((rank, event_type)) => Node::Event(event_type, rank),
            None if told.tags != plan.tags => Node::Candidate,
            None => {
                if plan.tags != 0 && plan.unknown_tag.set(()).is_ok() {
                    self.shared.counters.unknown_tag(UnknownTag::among(fields, span));
                }
                let opens_trace = told.trace_name.is_some() && place.trace.is_none();
                if opens_trace { Node::Scope } else { Node::Carrier }
            }
        }
    }

    /// The ids of a new trace: those of our other layers, of another process, or new ones.
    #[cold]
    fn trace_ids(&self, twin: Option<TraceIds>, context: Option<&ContextNode>) -> TraceIds {
        twin.or_else(|| context.and_then(|context| self.remote_parent(context))).unwrap_or_else(
            || TraceIds {
                trace_id: self.shared.new_trace_id(),
                remote_parent: None,
                sampled: None,
            },
        )
    }

    /// The trace of another process that a `traceparent` in the context names. What is none is
    /// ignored and counted; an empty one says nothing.
    fn remote_parent(&self, context: &ContextNode) -> Option<TraceIds> {
        let header = context.text(ContextKey::Traceparent).filter(|header| !header.is_empty())?;
        let Some(parent) = Traceparent::parse(&header) else {
            self.shared.counters.unreadable.fetch_add(1, SeqCst);
            return None;
        };
        Some(TraceIds {
            trace_id: parent.trace_id,
            remote_parent: Some(parent.parent),
            sampled: Some(parent.sampled),
        })
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
