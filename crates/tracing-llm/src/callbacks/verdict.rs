//! What a flush or a shutdown gives back.

use crate::Error;
use crate::stats::Stats;
use crate::worker::Answer;

/// What was lost on the way to the handlers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    events: u64,
    bytes: u64,
    unenriched: u64,
}

impl Losses {
    pub(super) fn of(stats: &Stats) -> Self {
        Self {
            events: stats.dropped_events + stats.dropped_scopes,
            bytes: stats.lost_bytes,
            unenriched: stats.unenriched,
        }
    }

    /// What was lost since then.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            events: self.events.saturating_sub(before.events),
            bytes: self.bytes.saturating_sub(before.bytes),
            unenriched: self.unenriched.saturating_sub(before.unenriched),
        }
    }
}

/// The error that says what was not delivered, if something was not.
pub(super) fn of(answers: Option<Vec<Answer>>, losses: Losses) -> Result<(), Error> {
    let mut failures = match answers {
        Some(answers) => answers.into_iter().filter_map(failure).collect(),
        None => vec![String::from("the worker did not answer in time")],
    };
    let Losses { events, bytes, unenriched } = losses;
    if events > 0 {
        failures.push(format!("{events} events were dropped since the queue was full"));
    }
    if bytes > 0 {
        let why = "left out of events since their budget was spent";
        failures.push(format!("{bytes} bytes of texts were {why}"));
    }
    if unenriched > 0 {
        failures.push(format!("{unenriched} events lack what an enricher adds, since it panicked"));
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::undelivered(failures.join("; "))) }
}

fn failure(answer: Answer) -> Option<String> {
    if let Some(result) = answer.result {
        return result.err();
    }
    let stats = answer.handler.stats();
    let waiting = match stats.waiting {
        0 => String::new(),
        waiting => format!(", {waiting} deliveries wait for it"),
    };
    Some(format!("{} did not answer in time{waiting}", stats.name))
}
