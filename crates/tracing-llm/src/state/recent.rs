//! The records that this thread touched last.

use std::cell::RefCell;
use std::sync::Arc;

use super::record::Record;
use super::slots::LayerId;

/// A span is entered, left and closed many times on one thread; finding its record through the
/// registry costs as much as all else in those hooks. A place is chosen by the span's id.
///
/// An entry is good as long as the record is not closed: ids are used again, but only after that,
/// and a record that is kept here is not used again.
const PLACES: usize = 8;

type Place = Option<(LayerId, u64, Arc<Record>)>;

thread_local! {
    static RECENT: RefCell<[Place; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

#[inline]
fn place(layer: LayerId, id: u64) -> usize {
    usize::try_from(id.wrapping_add(layer) % PLACES as u64).unwrap_or_default()
}

/// Runs with the record that is kept for this span; none if there is none.
#[inline]
pub(crate) fn recent<T>(layer: LayerId, id: u64, run: impl FnOnce(&Arc<Record>) -> T) -> Option<T> {
    RECENT
        .try_with(|places| {
            let places = places.try_borrow().ok()?;
            match places.get(place(layer, id))? {
                Some((owner, kept, record)) if (*owner, *kept) == (layer, id) => Some(run(record)),
                _ => None,
            }
        })
        .ok()
        .flatten()
}

/// Keeps a record for the next hook of its span on this thread.
#[inline]
pub(crate) fn remember(layer: LayerId, id: u64, record: Arc<Record>) {
    replace(place(layer, id), Some((layer, id, record)));
}

/// The span is closed: takes its record out, if it is kept.
#[inline]
pub(crate) fn forget(layer: LayerId, id: u64) -> Option<Arc<Record>> {
    RECENT
        .try_with(|places| {
            let mut places = places.try_borrow_mut().ok()?;
            let place = places.get_mut(place(layer, id))?;
            place.take_if(|(owner, kept, _)| (*owner, *kept) == (layer, id))
        })
        .ok()
        .flatten()
        .map(|(_, _, record)| record)
}

/// What was there is dropped after the borrow ends: that may run foreign code.
fn replace(at: usize, new: Place) {
    let old = RECENT.try_with(|places| {
        let mut places = places.try_borrow_mut().ok()?;
        places.get_mut(at).and_then(|place| std::mem::replace(place, new))
    });
    drop(old);
}
