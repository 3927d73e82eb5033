//! Speaks Aim's remote tracking protocol (3.29.1), over HTTP and a websocket.

mod deadline;
mod http;
mod quiet;
mod remote;
mod socket;

use std::time::Duration;

use self::quiet::Quiet;
use self::remote::Remote;
use crate::run::Instruction;
use crate::settings::Settings;

/// A server that keeps a run.
///
/// Each call tries once, and blocks for the answer at most so long. After a failure there is no
/// connection any more: when to try again is decided by who calls.
pub(crate) trait Server: Send {
    /// Makes a connection, and takes the run for this client.
    fn connect(&mut self, limit: Duration) -> Result<(), Failure>;

    /// Has the server carry these out, in their order.
    fn write(&mut self, instructions: Vec<Instruction>, limit: Duration) -> Result<(), Failure>;

    /// Says that this client lives.
    fn beat(&mut self, limit: Duration) -> Result<(), Failure>;

    /// Gives the run back, and ends the connection.
    fn close(&mut self, limit: Duration) -> Result<(), Failure>;
}

/// Why a server did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It cannot be reached, or did not answer in time.
    Away(String),
    /// It answered that it cannot.
    Refused(String),
}

impl Failure {
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Away(why) | Self::Refused(why) => why,
        }
    }
}

/// The server that the settings name, for this run.
pub(crate) fn server(settings: &Settings, run: &str) -> Option<Box<dyn Server>> {
    let remote = Remote::new(settings.server.clone()?, settings.headers.clone(), run);
    Some(Box::new(Quiet(Box::new(remote))))
}

#[cfg(test)]
mod tests;
