//! The thread on which a foreign exporter lives.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::{Builder, Runtime};
use tracing_llm::HandlerResult;

use super::books::Books;
use super::{BATCH, DELAY};
use crate::block_on::block_on;
use crate::outside::suppressed;

/// How many spans may wait for the thread; beyond, the handler waits, and its queue counts.
const WAITING: usize = 4 * BATCH;

/// Makes the runtime that the exporter lives in, if it needs one.
pub(super) type Drive = fn() -> io::Result<Option<Runtime>>;

pub(super) fn alone() -> io::Result<Option<Runtime>> {
    Ok(None)
}

pub(super) fn tokio() -> io::Result<Option<Runtime>> {
    Builder::new_current_thread().enable_all().build().map(Some)
}

pub(super) enum Message {
    Span(Box<SpanData>),
    Flush(Sender<()>),
    Shutdown(Sender<()>),
}

/// What the thread works with.
struct Desk {
    messages: Receiver<Message>,
    resource: Resource,
    runtime: Option<Runtime>,
    books: Books,
}

/// The thread's work, with its exporter already chosen, and how it is driven.
pub(super) struct Start {
    drive: Drive,
    work: Box<dyn FnOnce(Desk) + Send>,
}

pub(super) fn start<E: SpanExporter + 'static>(
    make: impl FnOnce() -> E + Send + 'static,
    drive: Drive,
) -> Start {
    let work = move |desk: Desk| {
        let Desk { messages, resource, runtime, books } = desk;
        let _quiet = suppressed();
        // For all of its life: an exporter may need the runtime also where it flushes and ends.
        let _entered = runtime.as_ref().map(Runtime::enter);
        let mut exporter = make();
        exporter.set_resource(&resource);
        let runtime = runtime.as_ref();
        Exports { exporter, runtime, batch: Vec::new(), since: None, books }.run(&messages);
    };
    Start { drive, work: Box::new(work) }
}

/// Whatever ends the thread, what then still waits is lost, and counted.
struct End(Books);

impl Drop for End {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// The handler's end.
pub(super) struct Sink {
    messages: SyncSender<Message>,
    thread: JoinHandle<()>,
    books: Books,
}

impl Sink {
    /// Begins the thread. Fails if the system gives no thread or no runtime.
    pub(super) fn start(start: Start, resource: Resource, books: &Books) -> io::Result<Self> {
        let runtime = (start.drive)()?;
        let (messages, received) = sync_channel(WAITING);
        let desk = Desk { messages: received, resource, runtime, books: books.clone() };
        let (work, end) = (start.work, End(books.clone()));
        let thread = thread::Builder::new().name("tracing-llm-otel".into()).spawn(move || {
            let _end = end;
            work(desk);
        })?;
        Ok(Self { messages, thread, books: books.clone() })
    }

    /// Hands a span over, and gives back what has failed since the last time that something was told.
    pub(super) fn send(&mut self, span: SpanData) -> HandlerResult {
        self.books.sent();
        if self.messages.send(Message::Span(Box::new(span))).is_err() {
            self.books.give_up();
            return Err(GONE.into());
        }
        Ok(self.books.tell()?)
    }

    pub(super) fn flush(&mut self) -> HandlerResult {
        self.ask(Message::Flush)
    }

    pub(super) fn shutdown(self) -> HandlerResult {
        let told = self.ask(Message::Shutdown);
        let ended = self.thread.join().map_err(|_| "the exporter panicked".into());
        ended.and(told)
    }

    fn ask(&self, question: impl FnOnce(Sender<()>) -> Message) -> HandlerResult {
        let (answer, answered) = channel();
        self.messages.send(question(answer)).map_err(|_| GONE)?;
        answered.recv().map_err(|_| GONE)?;
        Ok(self.books.tell()?)
    }
}

const GONE: &str = "the exporter's thread has ended";

/// The thread's end.
struct Exports<'a, E> {
    exporter: E,
    runtime: Option<&'a Runtime>,
    batch: Vec<SpanData>,
    /// When the first span of the batch came.
    since: Option<Instant>,
    books: Books,
}

impl<E: SpanExporter> Exports<'_, E> {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let wait = self.since.map_or(DELAY, |since| DELAY.saturating_sub(since.elapsed()));
            match messages.recv_timeout(wait) {
                Ok(Message::Span(span)) => {
                    self.batch.push(*span);
                    self.since.get_or_insert_with(Instant::now);
                    if self.batch.len() >= BATCH {
                        self.export();
                    }
                }
                Ok(Message::Flush(answer)) => {
                    self.export();
                    let flushed = self.guarded(|exports| exports.exporter.force_flush());
                    self.note(flushed);
                    let _ = answer.send(());
                }
                Ok(Message::Shutdown(answer)) => {
                    self.export();
                    let ended = self.guarded(|exports| exports.exporter.shutdown());
                    self.note(ended);
                    let _ = answer.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => self.export(),
                Err(RecvTimeoutError::Disconnected) => {
                    self.export();
                    let _ = self.guarded(|exports| exports.exporter.shutdown());
                    return;
                }
            }
        }
    }

    fn export(&mut self) {
        self.since = None;
        let batch = std::mem::take(&mut self.batch);
        let spans = batch.len();
        if spans > 0 {
            let exported = self.guarded(|exports| {
                let export = exports.exporter.export(batch);
                match exports.runtime {
                    Some(runtime) => runtime.block_on(export),
                    None => block_on(export),
                }
            });
            self.books.exported(spans, exported);
        }
    }

    /// A panic of the exporter's is a failure like another.
    fn guarded(&mut self, call: impl FnOnce(&Self) -> OTelSdkResult) -> Result<(), String> {
        match catch_unwind(AssertUnwindSafe(|| call(self))) {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err("the exporter panicked".to_owned()),
        }
    }

    /// A flush or an end that failed. No spans were lost by that alone.
    fn note(&self, result: Result<(), String>) {
        if result.is_err() {
            self.books.exported(0, result);
        }
    }
}
