//! One counted call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;
use tracing_llm::{
    Context, Cost, Event, EventType, Outcome, SpanId, Text, Timestamp, TraceId, Usage,
};

use crate::money::Money;
use crate::pricing::Pricing;
use crate::tier::tier;
use crate::tokenizer::CountedWith;

/// The next number of a record, or of something that is to be told apart from before and after.
pub(crate) fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// One call: what it used, what it cost, and whose it was.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::TokenCounter;
///
/// let mut event = Event::new(EventType::LLM, "chat");
/// event.payload.model = Some("gpt-5-mini".into());
/// event.payload.usage = Some(Usage::new(11, 7));
///
/// let mut counter = TokenCounter::new();
/// counter.on_end(&Arc::new(event)).unwrap();
/// let record = &counter.records()[0];
/// assert_eq!(record.model.as_deref(), Some("gpt-5-mini"));
/// assert_eq!(record.usage.total(), Some(18));
/// assert!(!record.usage.estimated);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenRecord {
    /// Its number in this process: that of a call is larger than those of the calls counted before,
    /// by one or more.
    pub number: u64,
    /// The trace that the call belongs to.
    pub trace_id: TraceId,
    /// The event's own id.
    pub span_id: SpanId,
    /// LLM or EMBEDDING.
    pub event_type: EventType,
    /// The model that answered, else the one that was asked for.
    pub model: Option<Text>,
    /// The model that was asked for.
    pub requested_model: Option<Text>,
    /// Who hosts the model, else whose API is spoken.
    pub provider: Option<Text>,
    /// The service tier, as the provider names it: `flex`, `priority`, `batch` … One that
    /// [`GenaiPrices`](crate::GenaiPrices) or a [`PriceTable`](crate::PriceTable) does not know is
    /// priced as the standard one.
    pub tier: Option<Text>,
    /// When the call began.
    pub start: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
    /// From its start to the first token of a streamed answer.
    pub first_token: Option<Duration>,
    /// How it came out.
    pub outcome: Outcome,
    /// The tokens; [`estimated`](Usage::estimated) if one of the numbers was
    /// counted here, empty if nothing is known.
    pub usage: Usage,
    /// What texts were counted with, where it is the counter or a clone of it that has counted them
    /// and the [tokenizer](crate::Tokenizer::counts_with) has a name for that; none where the usage
    /// was [estimated](Usage::estimated) by others, or by the rules for pictures alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_with: Option<CountedWith>,
    /// What it cost, as it was reported or by the [prices](crate::Prices); none if no price is
    /// known. It has no total where one of its parts is not known: see [`charged`](Self::charged).
    pub cost: Option<Cost>,
    /// Session, user, tags and registered keys.
    pub context: Arc<Context>,
    /// What was sent, if [texts are kept](crate::TokenCounter::keep_texts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Text>,
    /// What came back, if [texts are kept](crate::TokenCounter::keep_texts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Text>,
    /// It counts no longer: a call around it, told of later, knows more. Only
    /// [`on_record`](crate::TokenCounter::on_record) sees that.
    pub taken_back: bool,
}

impl TokenRecord {
    /// The record of an event that used this, with the cost that the event carries.
    pub(crate) fn new(event: &Event, usage: Usage) -> Self {
        let payload = &event.payload;
        Self {
            number: 0,
            trace_id: event.trace_id,
            span_id: event.span_id,
            event_type: event.event_type,
            model: model(event).cloned(),
            requested_model: first_named([&payload.model]).cloned(),
            provider: first_named([&payload.provider, &payload.system]).cloned(),
            tier: tier(payload),
            start: event.start,
            elapsed: event.elapsed,
            first_token: payload.stream.as_ref().and_then(|stream| stream.first_token),
            outcome: event.outcome,
            usage,
            counted_with: None,
            cost: payload.cost,
            context: Arc::clone(&event.context),
            prompt: None,
            completion: None,
            taken_back: false,
        }
    }

    /// What the sums and the budgets count for this call, in US dollars: its
    /// [cost](Self::cost), and of one that is [priced in part](Self::is_charged_in_part) that part.
    /// None if no price is known.
    ///
    /// ```
    /// use tracing_llm::{Cost, Event, EventType, Usage};
    /// use tracing_llm_tokens::TokenRecord;
    ///
    /// let mut cost = Cost::default();
    /// cost.input = Some(0.25); // and the answer has no known price
    /// let mut call = Event::new(EventType::LLM, "chat");
    /// call.payload.usage = Some(Usage::new(11, 7));
    /// call.payload.cost = Some(cost);
    /// let record = TokenRecord::from(&call);
    /// assert_eq!(record.charged(), Some(0.25));
    /// assert!(record.is_charged_in_part());
    /// ```
    #[must_use]
    pub fn charged(&self) -> Option<f64> {
        Pricing::of(self).cost.map(Money::usd)
    }

    /// Whether something of the call's cost is missing from what was [charged](Self::charged): its
    /// prompt or its answer has no known price, or was not counted.
    #[must_use]
    pub fn is_charged_in_part(&self) -> bool {
        let pricing = Pricing::of(self);
        pricing.cost.is_some() && !pricing.is_whole()
    }
}

/// The model that answered, else the one that was asked for.
pub(crate) fn model(event: &Event) -> Option<&Text> {
    first_named([&event.payload.response_model, &event.payload.model])
}

/// A name that is empty is none.
fn first_named<const N: usize>(names: [&Option<Text>; N]) -> Option<&Text> {
    names.into_iter().flatten().find(|name| !name.is_empty())
}

/// The record of an event that was not counted: to try out [prices](crate::Prices).
impl From<&Event> for TokenRecord {
    fn from(event: &Event) -> Self {
        Self::new(event, event.payload.usage.unwrap_or_default())
    }
}
