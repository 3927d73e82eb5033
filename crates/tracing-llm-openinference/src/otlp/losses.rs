//! What was lost since it was last told.

use std::fmt::Write;

use crate::endpoint::Endpoint;
use crate::error::Error;

/// Spans that are gone, by their fate, and the first reason.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) why: Option<String>,
    /// Of whole requests that were refused.
    pub(super) refused: u64,
    /// Out of requests that were taken.
    pub(super) rejected: u64,
    pub(super) dropped: u64,
    /// Why spans wait: the last failed attempt.
    pub(super) away: Option<String>,
}

impl Losses {
    /// A reason for what is counted.
    pub(super) fn because(&mut self, why: &str) {
        if self.why.is_none() && !why.is_empty() {
            self.why = Some(why.to_owned());
        }
    }

    /// Tells what was lost and what still waits, once.
    pub(super) fn tell(&mut self, endpoint: &Endpoint, waiting: u64) -> Result<(), Error> {
        let Self { why, refused, rejected, dropped, away } = std::mem::take(self);
        self.away.clone_from(&away);
        let counts = [
            ("waiting", waiting),
            ("refused", refused),
            ("rejected", rejected),
            ("dropped", dropped),
        ];
        let fates: Vec<String> = counts
            .iter()
            .filter(|(_, spans)| *spans > 0)
            .map(|(fate, spans)| format!("{fate}: {spans}"))
            .collect();
        if fates.is_empty() {
            return Ok(());
        }
        let mut text = format!("could not send to {endpoint}");
        if let Some(why) = why.or(away) {
            let _ = write!(text, ": {}", why.trim_end());
        }
        Err(Error::send(format!("{text} (spans {})", fates.join(", "))))
    }
}
