//! What the handle asks of the worker.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Worker;
use crate::clock::Tick;
use crate::handler::{AnyHandler, Done, Stopped, Tally};

/// A request of the handle.
pub(crate) enum Control {
    Add {
        id: u64,
        handler: Box<dyn AnyHandler>,
    },
    /// Flush it, shut it down, hand it back; `None` if there is no such handler.
    Remove {
        id: u64,
        done: Receipt<Option<Stopped>>,
    },
    Flush(Receipt<Vec<Answer>>),
    /// Nothing but an answer: what happened before was looked at.
    Ping(Receipt<()>),
    /// What is open ends at that time: when it was asked.
    Shutdown {
        asked: Tick,
        done: Receipt<Vec<Answer>>,
    },
}

/// How a handler's flush or shutdown went: still none if it is at it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) handler: Arc<Tally>,
    pub(crate) result: Option<Result<(), String>>,
}

/// Requests that wait for the worker.
#[derive(Default)]
pub(crate) struct Mailbox {
    controls: Mutex<Letters>,
}

#[derive(Default)]
struct Letters {
    waiting: Vec<Control>,
    closed: bool,
}

impl Mailbox {
    /// False if the worker is gone.
    pub(crate) fn post(&self, control: Control) -> bool {
        let mut letters = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.closed {
            return false;
        }
        letters.waiting.push(control);
        true
    }

    /// Posts the last request: nothing comes after it.
    pub(crate) fn post_last(&self, control: Control) {
        let mut letters = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
        letters.closed = true;
        letters.waiting.push(control);
    }

    pub(super) fn take(&self) -> Vec<Control> {
        let mut letters = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut letters.waiting)
    }
}

/// Something that comes later, waited for on another thread.
pub(crate) struct Receipt<T>(Arc<(Mutex<Slot<T>>, Condvar)>);

struct Slot<T> {
    value: Option<T>,
    complete: bool,
}

impl<T> Clone for Receipt<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Receipt<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(Slot { value: None, complete: false }), Condvar::new())))
    }

    /// Hands the value over, all of it.
    pub(crate) fn complete(&self, value: T) {
        self.update(|slot| {
            slot.value = Some(value);
            slot.complete = true;
        });
    }

    fn update(&self, change: impl FnOnce(&mut Slot<T>)) {
        change(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.1.notify_all();
    }

    /// Waits until it is complete, or until the time is over; gives back what has come by then.
    pub(crate) fn wait(&self, limit: Duration) -> Option<T> {
        self.waited(limit).value.take()
    }

    /// The same, and leaves it there for others that wait.
    pub(crate) fn read(&self, limit: Duration) -> Option<T>
    where
        T: Clone,
    {
        self.waited(limit).value.clone()
    }

    fn waited(&self, limit: Duration) -> MutexGuard<'_, Slot<T>> {
        // None: for ever.
        let end = Instant::now().checked_add(limit);
        let mut slot = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !slot.complete {
            let left = end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            slot = self.0.1.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        slot
    }
}

impl Receipt<Vec<Answer>> {
    /// Answers are to come from these handlers.
    fn expect(&self, handlers: Vec<Arc<Tally>>) {
        self.update(|slot| {
            slot.complete = handlers.is_empty();
            slot.value = Some(
                handlers.into_iter().map(|handler| Answer { handler, result: None }).collect(),
            );
        });
    }

    /// Takes the answer of one of them.
    fn answer(&self, at: usize, result: Result<(), String>) {
        self.update(|slot| {
            let Some(answers) = &mut slot.value else { return };
            if let Some(answer) = answers.get_mut(at) {
                answer.result = Some(result);
            }
            slot.complete = answers.iter().all(|answer| answer.result.is_some());
        });
    }
}

/// What came of a request.
pub(super) enum Obeyed {
    /// So many messages were handled.
    Drained(usize),
    /// It was the last.
    ShutDown,
}

impl Worker {
    /// Does what is asked.
    pub(super) fn obey(&mut self, control: Control) -> Obeyed {
        let mut drained = 0;
        match control {
            Control::Add { id, handler } => self.fanout.add(id, handler),
            Control::Remove { id, done } => {
                drained = self.drain();
                match self.fanout.remove(id) {
                    None => done.complete(None),
                    Some(handler) => handler.stop(move |stopped| done.complete(Some(stopped))),
                }
            }
            Control::Ping(receipt) => receipt.complete(()),
            Control::Flush(receipt) => {
                drained = self.drain();
                receipt.expect(self.fanout.tallies());
                for (at, handler) in self.fanout.handlers().iter().enumerate() {
                    let receipt = receipt.clone();
                    let done: Done = Box::new(move |result| receipt.answer(at, result));
                    handler.flush(done);
                }
            }
            Control::Shutdown { asked, done: receipt } => {
                self.drain();
                self.guarded("delivering what is open", |worker| worker.deliver_open(asked));
                self.fanout.send();
                receipt.expect(self.fanout.tallies());
                for (at, handler) in self.fanout.remove_all().into_iter().enumerate() {
                    let receipt = receipt.clone();
                    handler.stop(move |stopped| receipt.answer(at, stopped.result));
                }
                return Obeyed::ShutDown;
            }
        }
        Obeyed::Drained(drained)
    }

    /// Delivers all that has happened until now; what would wait for something does not. Gives
    /// back how many messages that were.
    fn drain(&mut self) -> usize {
        let waiting = self.shared.queue.len();
        let handled = self.turn(waiting);
        self.guarded("sweeping", |worker| {
            worker.release_held(true);
            worker.deliver_finished(true);
        });
        self.fanout.send();
        handled
    }
}
