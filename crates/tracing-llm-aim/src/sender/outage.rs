//! Whether the server is away: logged once, and once that it is back.

use super::TARGET;

#[derive(Debug, Default)]
pub(super) struct Outage(bool);

impl Outage {
    pub(super) fn is_on(&self) -> bool {
        self.0
    }

    pub(super) fn attempt_failed(&mut self, destination: &str, why: &str) {
        if !std::mem::replace(&mut self.0, true) {
            tracing::warn!(
                target: TARGET,
                "{destination} does not take values: {why}; they wait, and it is tried again"
            );
        }
    }

    pub(super) fn answered(&mut self, destination: &str) {
        if std::mem::take(&mut self.0) {
            tracing::info!(target: TARGET, "{destination} takes values again");
        }
    }
}
