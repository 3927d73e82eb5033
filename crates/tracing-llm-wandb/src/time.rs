//! The time in the name of a run's folder. Pure.

use tracing_llm::Timestamp;

/// `20261125_111719`, in UTC. (`wandb` writes local time; nothing reads it.)
pub(crate) fn stamp(time: Timestamp) -> String {
    let seconds = time.as_unix_nanos() / 1_000_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}")
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar.
fn date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_have_their_stamps() {
        for (seconds, expected) in [
            (0, "19700101_000000"),
            (951_782_399, "20000228_235959"),
            (951_782_400, "20000229_000000"),
            (951_868_800, "20000301_000000"),
            (1_735_689_599, "20241231_235959"),
            (1_790_000_000, "20260921_141320"),
            (4_107_542_400, "21000301_000000"),
        ] {
            let time = Timestamp::from_unix_nanos(seconds * 1_000_000_000);
            assert_eq!(stamp(time), expected);
        }
    }
}
