//! Token counts and costs that come number by number.

use super::Scalar;
use super::key::{CostPart, TokenPart};
use crate::Payload;

/// Takes one token count; false if it cannot be one.
///
/// A total is dropped when a sum that was known changes: it was the total of the old one.
pub(super) fn set_tokens(payload: &mut Payload, part: TokenPart, value: &Scalar) -> bool {
    let Some(count) = value.count() else { return false };
    let usage = payload.usage.get_or_insert_default();
    let before = part.place(usage).replace(count);
    let is_sum = matches!(part, TokenPart::Input | TokenPart::Output);
    if is_sum && before.is_some_and(|before| before != count) {
        usage.reported_total = None;
    }
    true
}

/// Takes one amount in US dollars; false if it cannot be one.
pub(super) fn set_cost(payload: &mut Payload, part: CostPart, value: &Scalar) -> bool {
    let Some(amount) = value.amount() else { return false };
    *part.place(payload.cost.get_or_insert_default()) = Some(amount);
    true
}
