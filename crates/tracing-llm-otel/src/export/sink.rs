//! The thread on which a foreign exporter lives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::Runtime;
use tracing_llm::HandlerResult;

use super::{BATCH, DELAY};
use crate::block_on::block_on;
use crate::outside::suppressed;

/// How many spans may wait for the thread; beyond, the handler waits, and its queue counts.
const WAITING: usize = 4 * BATCH;

/// How the exporter's futures are driven.
#[derive(Clone, Copy)]
pub(super) enum Drive {
    Alone,
    Tokio,
}

pub(super) enum Message {
    Span(Box<SpanData>),
    Flush(Sender<Told>),
    Shutdown(Sender<Told>),
}

/// The first failure since the last time, and how many spans were lost by all of them.
type Told = Option<(String, usize)>;

/// What the thread does, with its exporter already chosen.
pub(super) type Start = Box<dyn FnOnce(Receiver<Message>, Resource) + Send>;

pub(super) fn start<E: SpanExporter + 'static>(
    make: impl FnOnce() -> E + Send + 'static,
    drive: Drive,
) -> Start {
    Box::new(move |messages, resource| {
        let _quiet = suppressed();
        let runtime = match drive {
            Drive::Alone => None,
            Drive::Tokio => tokio::runtime::Builder::new_current_thread().enable_all().build().ok(),
        };
        let entered = runtime.as_ref().map(Runtime::enter);
        let mut exporter = make();
        exporter.set_resource(&resource);
        drop(entered);
        Exports { exporter, runtime, batch: Vec::new(), since: None, told: None }.run(&messages);
    })
}

/// The handler's end.
pub(super) struct Sink {
    messages: SyncSender<Message>,
    thread: JoinHandle<()>,
}

impl Sink {
    pub(super) fn start(start: Start, resource: Resource) -> std::io::Result<Self> {
        let (messages, received) = sync_channel(WAITING);
        let name = String::from("tracing-llm-otel");
        let thread = thread::Builder::new().name(name).spawn(move || start(received, resource))?;
        Ok(Self { messages, thread })
    }

    pub(super) fn send(&mut self, span: SpanData) -> HandlerResult {
        let sent = self.messages.send(Message::Span(Box::new(span)));
        sent.map_err(|_| "the exporter's thread has ended".into())
    }

    pub(super) fn flush(&mut self) -> HandlerResult {
        self.ask(Message::Flush)
    }

    pub(super) fn shutdown(self) -> HandlerResult {
        let told = self.ask(Message::Shutdown);
        let ended = self.thread.join().map_err(|_| "the exporter panicked".into());
        ended.and(told)
    }

    fn ask(&self, question: impl FnOnce(Sender<Told>) -> Message) -> HandlerResult {
        let (answer, answered) = channel();
        let gone = "the exporter's thread has ended";
        self.messages.send(question(answer)).map_err(|_| gone)?;
        match answered.recv().map_err(|_| gone)? {
            None => Ok(()),
            Some((first, spans)) => Err(format!("{spans} spans were not exported: {first}").into()),
        }
    }
}

/// The thread's end.
struct Exports<E> {
    exporter: E,
    runtime: Option<Runtime>,
    batch: Vec<SpanData>,
    /// When the first span of the batch came.
    since: Option<Instant>,
    told: Told,
}

impl<E: SpanExporter> Exports<E> {
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
                    self.note(flushed, 0);
                    let _ = answer.send(self.told.take());
                }
                Ok(Message::Shutdown(answer)) => {
                    self.export();
                    let ended = self.guarded(|exports| exports.exporter.shutdown());
                    self.note(ended, 0);
                    let _ = answer.send(self.told.take());
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
                match &exports.runtime {
                    Some(runtime) => runtime.block_on(export),
                    None => block_on(export),
                }
            });
            self.note(exported, spans);
        }
    }

    /// A panic of the exporter's is a failure like another.
    fn guarded(&mut self, call: impl FnOnce(&Self) -> OTelSdkResult) -> Result<(), String> {
        match catch_unwind(AssertUnwindSafe(|| call(self))) {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err("the exporter panicked".to_owned()),
        }
    }

    fn note(&mut self, result: Result<(), String>, spans: usize) {
        if let Err(error) = result {
            self.told.get_or_insert((error, 0)).1 += spans;
        }
    }
}
