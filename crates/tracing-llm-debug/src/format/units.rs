//! Numbers as a person reads them.

use std::time::Duration;

/// A duration with three digits: `450 ns`, `1.52 s`, `2 min 03 s`, `1 h 02 min`.
pub(crate) fn human(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0 s".to_owned();
    }
    if nanos < 1_000 {
        return format!("{nanos} ns");
    }
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    for (size, unit, limit) in [(1e3, "µs", 999.5), (1e6, "ms", 999.5), (1e9, "s", 59.95)] {
        let value = nanos as f64 / size;
        if value < limit {
            return format!("{} {unit}", three_digits(value));
        }
    }
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_millis() >= 500));
    match seconds {
        0..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 node`, `3 nodes`, `2 summaries`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { one } else { many })
}

/// A number of bytes: `999 B`, `1.20 MB`.
pub(crate) fn bytes(number: u64) -> String {
    if number < 1_000 {
        return format!("{number} B");
    }
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let number = number as f64;
    for (size, unit) in [(1e3, "kB"), (1e6, "MB")] {
        if number / size < 999.5 {
            return format!("{} {unit}", three_digits(number / size));
        }
    }
    format!("{} GB", three_digits(number / 1e9))
}

/// A price in US dollars, small ones with two digits that count: `$1.25`, `$0.0021`.
pub(crate) fn dollars(amount: f64) -> String {
    let size = amount.abs();
    if size == 0.0 || size >= 0.1 || !size.is_finite() {
        return format!("${amount:.2}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 12")]
    let places = (1.0 - size.log10().floor()).clamp(2.0, 12.0) as usize;
    format!("${amount:.places$}")
}

fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        for (nanos, text) in [
            (0, "0 s"),
            (450, "450 ns"),
            (4_100, "4.10 µs"),
            (166_000, "166 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_994_000, "9.99 ms"),
            (9_996_000, "10.0 ms"),
            (250_000_000, "250 ms"),
            (1_520_000_000, "1.52 s"),
            (59_940_000_000, "59.9 s"),
            (59_950_000_000, "1 min 00 s"),
            (123_400_000_000, "2 min 03 s"),
            (3_599_600_000_000, "1 h 00 min"),
            (3_720_000_000_000, "1 h 02 min"),
            (183_600_000_000_000, "2 d 03 h"),
        ] {
            assert_eq!(human(Duration::from_nanos(nanos)), text, "{nanos} ns");
        }
        assert_eq!(human(Duration::MAX), "213503982334601 d 07 h");
    }

    #[test]
    fn counts_and_sizes_are_easy_to_read() {
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(count(1, "node", "nodes"), "1 node");
        assert_eq!(count(2, "summary", "summaries"), "2 summaries");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_200_000), "1.20 MB");
        assert_eq!(bytes(u64::MAX), "18446744074 GB");
    }

    #[test]
    fn prices_keep_the_digits_that_count() {
        for (amount, text) in
            [(0.0, "$0.00"), (1.254, "$1.25"), (0.0021, "$0.0021"), (0.000_000_5, "$0.00000050")]
        {
            assert_eq!(dollars(amount), text);
        }
        assert_eq!(dollars(f64::NAN), "$NaN");
        assert_eq!(dollars(1e-300), "$0.000000000000");
    }
}
