//! Numbers, money, times and names, as people read them.

use std::time::Duration;

/// How much of a name is shown.
const NAME: usize = 48;

/// A number with commas: `1,234,567`.
pub(crate) fn number(number: u64) -> String {
    with_commas(&number.to_string())
}

fn with_commas(digits: &str) -> String {
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of things: `1 call`, `2 calls`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", number(count), if count == 1 { "" } else { "s" })
}

/// US dollars with so many decimals: `$1,234.50`.
pub(crate) fn usd(usd: f64, decimals: usize) -> String {
    let plain = format!("{usd:.decimals$}");
    match plain.split_once('.') {
        Some((whole, cents)) => format!("${}.{cents}", with_commas(whole)),
        None => format!("${}", with_commas(&plain)),
    }
}

/// How many decimals show two digits of this amount: two to six.
pub(crate) fn decimals(usd: f64) -> usize {
    let tenths = [0.1, 0.01, 0.001, 0.0001];
    2 + tenths.iter().filter(|bound| usd > 0.0 && usd < **bound).count()
}

/// A duration in two digits, which is how well percentiles are known: `340 ms`, `1.2 s`, `85 s`.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let millis = seconds * 1e3;
    match millis {
        _ if millis < 0.995 => format!("{millis:.2} ms"),
        _ if millis < 9.95 => format!("{millis:.1} ms"),
        _ if millis < 99.5 => format!("{millis:.0} ms"),
        _ if millis < 995.0 => format!("{:.0} ms", (millis / 10.0).round() * 10.0),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        _ if seconds < 99.5 => format!("{seconds:.0} s"),
        _ => format!("{} s", with_commas(&format!("{:.0}", (seconds / 10.0).round() * 10.0))),
    }
}

/// A name as it can be shown in a terminal: not too long, and its control characters visible.
pub(crate) fn name(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(NAME)
        .flat_map(|letter| {
            let hidden = letter.is_control().then(|| letter.escape_default());
            let plain = hidden.is_none().then_some(letter);
            hidden.into_iter().flatten().chain(plain)
        })
        .collect();
    if name.chars().nth(NAME).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let shown = [0, 12, 999, 1_000, 12_345, 1_234_567, u64::MAX].map(number);
        assert_eq!(
            shown,
            ["0", "12", "999", "1,000", "12,345", "1,234,567", "18,446,744,073,709,551,615"]
        );
    }

    #[test]
    fn money_shows_two_digits_at_least() {
        let shown = [0.0, 1_234.5, 0.5, 0.042, 0.0031, 0.000_31, 0.000_021]
            .map(|amount| usd(amount, decimals(amount)));
        assert_eq!(
            shown,
            ["$0.00", "$1,234.50", "$0.50", "$0.042", "$0.0031", "$0.00031", "$0.000021"]
        );
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        let shown = [40, 4_200, 35_400, 343_000, 996_000, 1_249_000, 85_400_000, 4_003_000_000]
            .map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(
            shown,
            ["0.04 ms", "4.2 ms", "35 ms", "340 ms", "1.0 s", "1.2 s", "85 s", "4,000 s"]
        );
    }

    #[test]
    fn a_name_is_shown_not_executed() {
        assert_eq!(name("gpt\u{1b}[31m\n-5"), "gpt\\u{1b}[31m\\n-5");
        assert_eq!(name("gpt-é"), "gpt-é");
        assert_eq!(name(&"x".repeat(500)), format!("{}…", "x".repeat(NAME)));
    }
}
