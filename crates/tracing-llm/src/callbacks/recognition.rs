//! What is recognised, changed while the program runs.

use super::Callbacks;
use crate::{Error, Vocabulary};

/// What is recognised may be changed while the program runs.
///
/// Each of these asks every callsite of the program anew what is wanted of it, so it is meant for an
/// operator's switch, not for each request; and it must not be called from inside a hook of a
/// `tracing` layer. Spans that are open go on to be events; what is recorded on them from then on is
/// read by the new setting.
///
/// ```
/// use tracing_llm::Vocabulary;
///
/// let (layer, callbacks) = tracing_llm::layer().build();
/// # drop(layer);
/// callbacks.vocabulary(Vocabulary::GenAi, false)?; // rig and genai are silent …
/// callbacks.vocabulary(Vocabulary::GenAi, true)?; // … and heard again
/// callbacks.exclude_target("my_crate::batch")?;
/// # Ok::<(), tracing_llm::Error>(())
/// ```
impl Callbacks {
    /// Switches a vocabulary, or the rules for a library, on or off.
    ///
    /// # Errors
    ///
    /// If more than 64 different settings were in force since the layer was built. Going back to
    /// one that was is always possible.
    pub fn vocabulary(&self, vocabulary: Vocabulary, on: bool) -> Result<(), Error> {
        self.change(self.shared.settings.change(|recognition| recognition.switch(vocabulary, on)))
    }

    /// Spans and events with this target, or one below it, are nothing to the layer from now on:
    /// as [`Builder::exclude_target`](crate::Builder::exclude_target).
    ///
    /// # Errors
    ///
    /// As [`vocabulary`](Self::vocabulary).
    pub fn exclude_target(&self, target: impl Into<String>) -> Result<(), Error> {
        let target = target.into();
        self.change(self.shared.settings.change(|recognition| recognition.exclude(target, true)))
    }

    /// Takes back that this target is excluded; what is excluded by another target stays so.
    ///
    /// # Errors
    ///
    /// As [`vocabulary`](Self::vocabulary).
    pub fn include_target(&self, target: impl Into<String>) -> Result<(), Error> {
        let target = target.into();
        self.change(self.shared.settings.change(|recognition| recognition.exclude(target, false)))
    }

    fn change(&self, changed: bool) -> Result<(), Error> {
        if !changed {
            return Err(Error::setup("too many different settings of what is recognised"));
        }
        // `tracing` keeps what every callsite is to the layers.
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }
}
