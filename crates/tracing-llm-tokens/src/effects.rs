//! What follows from a call that counts, or counts no longer.

use std::sync::Arc;

use tracing_llm::HandlerResult;

use crate::counter::State;
use crate::error::Error;
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
    reached: Vec<(usize, Error)>,
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
        for change in changes {
            let record = change.record();
            let own = Some(record.number) == newest;
            let texts = if own { texts.clone() } else { Texts::default() };
            let taken_back = matches!(change, Change::Remove(_));
            if !settings.on_record.is_empty() || settings.printer.is_some() {
                let mut told = texts.put_into((**record).clone());
                told.taken_back = taken_back;
                effects.records.push(told);
            }
            for (at, budget) in settings.budgets.iter().enumerate() {
                let reached = budget.charge(record, taken_back);
                effects.reached.extend(reached.into_iter().map(|error| (at, error)));
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
}

impl Effects {
    pub(crate) fn tell(self, settings: &Settings) -> HandlerResult {
        for (at, error) in &self.reached {
            settings.budgets[*at].tell(error);
        }
        let mut printed = Ok(());
        for record in &self.records {
            settings.on_record.iter().for_each(|call| call(record));
            if let Some(printer) = settings.printer.as_ref().filter(|_| !record.taken_back) {
                printed = printed.and(printer.print(record));
            }
        }
        printed.map_err(Into::into)
    }
}
