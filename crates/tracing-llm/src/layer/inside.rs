//! What happens between a span's beginning and its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tracing::span::{Id, Record as Values};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::CallbackLayer;
use super::visit::{visit, visit_event, with_scratch};
use crate::event::{Exception, Link};
use crate::recognise::{PRESENCE, Plan, Rank, is_content};
use crate::state::{Fields, Node, Phase, Record, Shared, State, TraceCell, TraceIds, Verdict};
use crate::vocabulary::{ErrorKey, Role};
use crate::worker::UnknownTag;
use crate::{CaptureContent, Text};

/// Whose bare names are ours: events with this target may bring `response = …` from anywhere.
const OUR_TARGET: &str = "tracing_llm";

impl State {
    /// Takes fields over, within the budget of bytes.
    pub(super) fn take_over(&mut self, fields: &mut Fields, shared: &Shared) {
        if fields.is_empty() {
            return;
        }
        self.charge(fields, shared);
        if self.fields.is_empty() {
            std::mem::swap(&mut self.fields, fields);
        } else {
            self.fields.append(fields);
        }
    }
}

impl State {
    /// Takes over the fields of the new span.
    #[inline]
    pub(super) fn begin_with(&mut self, mut fields: Fields, shared: &Shared) {
        self.charge(&mut fields, shared);
        self.fields = fields;
    }

    #[inline]
    fn charge(&mut self, fields: &mut Fields, shared: &Shared) {
        let bytes = fields.bytes();
        if shared.queue.charge(bytes) {
            self.charged += bytes;
        } else {
            let lost = fields.shed();
            self.rare().lost += lost as u64;
            shared.counters.lost_bytes(lost);
        }
    }
}

impl CallbackLayer {
    pub(super) fn record_values(&self, plan: &Plan, record: &Arc<Record>, values: &Values<'_>) {
        let shared = &*self.shared;
        with_scratch(|fields| {
            let told = visit(plan, fields, shared, |visitor| values.record(visitor));
            self.keep(fields);
            let now = shared.clock.now();
            let mut state = record.lock();
            if !state.is_open() {
                shared.counters.late();
                return;
            }
            if !told.context.is_empty() {
                if let Some(context) = &state.context {
                    context.set(shared.next_moment(), told.context);
                }
            }
            let mut recognised = false;
            state.tags |= told.tags;
            if let Some((rank, event_type)) = told.tag {
                recognised = state.node == Node::Candidate;
                if recognised {
                    shared.candidates.fetch_sub(1, SeqCst);
                }
                if recognised || is_better(state.node, rank) {
                    state.node = Node::Event(event_type, rank);
                }
            }
            if state.node == Node::Candidate && state.tags == plan.tags {
                self.refuse(plan, fields, &mut state);
            }
            if !state.node.is_delivered() {
                let above = state.above.0.clone();
                drop(state);
                if let Some(above) = above {
                    self.pass_on(&above, fields);
                }
                return;
            }
            state.touch(now);
            state.take_over(fields, shared);
            let start = recognised && state.entered;
            state.told += u32::from(start);
            state.start_waits |= start;
            drop(state);
            if start {
                shared.push_start(Arc::clone(record));
            }
        });
    }

    /// All tags of a candidate have a value, and none names an event type: it is no event.
    fn refuse(&self, plan: &Plan, fields: &Fields, state: &mut State) {
        let shared = &*self.shared;
        if plan.unknown_tag.set(()).is_ok() {
            let tag = state.metadata.and_then(|span| UnknownTag::among(fields, span));
            shared.counters.unknown_tag(tag);
        }
        shared.candidates.fetch_sub(1, SeqCst);
        let names_trace = |trace: &Arc<TraceCell>| trace.scope_name.get().is_some();
        if state.opened_trace && state.trace.as_ref().is_some_and(names_trace) {
            state.node = Node::Scope;
            return;
        }
        state.node = Node::Carrier;
        // What begins below from now on belongs to the trace above, or to one of its own.
        let trace = if state.opened_trace { state.trace.take() } else { state.trace.clone() };
        if let Some(trace) = trace {
            trace.leave();
            shared.queue.miss();
        }
    }

