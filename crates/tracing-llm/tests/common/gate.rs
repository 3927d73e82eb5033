//! Stops a thread of ours at a place, and lets it go on.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::PATIENCE;

/// A place at which a thread stops until it is let through.
///
/// Once the [`Gate`] is gone, everyone passes.
#[derive(Clone)]
pub(crate) struct Blocked {
    arrived: Sender<()>,
    go: Arc<Mutex<Receiver<()>>>,
}

/// The other side.
pub(crate) struct Gate {
    arrivals: Receiver<()>,
    go: Sender<()>,
}

pub(crate) fn gate() -> (Gate, Blocked) {
    let (arrived, arrivals) = channel();
    let (go, wait) = channel();
    (Gate { arrivals, go }, Blocked { arrived, go: Arc::new(Mutex::new(wait)) })
}

impl Blocked {
    /// Stops here until the gate lets one through.
    pub(crate) fn pass(&self) {
        let _ = self.arrived.send(());
        let _ = self.go.lock().unwrap().recv();
    }
}

impl Gate {
    /// Waits until somebody stands at the gate.
    #[track_caller]
    pub(crate) fn wait(&self) {
        self.arrivals.recv_timeout(PATIENCE).expect("nobody came to the gate");
    }

    /// Lets one through.
    pub(crate) fn open(&self) {
        let _ = self.go.send(());
    }
}
