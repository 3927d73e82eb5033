//! How a part gets onto an event.

use std::sync::Arc;

use super::EventHandle;
use super::input::Deferred;
use crate::clock::Tick;
use crate::state::{Part, Record, Shared, State};
use crate::{CaptureContent, Payload};

impl EventHandle {
    /// Changes the state of each record that is still open; what comes late is counted.
    pub(super) fn update(&self, mut change: impl FnMut(&mut State, Tick)) {
        for record in self.records.all() {
            with_open(record, |state, now, _| change(state, now));
        }
    }

    /// Attaches something that is no content: numbers, names of models.
    pub(super) fn attach(
        &self,
        apply: impl FnOnce(&mut Payload) + Clone + Send + 'static,
    ) -> &Self {
        self.try_attach(move |payload| {
            apply(payload);
            Ok(())
        })
    }

    /// The same for what may not be serialized.
    pub(super) fn try_attach(
        &self,
        apply: impl FnOnce(&mut Payload) -> serde_json::Result<()> + Clone + Send + 'static,
    ) -> &Self {
        for record in self.records.all() {
            let apply = apply.clone();
            with_open(record, |state, now, _| {
                state.touch(now);
                state.attach(Box::new(apply));
            });
        }
        self
    }

    /// Attaches content: left out where only metadata is captured, or where the budget of
    /// bytes is spent.
    pub(super) fn attach_content<T: Clone + Send + Sync + 'static>(
        &self,
        content: impl FnOnce() -> Deferred<T>,
        apply: impl FnOnce(&mut Payload, T) -> serde_json::Result<()> + Clone + Send + 'static,
    ) -> &Self {
        let Some(first) = self.records.first() else { return self };
        let Deferred { make, bytes } = content();
        if self.records.len() == 1 {
            push_content(first, bytes, Box::new(move |payload| apply(payload, make())));
        } else {
            let value = Arc::new(std::sync::Mutex::new(Shareable::Make(make)));
            for record in self.records.all() {
                let (value, apply) = (Arc::clone(&value), apply.clone());
                push_content(
                    record,
                    bytes,
                    Box::new(move |payload| match Shareable::get(&value) {
                        Some(value) => apply(payload, value),
                        None => Ok(()),
                    }),
                );
            }
        }
        self
    }
}

fn push_content(record: &Arc<Record>, bytes: usize, part: Part) {
    with_open(record, |state, now, shared| {
        state.touch(now);
        if shared.capture == CaptureContent::Metadata {
            return;
        }
        if shared.queue.charge(bytes) {
            state.charged += bytes;
            state.attach(part);
        } else {
            state.rare().lost += bytes as u64;
            shared.counters.lost_bytes(bytes);
        }
    });
}

pub(super) fn with_open(record: &Arc<Record>, change: impl FnOnce(&mut State, Tick, &Shared)) {
    let Some(shared) = record.shared() else { return };
    if shared.is_closed() {
        return;
    }
    let now = shared.clock.now();
    let mut state = record.lock();
    if state.is_open() {
        change(&mut state, now, &shared);
    } else {
        shared.counters.late();
    }
}

/// A value for several layers, made once by whichever worker comes first.
enum Shareable<T> {
    Make(Box<dyn FnOnce() -> T + Send>),
    Made(T),
    /// Its closure panicked.
    Lost,
}

impl<T: Clone> Shareable<T> {
    fn get(cell: &std::sync::Mutex<Self>) -> Option<T> {
        let mut value = cell.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Self::Make(_) = &*value {
            if let Self::Make(make) = std::mem::replace(&mut *value, Self::Lost) {
                *value = Self::Made(make());
            }
        }
        match &*value {
            Self::Made(made) => Some(made.clone()),
            _ => None,
        }
    }
}
