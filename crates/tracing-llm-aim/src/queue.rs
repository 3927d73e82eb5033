//! The values that wait: bounded by count and by bytes, and cut into batches. Pure: the caller
//! says what time it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::track::Track;

/// A batch is sent when so many values wait …
pub(crate) const BATCH_VALUES: usize = 8;
/// … or so many bytes, or when the oldest has waited so long. A batch is small since the time that
/// Aim's server takes for a message grows faster than its length: 4,540 values took 6.6 s of its CPU
/// time by 2, 5.2 s by 4, 6.4 s by 8, 7.5 s by 16, and more than 12.7 s by 64 (Aim 3.29.1).
const BATCH_BYTES: usize = 1024 * 1024;
const BATCH_AGE: Duration = Duration::from_millis(500);

/// Values in the order in which their events ended.
#[derive(Debug)]
pub(crate) struct Queue {
    tracks: VecDeque<Track>,
    bytes: usize,
    /// When those that wait should be sent, if they do not fill a batch before.
    due: Option<Instant>,
    kept_values: usize,
    kept_bytes: usize,
}

impl Queue {
    pub(crate) fn new(kept_values: usize, kept_bytes: usize) -> Self {
        Self { tracks: VecDeque::new(), bytes: 0, due: None, kept_values, kept_bytes }
    }

    /// Takes a value; gives back how many of the oldest were dropped for it.
    pub(crate) fn push(&mut self, track: Track, now: Instant) -> u64 {
        self.bytes += track.size();
        self.tracks.push_back(track);
        self.due.get_or_insert(now + BATCH_AGE);
        let mut dropped = 0;
        // The newest stays, whatever its size.
        while self.tracks.len() > 1
            && (self.tracks.len() > self.kept_values || self.bytes > self.kept_bytes)
        {
            self.take_one();
            dropped += 1;
        }
        dropped
    }

    /// When the next batch should be sent; never, if nothing waits.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let full = self.tracks.len() >= BATCH_VALUES || self.bytes >= BATCH_BYTES;
        if full { Some(now) } else { self.due }
    }

    /// What it holds at most, in words.
    pub(crate) fn bounds(&self) -> String {
        let (values, bytes) = (self.kept_values, self.kept_bytes);
        match bytes >> 20 {
            0 => format!("{values} values or {bytes} bytes"),
            mebibytes => format!("{values} values or {mebibytes} MiB"),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Takes the oldest values, at most so many, but at least one if there is one.
    pub(crate) fn take_batch(&mut self, values: usize, now: Instant) -> Vec<Track> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.tracks.front() {
            bytes += next.size();
            if !batch.is_empty() && (batch.len() >= values || bytes > BATCH_BYTES) {
                break;
            }
            batch.extend(self.take_one());
        }
        self.due = (!self.tracks.is_empty()).then_some(now + BATCH_AGE);
        batch
    }

    /// Puts values back that were taken: they are the oldest, and have waited long enough.
    pub(crate) fn put_back(&mut self, tracks: Vec<Track>, now: Instant) {
        if !tracks.is_empty() {
            self.due = Some(now);
        }
        for track in tracks.into_iter().rev() {
            self.bytes += track.size();
            self.tracks.push_front(track);
        }
    }

    /// Takes all that is left.
    pub(crate) fn take_all(&mut self) -> u64 {
        let left = self.tracks.len() as u64;
        (self.tracks, self.bytes, self.due) = (VecDeque::new(), 0, None);
        left
    }

    fn take_one(&mut self) -> Option<Track> {
        let track = self.tracks.pop_front()?;
        self.bytes -= track.size();
        Some(track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{number, text};

    fn steps(tracks: &[Track]) -> Vec<u64> {
        tracks.iter().map(|track| track.step).collect()
    }

    #[test]
    fn the_oldest_are_dropped_when_there_are_too_many_or_too_large_ones() {
        let now = Instant::now();
        let mut queue = Queue::new(3, 1 << 20);
        assert_eq!((0..5).map(|step| queue.push(number(step), now)).sum::<u64>(), 2);
        assert_eq!(steps(&queue.take_batch(99, now)), [2, 3, 4]);

        let mut queue = Queue::new(99, 100_000);
        queue.push(text(0, &"x".repeat(20_000)), now);
        queue.push(number(1), now);
        assert_eq!(queue.push(text(2, &"x".repeat(20_000)), now), 1);
        assert_eq!(queue.push(text(3, &"x".repeat(200_000)), now), 2, "the newest stays");
        assert_eq!(steps(&queue.take_batch(99, now)), [3]);
        assert_eq!((queue.bytes, queue.is_empty()), (0, true));
    }

    #[test]
    fn a_batch_is_due_when_it_is_full_or_old() {
        let now = Instant::now();
        let mut queue = Queue::new(1_000, 1 << 30);
        assert_eq!(queue.due(now), None);
        queue.push(number(0), now);
        assert_eq!(queue.due(now), Some(now + BATCH_AGE));
        for step in 1..BATCH_VALUES as u64 + 1 {
            queue.push(number(step), now);
        }
        assert_eq!(queue.due(now), Some(now));
        assert_eq!(queue.take_batch(BATCH_VALUES, now).len(), BATCH_VALUES);
        assert_eq!(queue.due(now), Some(now + BATCH_AGE), "one is left");
        assert_eq!(queue.take_all(), 1);
        assert_eq!(queue.due(now), None);
    }

    #[test]
    fn what_is_put_back_comes_first_and_at_once() {
        let now = Instant::now();
        let mut queue = Queue::new(1_000, 1 << 30);
        for step in 0..3 {
            queue.push(number(step), now);
        }
        let batch = queue.take_batch(2, now);
        queue.put_back(batch, now);
        assert_eq!(queue.due(now), Some(now));
        assert_eq!(steps(&queue.take_batch(99, now)), [0, 1, 2]);
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn a_batch_has_few_bytes_or_one_value() {
        let now = Instant::now();
        let mut queue = Queue::new(1_000, 1 << 30);
        for step in 0..3 {
            queue.push(text(step, &"x".repeat(150_000)), now);
        }
        queue.push(text(3, &"x".repeat(1_000_000)), now);
        assert_eq!(steps(&queue.take_batch(99, now)), [0, 1]);
        assert_eq!(steps(&queue.take_batch(99, now)), [2]);
        assert_eq!(steps(&queue.take_batch(99, now)), [3]);
    }
}
