//! A handler on a thread and a bounded queue of its own.

use std::any::Any;
use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::tally::{Tally, Untold};
use super::{Handler, HandlerResult};
use crate::state::{Shared, suppress_this_thread};
use crate::trap::{Failure, Trap};
use crate::{Event, Trace};

/// What is brought to a handler.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    TraceStart(Arc<Trace>),
    Start(Arc<Event>),
    End(Arc<Event>),
    TraceEnd(Arc<Trace>),
}

/// Deliveries that travel together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) deliveries: Vec<Delivery>,
    /// The bytes of their texts, about.
    pub(crate) bytes: usize,
}

/// How much may wait for one handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InboxLimit {
    pub(crate) deliveries: usize,
    pub(crate) bytes: usize,
}

/// A handler whose type is known again when it is handed back.
pub(crate) trait AnyHandler: Handler {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

impl<H: Handler> AnyHandler for H {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// What somebody waits for.
pub(crate) type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// A handler that was stopped.
pub(crate) struct Stopped {
    pub(crate) handler: Box<dyn AnyHandler>,
    /// How its shutdown went, and what it failed at and lost before.
    pub(crate) result: Result<(), String>,
}

type WhenStopped = Box<dyn FnOnce(Stopped) + Send>;

enum Item {
    Batch(Arc<Batch>),
    Flush(Done),
    /// Flush, shut down, hand the handler back.
    Stop(WhenStopped),
}

/// The worker's end of a handler.
pub(crate) struct HandlerThread {
    pub(crate) id: u64,
    inbox: Arc<Inbox>,
}

struct Inbox {
    tally: Arc<Tally>,
    limit: InboxLimit,
    items: Mutex<Items>,
    arrived: Condvar,
}

#[derive(Default)]
struct Items {
    queue: VecDeque<Item>,
    /// Deliveries in the batches of the queue, and their bytes.
    waiting: usize,
    waiting_bytes: usize,
    /// Nobody takes items out any more.
    stopped: bool,
}

impl HandlerThread {
    /// Starts the thread.
    pub(crate) fn start(
        id: u64,
        handler: Box<dyn AnyHandler>,
        limit: InboxLimit,
        trap: Arc<dyn Trap>,
        shared: Arc<Shared>,
    ) -> std::io::Result<Self> {
        let name = catch_unwind(AssertUnwindSafe(|| handler.name()))
            .unwrap_or_else(|_| String::from("handler"));
        let health = catch_unwind(AssertUnwindSafe(|| handler.health())).unwrap_or_default();
        let inbox = Arc::new(Inbox {
            tally: Arc::new(Tally::new(name.clone(), health)),
            limit,
            items: Mutex::default(),
            arrived: Condvar::new(),
        });
        let mine = Arc::clone(&inbox);
        thread::Builder::new().name(format!("tracing-llm {name}")).spawn(move || {
            suppress_this_thread();
            let (failed, untold) = (HashSet::new(), [Untold::default(), Untold::default()]);
            Runner { handler, inbox: mine, trap, shared, failed, untold }.run();
        })?;
        Ok(Self { id, inbox })
    }

    /// What it got: to be read also when it is gone.
    pub(crate) fn tally(&self) -> &Arc<Tally> {
        &self.inbox.tally
    }

    /// Queues a batch; drops and counts it if too much waits already.
    pub(crate) fn deliver(&self, batch: &Arc<Batch>) {
        let count = batch.deliveries.len();
        let limit = self.inbox.limit;
        let mut items = self.inbox.lock();
        let full = items.waiting > 0
            && (items.waiting + count > limit.deliveries
                || items.waiting_bytes + batch.bytes > limit.bytes);
        if items.stopped || full {
            self.inbox.tally.dropped(count);
            return;
        }
        items.waiting += count;
        items.waiting_bytes += batch.bytes;
        self.inbox.tally.queued(count);
        items.queue.push_back(Item::Batch(Arc::clone(batch)));
        drop(items);
        self.inbox.arrived.notify_one();
    }

