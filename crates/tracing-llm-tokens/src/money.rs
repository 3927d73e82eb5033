//! Sums of money that come out the same in whatever order they are added up.

/// Millionths of a millionth of a US dollar: fine enough for one token at the lowest price.
const PICO: f64 = 1e12;

/// An amount of US dollars, kept as a whole number, so that taking back what was added leaves
/// nothing behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(u64);

impl Money {
    /// Less than nothing is nothing; the most that fits is 18 million dollars.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the conversion saturates, and that is wanted"
    )]
    pub(crate) fn from_usd(usd: f64) -> Self {
        Self((usd * PICO).round() as u64)
    }

    /// The sum of both.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn from_pico(pico: u64) -> Self {
        Self(pico)
    }

    pub(crate) const fn pico(self) -> u64 {
        self.0
    }

    #[allow(clippy::cast_precision_loss, reason = "16 digits are enough to read")]
    pub(crate) fn usd(self) -> f64 {
        self.0 as f64 / PICO
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn a_token_s_price_is_a_whole_number() {
        // $0.0025 for a million: the lowest prices of cached tokens.
        assert_eq!(Money::from_usd(0.0025 / 1e6).pico(), 2_500);
        assert_eq!(Money::from_usd(0.1 + 0.2), Money::from_usd(0.3));
        assert_eq!(Money::from_usd(1.25).usd(), 1.25);
    }

    #[test]
    fn what_is_no_price_is_nothing() {
        for odd in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Money::from_usd(odd), Money::default());
        }
        assert_eq!(Money::from_usd(f64::INFINITY).pico(), u64::MAX);
    }
}
