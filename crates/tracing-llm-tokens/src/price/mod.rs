//! What calls cost.

mod bundled;
mod rates;
mod table;

use tracing_llm::{Cost, Text};

pub use self::bundled::GenaiPrices;
pub use self::rates::Rates;
pub use self::table::PriceTable;
use crate::record::TokenRecord;

/// Knows what calls cost.
///
/// [`GenaiPrices`] is the default, [`PriceTable`] is for prices of one's own. A closure that takes
/// a call and gives back its cost knows prices too:
///
/// ```
/// use tracing_llm::Cost;
/// use tracing_llm_tokens::{TokenCounter, TokenRecord};
///
/// let flat_fee = |call: &TokenRecord| {
///     let mut cost = Cost::default();
///     cost.total = (call.model.as_deref() == Some("house-model")).then_some(0.01);
///     cost.total.is_some().then_some(cost)
/// };
/// let counter = TokenCounter::new().prices(flat_fee);
/// ```
///
/// It is asked on a thread of the layer's, never on the pipeline's: it may load its data when it is
/// first asked. While an [`Enricher`](tracing_llm::Enricher) asks, no event is delivered.
pub trait Prices: Send + Sync + 'static {
    /// What this call cost, in US dollars; none if no price is known for its model. Its own
    /// [`cost`](TokenRecord::cost) is not set.
    fn price(&self, call: &TokenRecord) -> Option<Cost>;

    /// Where the prices are from, and of which date: a line of the report.
    fn source(&self) -> Text {
        Text::literal("prices of the program")
    }
}

impl<F: Fn(&TokenRecord) -> Option<Cost> + Send + Sync + 'static> Prices for F {
    fn price(&self, call: &TokenRecord) -> Option<Cost> {
        self(call)
    }
}

/// The models whose price may be the call's: the one that answered, else the one that was asked
/// for (a provider's name for what answered may not be listed); each also without the path that
/// Google puts before it.
fn models(call: &TokenRecord) -> impl Iterator<Item = &str> {
    let requested = call.requested_model.iter().filter(|model| call.model.as_ref() != Some(model));
    call.model.iter().chain(requested).flat_map(|model| {
        let bare = model.rsplit_once("models/").map(|(_, bare)| bare);
        std::iter::once(model.as_str()).chain(bare)
    })
}

/// A price is a number, and nobody is paid for a call.
pub(crate) fn is_sound(cost: &Cost) -> bool {
    let Cost { total, input, output, cache_read, cache_write, reasoning, .. } = cost;
    let parts = [total, input, output, cache_read, cache_write, reasoning];
    parts.into_iter().flatten().all(|usd| usd.is_finite() && *usd >= 0.0)
}
