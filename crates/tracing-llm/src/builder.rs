//! Puts a layer and its handle together.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_utils::CachePadded;
use tracing::level_filters::LevelFilter;

use crate::EventType;
use crate::callbacks::{Callbacks, HandlerId, handler_id};
use crate::clock::Clock;
use crate::context_source::ContextSource;
use crate::enrich::Enricher;
use crate::handler::{AnyHandler, AsyncHandler, Handler, InboxLimit, OnRuntime};
use crate::id_source::{IdSource, Ids};
use crate::layer::CallbackLayer;
use crate::queue::Queue;
use crate::recognise::{CaptureContent, Recognition, Rule, Settings};
use crate::redact::Redactor;
use crate::state::{Pool, Shared};
use crate::stats::Counters;
use crate::testing::ManualClock;
use crate::trap::{LogOnce, Trap};
use crate::vocabulary::Vocabulary;
use crate::worker::{Mailbox, Roster, Setup, Worker};

/// Begins a layer: give it handlers, then [`build`](Builder::build) it.
///
/// ```
/// use tracing_llm::testing::Capture;
/// use tracing_subscriber::prelude::*;
///
/// let (layer, callbacks) = tracing_llm::layer().handler(Capture::new()).build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
/// # drop((subscriber, callbacks));
/// ```
pub fn layer() -> Builder {
    Builder::default()
}

/// What a layer is made with. Begun by [`layer`].
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    handlers: Vec<(u64, Box<dyn AnyHandler>)>,
    enrichers: Vec<Box<dyn Enricher>>,
    redactor: Option<Box<dyn Redactor>>,
    context_source: Option<Box<dyn ContextSource>>,
    trap: Arc<dyn Trap>,
    recognition: Recognition,
    capture: CaptureContent,
    clock: Clock,
    ids: Ids,
    hold: Duration,
    queue: usize,
    queue_bytes: usize,
    handler_queue: usize,
    trace_map: usize,
    shutdown_limit: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            handlers: Vec::new(),
            enrichers: Vec::new(),
            redactor: None,
            context_source: None,
            trap: Arc::new(LogOnce),
            recognition: Recognition {
                level: LevelFilter::DEBUG,
                bare_tag: true,
                original_values: false,
                context_keys: Vec::new(),
                custom_types: Vec::new(),
                rules: Vec::new(),
                off: Vec::new(),
                excluded: Vec::new(),
            },
            capture: CaptureContent::Full,
            clock: Clock::system(),
            ids: Ids::Random,
            hold: Duration::from_secs(1),
            queue: 32 * 1024,
            queue_bytes: 128 * 1024 * 1024,
            handler_queue: 32 * 1024,
            trace_map: 10_000,
            shutdown_limit: Duration::from_secs(2),
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("handlers", &self.handlers.len())
            .field("enrichers", &self.enrichers.len())
            .finish_non_exhaustive()
    }
}

/// What consumes, changes and guards events.
impl Builder {
    /// Adds a handler. As many as one likes; each gets every event.
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handlers.push((handler_id(), Box::new(handler)));
        self
    }

    /// Adds a handler and gives back its id, to take it out later with
    /// [`Callbacks::remove`](crate::Callbacks::remove).
    pub fn handler_with_id<H: Handler>(mut self, handler: H) -> (Self, HandlerId<H>) {
        let id = handler_id();
        self.handlers.push((id, Box::new(handler)));
        (self, HandlerId::new(id))
    }

    /// Adds a handler that awaits.
    pub fn async_handler(self, handler: impl AsyncHandler) -> Self {
        self.handler(OnRuntime::new(handler))
    }

    /// Adds an enricher, behind those that are there.
    pub fn enricher(mut self, enricher: impl Enricher) -> Self {
        self.enrichers.push(Box::new(enricher));
        self
    }

    /// Sets what masks texts before any handler sees them.
    pub fn redactor(mut self, redactor: impl Redactor) -> Self {
        self.redactor = Some(Box::new(redactor));
        self
    }

    /// Sets where top events get the ids of another tracer from.
    pub fn context_source(mut self, source: impl ContextSource) -> Self {
        self.context_source = Some(Box::new(source));
        self
    }

    /// Sets where failures go. By default the first of each kind is logged at WARN.
    pub fn trap(mut self, trap: impl Trap) -> Self {
        self.trap = Arc::new(trap);
        self
    }
}

