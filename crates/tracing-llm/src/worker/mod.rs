//! Off the pipeline's thread: order, enrich, redact, deliver.

mod assemble;
mod control;
mod deliver;
mod ending;
mod mask;
mod roster;
mod sweep;
mod traces;
mod trouble;
mod unknown_tag;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use self::assemble::Assembly;
use self::control::Obeyed;
pub(crate) use self::control::{Answer, Control, Mailbox, Receipt};
use self::deliver::Fanout;
pub(crate) use self::roster::Roster;
use self::traces::OpenTrace;
use self::trouble::Troubles;
pub(crate) use self::unknown_tag::UnknownTag;
use crate::enrich::Enricher;
use crate::handler::AnyHandler;
use crate::redact::Redactor;
use crate::state::Message;
use crate::state::{Record, Shared, suppress_this_thread};
use crate::trap::{Failure, Trap};

/// How often the worker looks while there is something to do, and at most while there is not.
const BUSY_TICK: Duration = Duration::from_millis(2);
const IDLE_TICK: Duration = Duration::from_millis(100);

/// Messages between two looks at the mailbox.
const TURN: usize = 4096;

/// What the worker is made with.
pub(crate) struct Setup {
    pub(crate) shared: Arc<Shared>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) handlers: Vec<(u64, Box<dyn AnyHandler>)>,
    pub(crate) enrichers: Vec<Box<dyn Enricher>>,
    pub(crate) redactor: Option<Box<dyn Redactor>>,
    pub(crate) trap: Arc<dyn Trap>,
    pub(crate) hold: Duration,
    pub(crate) trace_map_limit: usize,
    pub(crate) inbox: crate::handler::InboxLimit,
}

pub(crate) struct Worker {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    enrichers: Vec<Box<dyn Enricher>>,
    redactor: Option<Box<dyn Redactor>>,
    fanout: Fanout,
    hold: Duration,
    trace_map_limit: usize,
    /// The open traces, by their serial number.
    traces: HashMap<u64, OpenTrace>,
    /// Records whose start was delivered and whose end was not.
    begun: HashMap<usize, Begun>,
    /// Records whose end a wrapper has seen, waiting for their last parts.
    finishing: Vec<Arc<Record>>,
    /// Messages of events below a candidate that is not decided yet, and until when they wait.
    held: VecDeque<(Instant, Message)>,
    troubles: Troubles,
}

impl Worker {
    /// Starts the worker's thread.
    pub(crate) fn start(setup: Setup) -> std::io::Result<thread::JoinHandle<()>> {
        let shared = Arc::clone(&setup.shared);
        let worker = thread::Builder::new().name(String::from("tracing-llm")).spawn(move || {
            suppress_this_thread();
            let shared = Arc::clone(&setup.shared);
            let mut fanout = Fanout::new(setup.inbox, setup.roster, setup.trap, shared);
            for (id, handler) in setup.handlers {
                fanout.add(id, handler);
            }
            let mut worker = Self {
                shared: setup.shared,
                mailbox: setup.mailbox,
                enrichers: setup.enrichers,
                redactor: setup.redactor,
                fanout,
                hold: setup.hold,
                trace_map_limit: setup.trace_map_limit,
                traces: HashMap::new(),
                begun: HashMap::new(),
                finishing: Vec::new(),
                held: VecDeque::new(),
                troubles: Troubles::new(),
            };
            worker.run();
        })?;
        shared.queue.set_worker(worker.thread().clone());
        Ok(worker)
    }

    fn run(&mut self) {
        let mut tick = BUSY_TICK;
        let mut watched = Instant::now();
        loop {
            self.shared.pool.stock(&self.shared.clock);
            self.shared.queue.looking();
            // A handler that is added gets all that happens after that: what is handled in this
            // turn happened before the mailbox is looked at.
            let waiting = self.shared.queue.len().min(TURN);
            let controls = self.mailbox.take();
            // Before a flush or the shutdown is obeyed: what was there then is told.
            self.tell_trouble(!controls.is_empty());
            let mut drained = 0;
            for control in controls {
                match self.obey(control) {
                    Obeyed::Drained(messages) => drained += messages,
                    Obeyed::ShutDown => return,
                }
            }
            let handled = self.turn(waiting.saturating_sub(drained));
            if handled == TURN {
                continue;
            }
            let waits = !self.finishing.is_empty() || !self.held.is_empty();
            tick = if handled > 0 || waits { BUSY_TICK } else { (tick * 2).min(IDLE_TICK) };
            if watched.elapsed() > Duration::from_secs(10) {
                self.shared.clock.follow_wall_clock();
                watched = Instant::now();
            }
            thread::park_timeout(tick);
        }
    }

    /// Handles so many messages; gives back how many there were.
    fn turn(&mut self, waiting: usize) -> usize {
        let mut handled = 0;
        while handled < waiting {
            let Some(message) = self.shared.queue.pop() else { break };
            handled += 1;
            self.guarded("handling an event", |worker| worker.handle(message));
        }
        self.guarded("sweeping", Self::sweep);
        self.guarded("telling of tags", Self::tell_unknown_tags);
        self.fanout.send();
        handled
    }

    /// A bug of ours or of a closure must not end the worker.
    fn guarded(&mut self, during: &'static str, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.failed("worker", during, &*panic);
        }
    }

    fn failed(&mut self, source: &str, during: &'static str, panic: &(dyn std::any::Any + Send)) {
        self.shared.counters.failure();
        let text = crate::handler::panic_text(panic);
        self.fanout.report(Failure::panic(source, during, text));
    }

    fn handle(&mut self, message: Message) {
        if self.is_undecided_above(message.record()) {
            self.held.push_back((Instant::now() + self.hold, message));
        } else {
            // What waited for the same candidate comes first.
            self.release_held(false);
            self.process(message);
        }
    }

    fn process(&mut self, message: Message) {
        match message {
            Message::Start(record) => {
                let ended = {
                    let mut state = record.lock();
                    state.start_waits = false;
                    state.end_goes_along
                };
                self.begin(&record);
                if ended {
                    self.end(record, None);
                }
            }
            Message::Finish(record) => {
                self.begin(&record);
                self.finishing.push(record);
            }
            Message::End(record) => self.end(record, None),
        }
    }
}

/// What the worker knows of a record whose start was delivered.
struct Begun {
    #[expect(dead_code, reason = "keeps it alive: an end that finds no place is found in it")]
    record: Arc<Record>,
    /// Of an event: what was made of it so far.
    assembly: Option<Box<Assembly>>,
}

fn key(record: &Arc<Record>) -> usize {
    Arc::as_ptr(record) as usize
}
