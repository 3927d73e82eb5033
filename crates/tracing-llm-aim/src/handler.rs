//! The handler: makes values of events and gives them to the sender.

use std::fmt;
use std::sync::Arc;

use tracing_llm::{Event, Handler, HandlerResult, Health};

use crate::client;
use crate::error::Error;
use crate::sender::{FLUSH_LIMIT, Sender};
use crate::settings::{Builder, Settings};
use crate::stats::AimStats;
use crate::track::Convert;
use crate::unique;

/// Tracks events as one run of Aim.
///
/// Values are made at the end of each event and sent by a thread of its own: no hook waits for
/// the network. A batch is sent when 8 values or 1 MiB wait, when a value has waited half a
/// second, and at flush and shutdown. While the server is away, the newest 100,000 values or
/// 32 MiB are kept and tried again; [`stats`](Self::stats) counts all. The run begins with its
/// first value and ends at shutdown.
///
/// Without a server it is off: it says so once (by `tracing`, with the target `tracing_llm_aim`)
/// and does nothing more.
///
/// ```
/// use tracing_llm_aim::Aim;
///
/// let aim = Aim::from_env()?; // AIM_REPO=aim://127.0.0.1:53800, AIM_EXPERIMENT …
/// println!("run {} at {}", aim.run_hash(), aim.destination());
/// let (layer, callbacks) = tracing_llm::layer().handler(aim).build();
/// # drop((layer, callbacks));
/// # Ok::<(), tracing_llm_aim::Error>(())
/// ```
pub struct Aim {
    run: String,
    destination: String,
    convert: Convert,
    sender: Option<Sender>,
    stats: AimStats,
    said_off: bool,
}

impl Aim {
    /// A handler with the settings of the environment: see [`Builder::environment`].
    ///
    /// # Errors
    ///
    /// If a variable cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().environment()?.build()
    }

    /// Settings by code.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The hash by which Aim knows the run: 24 hexadecimal digits, chosen here.
    ///
    /// ```
    /// use tracing_llm_aim::Aim;
    ///
    /// assert_eq!(Aim::builder().build()?.run_hash().len(), 24);
    /// # Ok::<(), tracing_llm_aim::Error>(())
    /// ```
    #[must_use]
    pub fn run_hash(&self) -> &str {
        &self.run
    }

    /// Where the values go, for a person to read: `aim://127.0.0.1:53800`, or `off`.
    #[must_use]
    pub fn destination(&self) -> String {
        self.destination.clone()
    }

    /// Whether the values go nowhere.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.sender.is_none()
    }

    /// What became of the values; the clone that is given stays up to date.
    #[must_use]
    pub fn stats(&self) -> AimStats {
        self.stats.clone()
    }

    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        let (run, stats) = (unique::run_hash(), AimStats::default());
        let destination =
            settings.server.as_ref().map_or_else(|| "off".to_owned(), ToString::to_string);
        let server = client::server(&settings, &run);
        let sender = server
            .map(|server| Sender::new(&settings, &run, server, destination.clone(), stats.clone()))
            .transpose()?;
        let convert = Convert::new(settings.texts);
        Ok(Self { run, destination, convert, sender, stats, said_off: false })
    }

    /// Said at the first event, not when it is made: then a subscriber listens.
    fn say_off(&mut self) {
        if !std::mem::replace(&mut self.said_off, true) {
            tracing::warn!("tracking with Aim is off: no server (AIM_REPO=aim://host:port) is set");
        }
    }
}

impl Handler for Aim {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.sender.is_some() {
            self.convert.start(event);
        }
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let Some(sender) = &self.sender else {
            self.say_off();
            return Ok(());
        };
        let tracks = self.convert.end(event);
        self.stats.shortened(self.convert.take_shortened());
        sender.push(tracks);
        Ok(())
    }

    fn flush(&mut self) -> HandlerResult {
        Ok(self.sender.as_ref().map_or(Ok(()), |sender| sender.flush(FLUSH_LIMIT))?)
    }

    fn shutdown(&mut self) -> HandlerResult {
        Ok(self.sender.as_ref().map_or(Ok(()), |sender| sender.shutdown(FLUSH_LIMIT))?)
    }

    fn health(&self) -> Health {
        if self.is_off() { Health::none() } else { self.stats.health() }
    }
}

impl fmt::Debug for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aim")
            .field("run", &self.run)
            .field("destination", &self.destination)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