/// What is seen and kept.
impl Builder {
    /// The most verbose level of spans and events that are seen. Default: DEBUG.
    ///
    /// A plain layer (not [`filtered`](crate::CallbackLayer::filtered)) tells the whole program so:
    /// another layer that has no filter of its own sees nothing more verbose beside it either. This
    /// is how `tracing-subscriber` puts levels together; with `filtered()` each keeps its own.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.recognition.level = level.into();
        self
    }

    /// Whether the bare field `event_type` is a tag, beside `llm.event_type`. Default: yes. Switch
    /// it off where business code uses that name for something else.
    pub fn bare_tag(mut self, on: bool) -> Self {
        self.recognition.bare_tag = on;
        self
    }

    /// Whether a tag may also have LlamaIndex's lower-case value (`llm`). Default: no.
    pub fn original_values(mut self, on: bool) -> Self {
        self.recognition.original_values = on;
        self
    }

    /// Registers an event type of your own; see [`EventType::custom`].
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.recognition.custom_types.push(event_type);
        self
    }

    /// Registers a field name as context: like `session.id`, it reaches all events below the span
    /// that sets it ([`Context::keys`](crate::Context::keys)).
    pub fn context_key(mut self, name: impl Into<String>) -> Self {
        self.recognition.context_keys.push(name.into());
        self
    }

    /// Adds a rule for spans of code that does not tag them.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.recognition.rules.push(rule);
        self
    }

    /// Switches a vocabulary, or the rules for a library, on or off. Default: all are on.
    pub fn vocabulary(mut self, vocabulary: Vocabulary, on: bool) -> Self {
        self.recognition.switch(vocabulary, on);
        self
    }

    /// Spans and events with this target (`my_crate::billing`), or one below it, are nothing to the
    /// layer, whatever they say: no events, no context, no log lines. They cost nothing.
    ///
    /// ```
    /// # use tracing_llm::testing::Capture;
    /// # use tracing_subscriber::prelude::*;
    /// let events = Capture::new();
    /// let (layer, callbacks) =
    ///     tracing_llm::layer().exclude_target("billing").handler(events.clone()).build();
    /// let subscriber = tracing_subscriber::registry().with(layer.filtered());
    ///
    /// tracing::subscriber::with_default(subscriber, || {
    ///     tracing::info_span!(target: "billing::usage", "sum", gen_ai.request.model = "gpt-5");
    ///     tracing::info_span!(target: "chat", "call", gen_ai.request.model = "gpt-5");
    /// });
    /// # callbacks.flush_blocking(std::time::Duration::from_secs(30))?;
    /// assert_eq!(events.captured().tree(), "llm\n└─ LLM call\n");
    /// # Ok::<(), tracing_llm::Error>(())
    /// ```
    pub fn exclude_target(mut self, target: impl Into<String>) -> Self {
        self.recognition.exclude(target.into(), true);
        self
    }

    /// How much of an event is kept. Default: everything.
    pub fn capture(mut self, capture: CaptureContent) -> Self {
        self.capture = capture;
        self
    }
}

/// Bounds.
impl Builder {
    /// How many starts and ends may wait for the worker. Beyond, events are dropped and counted.
    /// Default: 32,768.
    pub fn queue(mut self, messages: usize) -> Self {
        self.queue = messages;
        self
    }

    /// How many bytes of texts may wait for their delivery, those of open spans included; as many
    /// again may wait for each handler. Beyond, events lose their texts, which is counted.
    /// Default: 128 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How many deliveries may wait for each handler. What a slow handler loses beyond is counted,
    /// and lost to it alone. Default: 32,768.
    pub fn handler_queue(mut self, deliveries: usize) -> Self {
        self.handler_queue = deliveries;
        self
    }

    /// How many events of one trace its map keeps; beyond, it counts. Default: 10,000.
    pub fn trace_map(mut self, events: usize) -> Self {
        self.trace_map = events;
        self
    }

    /// How long an event whose end a wrapper saw ([`traced`](crate::FutureExt::traced)) waits for
    /// more parts while its span stays open, and events for a tag above them that comes late.
    /// Default: 1 s.
    pub fn hold(mut self, limit: Duration) -> Self {
        self.hold = limit;
        self
    }

    /// How long a dropped handle waits for its shutdown. Default: 2 s.
    pub fn shutdown_limit(mut self, limit: Duration) -> Self {
        self.shutdown_limit = limit;
        self
    }
}

/// For tests.
impl Builder {
    /// Uses a clock that stands still until it is moved.
    pub fn manual_clock(mut self, clock: ManualClock) -> Self {
        self.clock = Clock::manual(clock);
        self
    }

    /// Uses other ids than random ones.
    pub fn id_source(mut self, source: impl IdSource) -> Self {
        self.ids = Ids::Source(Arc::new(source));
        self
    }
}

impl Builder {
    /// Starts the worker and gives the layer and the handle.
    ///
    /// Keep the handle: dropping it shuts the layer down. If the operating system gives no thread,
    /// the layer does nothing and the handle's methods say so.
    pub fn build(self) -> (CallbackLayer, Callbacks) {
        let shared = Arc::new_cyclic(|shared| Shared {
            layer: Shared::layer_id(),
            settings: Settings::new(self.recognition),
            capture: self.capture,
            clock: self.clock,
            ids: self.ids,
            pool: Pool::new(1024, shared.clone()),
            queue: Queue::new(self.queue, self.queue_bytes),
            counters: CachePadded::new(Counters::default()),
            context_source: self.context_source,
            overruled: crate::state::Overruled::default(),
            next_trace: AtomicU64::new(0),
            moments: AtomicU64::new(0),
            candidates: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            deserted: AtomicBool::new(false),
            dispatch: OnceLock::new(),
        });
        let (mailbox, roster) = (Arc::<Mailbox>::default(), Arc::<Roster>::default());
        let started = Worker::start(Setup {
            shared: Arc::clone(&shared),
            mailbox: Arc::clone(&mailbox),
            roster: Arc::clone(&roster),
            handlers: self.handlers,
            enrichers: self.enrichers,
            redactor: self.redactor,
            trap: Arc::clone(&self.trap),
            hold: self.hold,
            trace_map_limit: self.trace_map,
            inbox: InboxLimit { deliveries: self.handler_queue, bytes: self.queue_bytes },
        });
        let callbacks = Callbacks::new(Arc::clone(&shared), mailbox, roster, self.trap)
            .with(started.err(), self.shutdown_limit);
        (CallbackLayer::new(shared), callbacks)
    }
}
