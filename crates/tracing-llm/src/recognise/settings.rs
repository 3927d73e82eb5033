//! What is recognised may be changed while the program runs.

use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Release};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::callsite::Callsites;
use super::config::Recognition;

/// One setting, and what callsites are by it.
pub(crate) struct Setting {
    pub(crate) recognition: Recognition,
    pub(crate) callsites: Callsites,
}

impl Setting {
    fn new(recognition: Recognition) -> Self {
        Self { recognition, callsites: Callsites::new() }
    }
}

/// How many settings there may be beside the first. Plans are found without a lock, so none of
/// them goes while the layer is there; one that comes again is used again.
const MORE: usize = 63;

/// All settings that were ever in force.
pub(crate) struct Settings {
    first: Setting,
    more: [OnceLock<Box<Setting>>; MORE],
    /// Which is in force: the first, or one of the others, counted from one.
    current: AtomicUsize,
    /// Taken while it is changed.
    changing: Mutex<()>,
}

impl Settings {
    pub(crate) fn new(recognition: Recognition) -> Self {
        Self {
            first: Setting::new(recognition),
            more: [const { OnceLock::new() }; MORE],
            current: AtomicUsize::new(0),
            changing: Mutex::new(()),
        }
    }

    /// The one in force.
    #[inline]
    pub(crate) fn current(&self) -> &Setting {
        match self.current.load(Acquire) {
            0 => &self.first,
            number => self.numbered(number),
        }
    }

    #[cold]
    fn numbered(&self, number: usize) -> &Setting {
        let one = self.more.get(number.wrapping_sub(1)).and_then(OnceLock::get);
        one.map_or(&self.first, |setting| setting)
    }

    /// Whether another was ever in force than now: then a span may have a record though it is
    /// nothing to us now.
    #[inline]
    pub(crate) fn has_changed(&self) -> bool {
        self.more.first().is_some_and(|one| one.get().is_some())
    }

    /// Changes the setting; false if that would be one too many.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Recognition)) -> bool {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = self.current().recognition.clone();
        change(&mut wanted);
        let number = if wanted == self.first.recognition {
            Some(0)
        } else {
            let places = self.more.iter().zip(1..);
            places
                .map(|(place, number)| {
                    (number, place.get_or_init(|| Box::new(Setting::new(wanted.clone()))))
                })
                .find_map(|(number, setting)| (setting.recognition == wanted).then_some(number))
        };
        number.map(|number| self.current.store(number, Release)).is_some()
    }
}
