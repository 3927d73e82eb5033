//! Dates as Python's `isoformat` writes them in UTC. Pure.

use tracing_llm::Timestamp;

/// `2026-09-21T14:13:20.000000+00:00`.
pub(super) fn format(time: Timestamp) -> String {
    let micros = time.as_unix_nanos() / 1_000;
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar.
fn date(mut days: u64) -> (u64, u64, u64) {
    // Years from March on, so that the day that leap years have comes last; 0000-03-01 lies
    // this many days before 1970-01-01.
    days += 719_468;
    // 400 years have always the same length.
    let (era, day) = (days / 146_097, days % 146_097);
    // Take out the leap days before it: one in 4 years, but not in 100, but in 400.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, months have 153 days in five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, nanos: u64) -> String {
        format(Timestamp::from_unix_nanos(seconds * 1_000_000_000 + nanos))
    }

    #[test]
    fn known_moments_have_their_dates() {
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(at(951_782_399, 999_999_999), "2000-02-28T23:59:59.999999+00:00");
        assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00.000000+00:00");
        assert_eq!(at(951_868_800, 0), "2000-03-01T00:00:00.000000+00:00");
        assert_eq!(at(1_709_164_800, 0), "2024-02-29T00:00:00.000000+00:00");
        assert_eq!(at(1_735_689_599, 0), "2024-12-31T23:59:59.000000+00:00");
        assert_eq!(at(1_790_000_000, 250_000_000), "2026-09-21T14:13:20.250000+00:00");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000000+00:00");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = date(0);
        for day in 1..60_000 {
            let next = date(day);
            let same_month = (last.0, last.1, last.2 + 1);
            let next_month = (last.0, last.1 + 1, 1);
            let next_year = (last.0 + 1, 1, 1);
            assert!([same_month, next_month, next_year].contains(&next), "{last:?} {next:?}");
            last = next;
        }
        assert_eq!(last, (2134, 4, 10));
    }
}
