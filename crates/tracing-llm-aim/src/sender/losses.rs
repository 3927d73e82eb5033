//! What was lost since it was last told.

use crate::error::Error;

/// Values that are gone, by their fate, and the first reason.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) why: Option<String>,
    pub(super) refused: u64,
    pub(super) dropped: u64,
    /// Dropped for newer ones while too much waited, …
    pub(super) overflowed: u64,
    /// … and how much is too much.
    pub(super) full: Option<String>,
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
        let Self { why, refused, dropped, overflowed, full, away, unended } = std::mem::take(self);
        self.away.clone_from(&away);
        let counts = [("waiting", waiting), ("refused", refused), ("dropped", dropped)];
        let fates: Vec<String> = counts
            .iter()
            .filter(|(_, values)| *values > 0)
            .map(|(fate, values)| format!("{fate}: {values}"))
            .collect();
        let mut told = Vec::new();
        if !fates.is_empty() {
            let why = why.or(away).map(|why| format!(": {why}")).unwrap_or_default();
            let fates = fates.join(", ");
            told.push(format!("could not send to {destination}{why} (values {fates})"));
        }
        if let Some(full) = full {
            let are = if overflowed == 1 { "value was" } else { "values were" };
            told.push(format!("{overflowed} {are} dropped: {full}"));
        }
        if let Some(why) = unended {
            told.push(format!("could not end the run at {destination}: {why}"));
        }
        if told.is_empty() { Ok(()) } else { Err(Error::send(told.join("; "))) }
    }
}
