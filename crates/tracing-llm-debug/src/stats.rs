//! Times of many events, as numbers.

use std::fmt;
use std::time::Duration;

use crate::format::units::{count, human};

/// How long events took, over those that the log keeps.
///
/// The times of nested events are summed: a query and the call inside it both
/// count. An event that has not ended counts with no time, as in LlamaIndex's
/// `EventStats`; `min`, `max` and the percentiles are of those that have ended.
/// With no event, all is zero.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::DebugHandler;
///
/// let mut debug = DebugHandler::stdout();
/// for millis in [100, 300] {
///     let mut event = Event::new(EventType::LLM, "chat");
///     event.span_id = tracing_llm::SpanId::new(millis).unwrap();
///     event.elapsed = Duration::from_millis(millis);
///     debug.on_end(&Arc::new(event))?;
/// }
/// let info = debug.time_info(EventType::LLM);
/// assert_eq!((info.count, info.average), (2, Duration::from_millis(200)));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeInfo {
    /// All times, summed.
    pub total: Duration,
    /// The total over the count, to the nearest nanosecond.
    pub average: Duration,
    /// How many events there are, ended or not.
    pub count: usize,
    /// The shortest time.
    pub min: Duration,
    /// The longest time.
    pub max: Duration,
    /// The time within which half of the events ended.
    pub p50: Duration,
    /// The time within which 95 % of the events ended.
    pub p95: Duration,
    /// The time within which 99 % of the events ended.
    pub p99: Duration,
}

impl TimeInfo {
    /// The numbers of these events: how long each took, or nothing for one that has not ended.
    pub(crate) fn of(times: impl IntoIterator<Item = Option<Duration>>) -> Self {
        let mut count = 0;
        let mut ended = Vec::new();
        for time in times {
            count += 1;
            ended.extend(time);
        }
        ended.sort_unstable();
        let total = ended.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time));
        Self {
            total,
            average: divide(total, count),
            count,
            min: ended.first().copied().unwrap_or_default(),
            max: ended.last().copied().unwrap_or_default(),
            p50: percentile(&ended, 50),
            p95: percentile(&ended, 95),
            p99: percentile(&ended, 99),
        }
    }
}

impl fmt::Display for TimeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, total {}, average {}, min {}, p50 {}, p95 {}, p99 {}, max {}",
            count(self.count, "event", "events"),
            human(self.total),
            human(self.average),
            human(self.min),
            human(self.p50),
            human(self.p95),
            human(self.p99),
            human(self.max),
        )
    }
}

/// The nearest rank: the shortest time that so many percent of all do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn divide(total: Duration, count: usize) -> Duration {
    let count = count.max(1) as u128;
    let nanos = (total.as_nanos() + count / 2) / count;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(numbers: impl IntoIterator<Item = u64>) -> TimeInfo {
        TimeInfo::of(numbers.into_iter().map(|number| Some(Duration::from_millis(number))))
    }

    #[test]
    fn no_event_gives_zeros() {
        assert_eq!(TimeInfo::of([]), TimeInfo::default());
    }

    #[test]
    fn percentiles_are_times_that_occurred() {
        let info = millis((1..=200).rev());
        assert_eq!(info.count, 200);
        assert_eq!(info.min.as_millis(), 1);
        assert_eq!(info.p50.as_millis(), 100);
        assert_eq!(info.p95.as_millis(), 190);
        assert_eq!(info.p99.as_millis(), 198);
        assert_eq!(info.max.as_millis(), 200);
        assert_eq!(info.average, Duration::from_micros(100_500));

        let single = millis([7]);
        assert_eq!((single.p50, single.p99), (single.max, single.min));
    }

    #[test]
    fn an_event_that_has_not_ended_counts_with_no_time() {
        let info = TimeInfo::of([Some(Duration::from_secs(3)), None]);
        assert_eq!((info.count, info.total.as_secs()), (2, 3));
        assert_eq!(info.average, Duration::from_millis(1500));
        assert_eq!(info.min.as_secs(), 3);
    }

    #[test]
    fn an_absurd_time_stops_at_the_largest_number() {
        let info = TimeInfo::of([Some(Duration::MAX), Some(Duration::MAX)]);
        assert_eq!(info.total, Duration::MAX);
    }

    #[test]
    fn it_reads_as_a_sentence() {
        assert_eq!(
            millis([10, 30]).to_string(),
            "2 events, total 40.0 ms, average 20.0 ms, min 10.0 ms, p50 10.0 ms, p95 30.0 ms, \
             p99 30.0 ms, max 30.0 ms"
        );
    }
}
