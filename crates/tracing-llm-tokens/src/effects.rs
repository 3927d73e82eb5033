//! What follows from a call that counts, or counts no longer.

use std::sync::Arc;

use crate::budget::Reached;
use crate::counter::State;
use crate::guard::{Failures, guarded};
use crate::nesting::Change;
use crate::record::TokenRecord;
use crate::ring::Texts;
use crate::settings::Settings;

/// What is told to others once the sums are made: foreign code never runs under the lock.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Effects {
    records: Vec<TokenRecord>,
    /// Budgets whose limit is reached, by their place in the settings.
    reached: Vec<(usize, Reached)>,
}

impl State {
    /// Changes the sums and charges the budgets. The texts are those of the call that has ended.
    pub(crate) fn apply(
        &mut self,
        changes: Vec<Change>,
        texts: &Texts,
        settings: &Settings,
    ) -> Effects {
        // The call that has ended is the newest of them; another one may count again.
        let newest = changes.iter().map(|change| change.record().number).max();
        let mut effects = Effects::default();
        for (at, budget) in settings.budgets.iter().enumerate() {
            let calls = changes.iter().map(|change| (&**change.record(), change.is_taken_back()));
            let reached = budget.charge(calls);
            effects.reached.extend(reached.into_iter().map(|reached| (at, reached)));
        }
        for change in changes {
            let record = change.record();
            let own = Some(record.number) == newest;
            let texts = if own { texts.clone() } else { Texts::default() };
            let taken_back = change.is_taken_back();
            if !settings.on_record.is_empty() || settings.printer.is_some() {
                let mut told = texts.put_into((**record).clone());
                told.taken_back = taken_back;
                effects.records.push(told);
            }
            if taken_back {
                self.tally.remove(record);
            } else {
                self.tally.add(record, texts);
            }
        }
        effects
    }
}

impl Change {
    fn record(&self) -> &Arc<TokenRecord> {
        match self {
            Self::Add(record) | Self::Remove(record) => record,
        }
    }

    fn is_taken_back(&self) -> bool {
        matches!(self, Self::Remove(_))
    }
}

impl Effects {
    /// Tells everyone, also if some of them panic.
    pub(crate) fn tell(self, settings: &Settings, failures: &mut Failures) {
        for (at, reached) in &self.reached {
            settings.budgets[*at].tell(reached, failures);
        }
        for record in &self.records {
            for call in &settings.on_record {
                failures.note(guarded("on_record", || call(record)));
            }
            if let Some(printer) = settings.printer.as_ref().filter(|_| !record.taken_back) {
                let printed = failures.note(guarded("the writer", || printer.print(record)));
                printed.map(|printed| failures.note(printed));
            }
        }
    }
}
