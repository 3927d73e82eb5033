//! What the worker is told.

use std::sync::Arc;

use super::record::Record;

/// What happened to a span.
pub(crate) enum Message {
    /// It was entered for the first time, or recognised after that. If it is closed before the
    /// worker takes this, and nothing began below it, this tells the end too.
    Start(Arc<Record>),
    /// A wrapper saw its end.
    Finish(Arc<Record>),
    /// It was closed, or ended by hand.
    End(Arc<Record>),
}

impl Message {
    pub(crate) fn record(&self) -> &Arc<Record> {
        let (Self::Start(record) | Self::Finish(record) | Self::End(record)) = self;
        record
    }

    pub(crate) fn into_record(self) -> Arc<Record> {
        let (Self::Start(record) | Self::Finish(record) | Self::End(record)) = self;
        record
    }
}
