//! The spool as the sender's store.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use opentelemetry_sdk::Resource;

use super::spooling::Store;
use crate::config::SpoolSettings;
use crate::encode::{self, SCOPE};
use crate::error::Error;
use crate::spool::{Packet, Spool, Ticket};
use crate::stats::Tally;

/// A spool, and which packet of it is out.
pub(super) struct Folder {
    spool: Spool,
    out: Option<Ticket>,
    tally: Arc<Tally>,
}

impl Folder {
    pub(super) fn open(
        settings: &SpoolSettings,
        resource: &Resource,
        tally: Arc<Tally>,
    ) -> Result<Self, Error> {
        let resource = encode::resource(resource);
        let spool = Spool::open(settings, &resource, &SCOPE, Arc::clone(&tally))?;
        tally.spool_bytes(spool.bytes());
        Ok(Self { spool, out: None, tally })
    }

    /// Does something with the spool, and tells how large it is then.
    fn with<T>(&mut self, act: impl FnOnce(&mut Spool) -> T) -> T {
        let result = act(&mut self.spool);
        self.tally.spool_bytes(self.spool.bytes());
        result
    }
}

impl Store for Folder {
    fn append(&mut self, spans: &[Span]) -> Result<(), Error> {
        self.with(|spool| spool.append(spans))
    }

    fn next(&mut self, bytes: usize) -> Result<Option<Vec<ResourceSpans>>, Error> {
        let Some(Packet { resource_spans, ticket }) = self.with(|spool| spool.next(bytes))? else {
            return Ok(None);
        };
        self.out = Some(ticket);
        Ok(Some(resource_spans))
    }

    fn done(&mut self) -> Result<(), Error> {
        self.out.take().map_or(Ok(()), |ticket| self.with(|spool| spool.done(ticket)))
    }

    fn give_back(&mut self) {
        if let Some(ticket) = self.out.take() {
            self.spool.give_back(ticket);
        }
    }

    fn is_empty(&self) -> bool {
        self.spool.is_empty()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.with(Spool::close_segment)
    }
}
