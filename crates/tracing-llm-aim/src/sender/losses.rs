//! What was lost since it was last told.

use std::fmt::Write;

use crate::error::Error;

/// Values that are gone, by their fate, and the first reason.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) why: Option<String>,
    pub(super) refused: u64,
    pub(super) dropped: u64,
    /// Why values wait: the last failed attempt.
    pub(super) away: Option<String>,
    /// Why the run has no end.
    pub(super) unended: Option<String>,
}

impl Losses {
    /// A reason for what is counted.
    pub(super) fn because(&mut self, why: &str) {
        if self.why.is_none() {
            self.why = Some(why.to_owned());
        }
    }

    /// Tells what was lost and what still waits, once.
    pub(super) fn tell(&mut self, destination: &str, waiting: u64) -> Result<(), Error> {
        let Self { why, refused, dropped, away, unended } = std::mem::take(self);
        self.away.clone_from(&away);
        let counts = [("waiting", waiting), ("refused", refused), ("dropped", dropped)];
        let fates: Vec<String> = counts
            .iter()
            .filter(|(_, values)| *values > 0)
            .map(|(fate, values)| format!("{fate}: {values}"))
            .collect();
        let mut text = String::new();
        if !fates.is_empty() {
            let _ = write!(text, "could not send to {destination}");
            if let Some(why) = why.or(away) {
                let _ = write!(text, ": {why}");
            }
            let _ = write!(text, " (values {})", fates.join(", "));
        }
        if let Some(why) = unended {
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}could not end the run at {destination}: {why}");
        }
        if text.is_empty() { Ok(()) } else { Err(Error::send(text)) }
    }
}
