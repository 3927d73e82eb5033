//! Context fields, inherited along the spans.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::span::Id;

use crate::Context;
use crate::vocabulary::{ContextKey, Scalar, set_context};

/// Counts the fields that were set late in the whole layer. An event inherits what was set up to
/// the moment in which it began: up to the count of that moment.
pub(crate) type Moment = u64;

/// What one span adds to the context. All spans below share it.
pub(crate) struct ContextNode {
    /// Whose it is.
    span: Id,
    above: Option<Arc<ContextNode>>,
    own: Mutex<Own>,
}

#[derive(Default)]
struct Own {
    /// In the order in which they were set.
    entries: Vec<(Moment, ContextKey, Scalar)>,
    /// The whole context as of a moment, resolved on the worker.
    resolved: Option<(Moment, Arc<Context>)>,
}

impl ContextNode {
    /// The context of a span that declares context fields; they may be set later.
    pub(crate) fn new(
        span: Id,
        above: Option<Arc<Self>>,
        now: Moment,
        fields: Vec<(ContextKey, Scalar)>,
    ) -> Arc<Self> {
        let entries = fields.into_iter().map(|(key, value)| (now, key, value)).collect();
        Arc::new(Self { span, above, own: Mutex::new(Own { entries, resolved: None }) })
    }

    /// Sets fields late.
    pub(crate) fn set(&self, now: Moment, fields: Vec<(ContextKey, Scalar)>) {
        let mut own = self.own();
        own.entries.extend(fields.into_iter().map(|(key, value)| (now, key, value)));
        own.resolved = None;
    }

    /// The whole context as it was at this moment: the nearest span wins.
    pub(crate) fn resolve(&self, moment: Moment) -> Arc<Context> {
        // Up to the nearest that is resolved already.
        let mut context = Context::default();
        let mut chain = Vec::new();
        let mut next = Some(self);
        while let Some(node) = next {
            match &node.own().resolved {
                Some((at, resolved)) if *at == moment => {
                    if chain.is_empty() {
                        return Arc::clone(resolved);
                    }
                    context = Context::clone(resolved);
                    break;
                }
                _ => chain.push(node),
            }
            next = node.above.as_deref();
        }
        for node in chain.into_iter().rev() {
            node.own().apply(&mut context, moment);
        }
        let context = Arc::new(context);
        self.own().resolved = Some((moment, Arc::clone(&context)));
        context
    }

    /// The same for the span whose own node this is: all that it set itself counts.
    pub(crate) fn resolve_own(&self, moment: Moment) -> Arc<Context> {
        let mut context = self
            .above
            .as_ref()
            .map(|above| Context::clone(&above.resolve(moment)))
            .unwrap_or_default();
        self.own().apply(&mut context, Moment::MAX);
        Arc::new(context)
    }

    /// The text of the nearest entry with this key.
    pub(crate) fn text(&self, wanted: ContextKey) -> Option<String> {
        self.nearest(wanted).map(|(_, text)| text)
    }

    /// The same, and whose it is.
    pub(crate) fn nearest(&self, wanted: ContextKey) -> Option<(&Id, String)> {
        let mut next = Some(self);
        while let Some(node) = next {
            let own = node.own();
            let found = own.entries.iter().rev().find_map(|(_, key, value)| match value {
                Scalar::Text(text) if *key == wanted => Some(text.to_string()),
                _ => None,
            });
            drop(own);
            if let Some(found) = found {
                return Some((&node.span, found));
            }
            next = node.above.as_deref();
        }
        None
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn apply(&self, context: &mut Context, moment: Moment) {
        for (at, key, value) in &self.entries {
            if *at <= moment {
                set_context(context, *key, value);
            }
        }
    }
}

/// A chain is dropped one by one, however long: not by recursion.
impl Drop for ContextNode {
    fn drop(&mut self) {
        let mut next = self.above.take();
        while let Some(node) = next {
            next = Arc::into_inner(node).and_then(|mut node| node.above.take());
        }
    }
}