    /// Flushes the handler behind all that waits.
    pub(crate) fn flush(&self, done: Done) {
        self.push(Item::Flush(done));
    }

    /// Shuts the handler down behind all that waits, and hands it back.
    pub(crate) fn stop(self, done: impl FnOnce(Stopped) + Send + 'static) {
        self.push(Item::Stop(Box::new(done)));
    }

    fn push(&self, item: Item) {
        self.inbox.lock().queue.push_back(item);
        self.inbox.arrived.notify_one();
    }
}

impl Inbox {
    fn lock(&self) -> std::sync::MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Item {
        let mut items = self.lock();
        loop {
            if let Some(item) = items.queue.pop_front() {
                if let Item::Batch(batch) = &item {
                    items.waiting -= batch.deliveries.len();
                    items.waiting_bytes -= batch.bytes;
                }
                return item;
            }
            items = self.arrived.wait(items).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The handler's thread.
struct Runner {
    handler: Box<dyn AnyHandler>,
    inbox: Arc<Inbox>,
    trap: Arc<dyn Trap>,
    shared: Arc<Shared>,
    /// The hooks that have failed before, by an error or by a panic.
    failed: HashSet<(&'static str, bool)>,
    /// What no flush has told yet, and what the shutdown will tell.
    untold: [Untold; 2],
}

impl Runner {
    fn run(mut self) {
        loop {
            match self.inbox.next() {
                Item::Batch(batch) => Arc::clone(&self.shared).in_program(|| {
                    for delivery in &batch.deliveries {
                        self.deliver(delivery);
                    }
                }),
                Item::Flush(done) => done(self.answer("flush", Handler::flush)),
                Item::Stop(done) => {
                    let result = self.answer("shutdown", Handler::shutdown);
                    return done(Stopped { handler: self.handler, result });
                }
            }
        }
    }

    fn deliver(&mut self, delivery: &Delivery) {
        let result = match delivery {
            Delivery::TraceStart(trace) => {
                self.call("on_trace_start", |handler| handler.on_trace_start(trace))
            }
            Delivery::Start(event) => self.call("on_start", |handler| handler.on_start(event)),
            Delivery::End(event) => self.call("on_end", |handler| handler.on_end(event)),
            Delivery::TraceEnd(trace) => {
                self.call("on_trace_end", |handler| handler.on_trace_end(trace))
            }
        };
        self.inbox.tally.delivered(result.is_ok());
        if let Err(failure) = result {
            self.untold.iter_mut().for_each(|untold| untold.failed(&failure));
        }
    }

    /// Calls the hook that somebody waits for; gives back how it went, and what the handler failed
    /// at and lost before: since the last flush, or ever.
    fn answer(
        &mut self,
        hook: &'static str,
        call: impl FnOnce(&mut dyn AnyHandler) -> HandlerResult,
    ) -> Result<(), String> {
        let result = Arc::clone(&self.shared).in_program(|| self.call(hook, call));
        let last = hook == "shutdown";
        if last {
            self.inbox.lock().stopped = true;
        }
        let [since_flush, ever] = &mut self.untold;
        let untold = if last { ever } else { since_flush };
        untold.tell(&self.inbox.tally, result)
    }

    /// Calls a hook. Its error or panic is counted, sent to the trap, and given back.
    fn call(
        &mut self,
        hook: &'static str,
        call: impl FnOnce(&mut dyn AnyHandler) -> HandlerResult,
    ) -> Result<(), Failure> {
        let name = self.inbox.tally.name();
        let mut failure = match catch_unwind(AssertUnwindSafe(|| call(&mut *self.handler))) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Failure::new(name, hook, error.to_string()),
            Err(panic) => Failure::panic(name, hook, panic_text(&*panic)),
        };
        failure.first = self.failed.insert((hook, failure.is_panic()));
        self.inbox.tally.failure(&failure);
        let _ = catch_unwind(AssertUnwindSafe(|| self.trap.trap(&failure)));
        Err(failure)
    }
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| String::from("(no text)"))
}