    pub(super) fn follow(&self, record: &Arc<Record>, follows: &Arc<Record>) {
        if Arc::ptr_eq(record, follows) {
            return;
        }
        let link = {
            let state = follows.lock();
            match (&state.trace, state.span_id) {
                (Some(trace), Some(span_id)) if state.node.is_in_tree() => {
                    Link { trace_id: trace.ids().trace_id, span_id }
                }
                _ => return,
            }
        };
        record.lock().rare().links.push(link);
    }

    pub(super) fn record_event<S>(&self, plan: &Plan, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some((record, direct)) = self.around(event, context) else { return };
        let shared = &*self.shared;
        let metadata = event.metadata();
        let span_metadata = record.lock().metadata;
        let is_own = plan.tells_outcome
            && direct
            && span_metadata.is_some_and(|span| same_line(span, metadata));
        let is_error = *metadata.level() == Level::ERROR;
        if !(is_own || is_error || plan.has_payload) {
            return;
        }
        with_scratch(|fields| {
            visit_event(plan, fields, event);
            let now = shared.clock.now();
            if is_own {
                return self.own_event(&record, fields, now);
            }
            let log = is_error.then(|| log_text(fields));
            let bare_names = metadata.target() == OUR_TARGET
                || direct && span_metadata.is_some_and(|span| same_crate(span, metadata));
            fields.retain(|field| match field.role() {
                Role::Payload { bare, .. } => bare_names || !bare,
                _ => false,
            });
            self.keep(fields);
            if fields.is_empty() && log.is_none() {
                return;
            }
            let mut state = record.lock();
            if !state.is_open() {
                shared.counters.late();
                return;
            }
            if !fields.is_empty() {
                state.touch(now);
                state.take_over(fields, shared);
            }
            if let Some(log) = log {
                if shared.capture == CaptureContent::Metadata {
                    return;
                }
                if shared.queue.charge(log.len()) {
                    state.charged += log.len();
                    state.rare().logs.push((now, log));
                } else {
                    state.rare().lost += log.len() as u64;
                    shared.counters.lost_bytes(log.len());
                }
            }
        });
    }

    /// The event that `#[instrument(err)]` or `(ret)` emits at the span's own line.
    fn own_event(&self, record: &Arc<Record>, fields: &Fields, now: crate::clock::Tick) {
        let mut state = record.lock();
        if !state.is_open() {
            self.shared.counters.late();
            return;
        }
        for field in fields.iter() {
            match field.role() {
                Role::Error(ErrorKey::Error) => {
                    let message = fields.text(field).map(Text::from);
                    state.fail(Some(Exception::new(message.unwrap_or_default())));
                }
                _ if field.name() == "return" && state.verdict < Verdict::Finished => {
                    state.verdict = Verdict::Finished;
                }
                _ => {}
            }
        }
        state.touch(now);
    }

