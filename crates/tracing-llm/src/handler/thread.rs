//! A handler on a thread and a bounded queue of its own.

use std::any::Any;
use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::{Handler, HandlerResult};
use crate::state::{Shared, suppress_this_thread};
use crate::stats::HandlerStats;
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
    /// How its shutdown went.
    pub(crate) result: Result<(), String>,
    /// Deliveries that it lost.
    pub(crate) dropped: u64,
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
    name: String,
    limit: InboxLimit,
    items: Mutex<Items>,
    arrived: Condvar,
    delivered: AtomicU64,
    dropped: AtomicU64,
    failures: AtomicU64,
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
        let inbox = Arc::new(Inbox {
            name: name.clone(),
            limit,
            items: Mutex::default(),
            arrived: Condvar::new(),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let mine = Arc::clone(&inbox);
        thread::Builder::new().name(format!("tracing-llm {name}")).spawn(move || {
            suppress_this_thread();
            Runner { handler, inbox: mine, trap, shared, failed: HashSet::new() }.run();
        })?;
        Ok(Self { id, inbox })
    }

    pub(crate) fn name(&self) -> &str {
        &self.inbox.name
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
            self.inbox.dropped.fetch_add(count as u64, Relaxed);
            return;
        }
        items.waiting += count;
        items.waiting_bytes += batch.bytes;
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

    pub(crate) fn stats(&self) -> HandlerStats {
        HandlerStats {
            name: self.inbox.name.clone(),
            delivered: self.inbox.delivered.load(Relaxed),
            dropped: self.inbox.dropped.load(Relaxed),
            failures: self.inbox.failures.load(Relaxed),
        }
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
    /// The hooks that have failed before.
    failed: HashSet<&'static str>,
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
                Item::Flush(done) => done(self.call_in_program("flush", Handler::flush)),
                Item::Stop(done) => {
                    let result = self.call_in_program("shutdown", Handler::shutdown);
                    self.inbox.lock().stopped = true;
                    let dropped = self.inbox.dropped.load(Relaxed);
                    return done(Stopped { handler: self.handler, result, dropped });
                }
            }
        }
    }

    fn deliver(&mut self, delivery: &Delivery) {
        let _ = match delivery {
            Delivery::TraceStart(trace) => {
                self.call("on_trace_start", |handler| handler.on_trace_start(trace))
            }
            Delivery::Start(event) => self.call("on_start", |handler| handler.on_start(event)),
            Delivery::End(event) => self.call("on_end", |handler| handler.on_end(event)),
            Delivery::TraceEnd(trace) => {
                self.call("on_trace_end", |handler| handler.on_trace_end(trace))
            }
        };
        self.inbox.delivered.fetch_add(1, Relaxed);
    }

    fn call_in_program(
        &mut self,
        hook: &'static str,
        call: impl FnOnce(&mut dyn AnyHandler) -> HandlerResult,
    ) -> Result<(), String> {
        Arc::clone(&self.shared).in_program(|| self.call(hook, call))
    }

    /// Calls a hook. Its error or panic is counted, sent to the trap, and given back as text.
    fn call(
        &mut self,
        hook: &'static str,
        call: impl FnOnce(&mut dyn AnyHandler) -> HandlerResult,
    ) -> Result<(), String> {
        let (message, panicked) = match catch_unwind(AssertUnwindSafe(|| call(&mut *self.handler)))
        {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => (error.to_string(), false),
            Err(panic) => (panic_text(&*panic), true),
        };
        self.inbox.failures.fetch_add(1, Relaxed);
        let mut failure = Failure::new(self.inbox.name.clone(), hook, message);
        failure.panicked = panicked;
        failure.first = self.failed.insert(hook);
        let _ = catch_unwind(AssertUnwindSafe(|| self.trap.trap(&failure)));
        Err(failure.to_string())
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
