//! A server on loopback that answers like OpenAI's, and keeps books of what it answered.
//!
//! What it says is scripted ([`Server::will`]); without a script it repeats the last message. It
//! counts a token a word, so that each call has a usage of its own, and [`Server::log`] has the
//! usage that was really sent: what a client must have counted.

mod answer;
mod http;
mod log;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use answer::Reply;
pub use log::{Exchange, Reported};

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<VecDeque<Reply>>,
    log: Mutex<Vec<Exchange>>,
}

impl Server {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(http::serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// The base of its addresses, without a slash at the end: `http://127.0.0.1:40123/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it says next, call by call.
    pub fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.script).extend(replies);
    }

    /// What it was asked and what it reported, in the order of the questions.
    #[must_use]
    pub fn log(&self) -> Vec<Exchange> {
        lock(&self.shared.log).clone()
    }

    /// The sum of all usage that it reported.
    #[must_use]
    pub fn reported(&self) -> Reported {
        self.log().iter().filter_map(|exchange| exchange.reported).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