    /// The record that a tracing event belongs to, and whether the event is right in its span.
    ///
    /// The parent chain decides, not the spans that this thread has entered.
    fn around<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Option<(Arc<Record>, bool)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let current;
        let id: &Id = if event.is_root() {
            return None;
        } else if let Some(parent) = event.parent() {
            parent
        } else {
            current = context.current_span();
            current.id()?
        };
        if let Some(span) = context.span(id) {
            return self.nearest(span);
        }
        // The span is disabled for us: the registry itself knows its parents.
        self.shared.with_dispatch(|dispatch| {
            let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
            self.nearest(span).map(|(record, _)| (record, false))
        })
    }

    fn nearest<S>(&self, span: SpanRef<'_, S>) -> Option<(Arc<Record>, bool)>
    where
        S: for<'a> LookupSpan<'a>,
    {
        let mut direct = true;
        let mut next = Some(span);
        while let Some(span) = next {
            if let Some(record) = self.record(&span) {
                let state = record.lock();
                if state.node.is_in_tree() {
                    drop(state);
                    return Some((record, direct));
                }
                return state.above.0.clone().map(|above| (above, false));
            }
            direct = false;
            next = span.parent();
        }
        None
    }

    /// Fields of a span that is no event go to the event above it.
    pub(super) fn pass_on(&self, above: &Arc<Record>, fields: &mut Fields) {
        fields.retain(|field| matches!(field.role(), Role::Payload { bare: false, .. }));
        if fields.is_empty() {
            return;
        }
        let now = self.shared.clock.now();
        let mut state = above.lock();
        if state.is_open() {
            state.touch(now);
            state.take_over(fields, &self.shared);
        } else {
            self.shared.counters.late();
        }
    }

    /// Leaves out what is not to be captured.
    pub(super) fn keep(&self, fields: &mut Fields) {
        if self.shared.capture == CaptureContent::Metadata {
            fields.retain(|field| !is_content(field.role()));
        }
    }

    /// The span is entered for the first time: its event begins.
    pub(super) fn first_enter(&self, id: &Id, record: Arc<Record>, tell: bool) {
        let shared = &*self.shared;
        if let Some(source) = &shared.context_source {
            let top = {
                let state = record.lock();
                state.above.0.is_none().then(|| state.trace.clone()).flatten()
            };
            let parent = top.as_ref().and_then(|_| {
                let parent = || shared.with_dispatch(|dispatch| source.parent(id, dispatch));
                catch_unwind(AssertUnwindSafe(parent)).unwrap_or_else(|_| {
                    shared.counters.failure();
                    None
                })
            });
            if let (Some(trace), Some((trace_id, parent))) = (top, parent) {
                trace.adopt(TraceIds { trace_id, remote_parent: Some(parent), sampled: None });
                record.lock().remote_parent = Some(parent);
            }
        }
        if tell {
            shared.push_start(record);
        }
    }

    /// False if the record is closed: then it is not the span's.
    pub(super) fn close(&self, record: Arc<Record>) -> bool {
        let shared = &*self.shared;
        let mut state = record.lock();
        if state.closed {
            return false;
        }
        state.closed = true;
        let was = state.phase;
        let delivered = state.node.is_delivered();
        if state.node == Node::Candidate && was == Phase::Open {
            shared.candidates.fetch_sub(1, SeqCst);
        }
        if state.is_open() {
            if state.end.is_none() && state.last.is_none() {
                let now = shared.clock.now();
                state.touch(now);
            }
            state.phase = Phase::Ended;
        }
        if was == Phase::Open && state.start_waits && !state.has_below && !shared.is_deserted() {
            state.end_goes_along = true;
            return true;
        }
        drop(state);
        match was {
            Phase::Open | Phase::Finishing if delivered => {
                shared.push_end(record);
            }
            Phase::Ended => {}
            _ => shared.pool.give_back(record),
        }
        true
    }
}

/// Whether a late value says more of the span's type than what is known. Of two fields that decide
/// by being there the first counts, of two values of one tag the last.
fn is_better(node: Node, rank: Rank) -> bool {
    matches!(node, Node::Event(_, best) if rank < best || rank == best && rank != PRESENCE)
}

fn same_line(span: &Metadata<'_>, event: &Metadata<'_>) -> bool {
    span.line().is_some() && span.line() == event.line() && span.file() == event.file()
}

fn same_crate(span: &Metadata<'_>, event: &Metadata<'_>) -> bool {
    fn krate<'a>(metadata: &Metadata<'a>) -> Option<&'a str> {
        metadata.module_path()?.split("::").next()
    }
    krate(span).is_some() && krate(span) == krate(event)
}

/// The text of a log line: its message, then its fields.
fn log_text(fields: &Fields) -> String {
    let mut text = String::new();
    let message = fields.iter().find(|field| field.name() == "message");
    if let Some(message) = message.and_then(|field| fields.text(field)) {
        text.push_str(message);
    }
    for field in fields.iter().filter(|field| field.name() != "message") {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(field.name());
        text.push('=');
        text.push_str(&fields.scalar(field).text());
    }
    text
}
