//! Handlers that panic, fail or hang hurt themselves alone.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use libtest_mimic::Trial;
use tracing_llm::{Event, Handler, HandlerResult};

use crate::books::{balance, handler};
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_handler_that_panics_hurts_itself_alone", || broken(How::Panic)),
        trial("a_handler_that_fails_hurts_itself_alone", || broken(How::Error)),
        trial("a_handler_that_hangs_for_a_while_loses_only_its_own", hangs_for_a_while),
        trial("a_handler_that_hangs_for_ever_holds_up_no_shutdown", hangs_for_ever),
    ]
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Panic,
    Error,
}

/// Fails at every `every`th end.
pub(crate) struct Broken {
    pub(crate) how: How,
    pub(crate) every: u64,
    pub(crate) failed: Arc<AtomicU64>,
    pub(crate) seen: u64,
}

impl Handler for Broken {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.seen += 1;
        if !self.seen.is_multiple_of(self.every) {
            return Ok(());
        }
        self.failed.fetch_add(1, Relaxed);
        match self.how {
            How::Panic => panic!("on purpose"),
            How::Error => Err("on purpose".into()),
        }
    }
}

fn broken(how: How) {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let failed = Arc::default();
    let (builder, books) = with_all_handlers(folder.path());
    let broken = Broken { how, every: 3, failed: Arc::clone(&failed), seen: 0 };
    let (dispatch, callbacks) = install(builder.handler(broken));
    Load::default().run(&made, &dispatch);
    let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();

    let (stats, failed) = (callbacks.stats(), failed.load(Relaxed));
    balance(&stats, &made, &books);
    assert_eq!(stats.dropped_events, 0);
    assert_eq!(handler(&stats, "Broken").failed, failed);
    assert_eq!(failed, made.spans() / 3);
    assert!(error.to_string().contains("Broken"), "{error}");
    for other in stats.handlers.iter().filter(|handler| handler.name != "Broken") {
        assert_eq!(other.failed + other.dropped, 0, "{other:?}");
    }
}

/// Stands still at its first end until it is let go.
pub(crate) struct Stuck {
    gate: Mutex<Receiver<()>>,
    stood: Option<Sender<()>>,
}

impl Stuck {
    /// With what tells that it stands, and what lets it go (by being dropped).
    pub(crate) fn new() -> (Self, Receiver<()>, Sender<()>) {
        let ((open, gate), (stood, stands)) = (channel(), channel());
        (Self { gate: Mutex::new(gate), stood: Some(stood) }, stands, open)
    }
}

impl Handler for Stuck {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        drop(self.stood.take());
        let _ = self.gate.get_mut().unwrap().recv();
        Ok(())
    }
}

fn hangs_for_a_while() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (stuck, stands, open) = Stuck::new();
    let (dispatch, callbacks) = install(builder.handler_queue(1_000).handler(stuck));
    // In portions that the others keep up with.
    for _ in 0..5 {
        Load { traces: Some(10), ..Load::default() }.run(&made, &dispatch);
        let error = callbacks.flush_blocking(Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("Stuck"), "{error}");
    }
    let _ = stands.recv();
    drop(open);
    let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();

    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    let stuck = handler(&stats, "Stuck");
    assert!(stuck.dropped > 0 && stuck.waiting == 0, "{stuck:?}");
    assert!(error.to_string().contains(&stuck.dropped.to_string()), "{error}");
    assert_eq!(stats.ends, made.spans(), "nobody else lost any");
}

fn hangs_for_ever() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (stuck, stands, open) = Stuck::new();
    let (dispatch, callbacks) = install(builder.handler(stuck));
    Load { traces: Some(20), ..Load::default() }.run(&made, &dispatch);
    let _ = stands.recv();
    let error = callbacks.shutdown_blocking(Duration::from_secs(4)).unwrap_err();
    assert!(error.to_string().contains("Stuck"), "{error}");

    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    assert!(handler(&stats, "Stuck").waiting > 0);
    // So that this test leaves nothing behind.
    drop(open);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
}
