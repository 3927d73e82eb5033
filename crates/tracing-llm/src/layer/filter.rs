//! Which callsites the filtered layer sees.

use std::sync::Arc;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter};

use crate::recognise::{is_claimed, is_seen};
use crate::state::Shared;

/// The filter of [`CallbackLayer::filtered`](crate::CallbackLayer::filtered): it lets through the
/// callsites that are something to the layer, and is asked once for each.
pub struct CallsiteFilter {
    shared: Arc<Shared>,
}

impl CallsiteFilter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl std::fmt::Debug for CallsiteFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallsiteFilter").finish_non_exhaustive()
    }
}

impl<S> Filter<S> for CallsiteFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Asked for every span and event where another layer's interest differs from ours.
        let setting = self.shared.settings.current();
        let met = setting.callsites.is_seen(metadata);
        met.unwrap_or_else(|| is_seen(metadata, &setting.recognition))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.shared.plan(metadata).is_some() { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.shared.settings.current().recognition.level)
    }
}

/// The filter of [`CallbackLayer::untagged`](crate::CallbackLayer::untagged), for another layer: it
/// keeps from it what our handlers tell.
#[derive(Clone)]
pub struct UntaggedFilter {
    shared: Arc<Shared>,
}

impl UntaggedFilter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl std::fmt::Debug for UntaggedFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UntaggedFilter").finish_non_exhaustive()
    }
}

impl<S> Filter<S> for UntaggedFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Nobody tells them any more.
        if self.shared.is_closed() && metadata.is_span() {
            return true;
        }
        let setting = self.shared.settings.current();
        let met = setting.callsites.is_claimed(metadata);
        !met.unwrap_or_else(|| is_claimed(metadata, &setting.recognition))
    }

    /// What a span's tag says can change the answer, and so does the shutdown: such a callsite is
    /// asked for each time.
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.shared.plan(metadata);
        match self.shared.settings.current().callsites.is_claimed(metadata) {
            Some(true) if metadata.is_span() => Interest::sometimes(),
            Some(true) => Interest::never(),
            _ => Interest::always(),
        }
    }
}
