//! One count.

use serde_json::Value;

/// The largest count that is believed: what a double can hold exactly.
pub(in crate::usage) const LARGEST: u64 = 1 << 53;

/// A count of tokens: a whole number, or its digits in a string.
///
/// Cohere sends whole numbers as `7.0`; protobuf's JSON sends 64-bit numbers as strings.
pub(super) fn count(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => digits(text.trim()),
        _ => None,
    };
    number.filter(|number| *number <= LARGEST)
}

/// The sum, where it is a count that is believed.
pub(super) fn sum(counts: impl IntoIterator<Item = u64>) -> Option<u64> {
    counts.into_iter().try_fold(0, u64::checked_add).filter(|sum| *sum <= LARGEST)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "in the range that is tested, a whole double is exactly an integer"
)]
fn whole(number: f64) -> Option<u64> {
    let whole = number.fract() == 0.0 && (0.0..=LARGEST as f64).contains(&number);
    whole.then_some(number as u64)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{count, sum};

    #[test]
    fn whole_numbers_and_their_digits_are_counts() {
        for value in [json!(7), json!(7.0), json!("7"), json!(" 7 "), json!("007")] {
            assert_eq!(count(&value), Some(7), "{value}");
        }
        assert_eq!(count(&json!(0)), Some(0));
        assert_eq!(count(&json!(1_u64 << 53)), Some(1 << 53));
    }

    #[test]
    fn all_else_is_left_out() {
        for value in [
            json!(null),
            json!(true),
            json!(-1),
            json!(-1.0),
            json!(7.5),
            json!(1e300),
            json!((1_u64 << 53) + 1),
            json!(u64::MAX),
            json!("9007199254740993"),
            json!("99999999999999999999999"),
            json!(""),
            json!("+7"),
            json!("-7"),
            json!("7.0"),
            json!("seven"),
            json!([7]),
            json!({"value": 7}),
        ] {
            assert_eq!(count(&value), None, "{value}");
        }
    }

    #[test]
    fn a_sum_that_nobody_would_believe_is_left_out() {
        assert_eq!(sum([1, 2, 3]), Some(6));
        assert_eq!(sum([1 << 53, 1]), None);
        assert_eq!(sum([u64::MAX, u64::MAX]), None);
    }
}
