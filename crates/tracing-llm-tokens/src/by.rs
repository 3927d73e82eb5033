//! What sums and budgets are kept by.

use std::fmt;

use serde_json::Value;
use tracing_llm::Text;

use crate::record::TokenRecord;

/// What sums and budgets are kept by.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Context, Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::{By, TokenCounter};
///
/// let mut context = Context::default();
/// context.session_id = Some("s-1".into());
/// context.keys.insert("tenant".into(), "acme".into());
/// let mut call = Event::new(EventType::LLM, "chat");
/// call.context = Arc::new(context);
/// call.payload.usage = Some(Usage::new(11, 7));
///
/// let mut tokens = TokenCounter::new();
/// tokens.on_end(&Arc::new(call)).unwrap();
/// for by in [By::Session, By::key("tenant")] {
///     let rows = tokens.sums(by);
///     assert_eq!((rows.len(), rows[0].sums.total), (1, 18));
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The type of the event: LLM or EMBEDDING.
    EventType,
    /// The model that answered, else the one that was asked for.
    Model,
    /// Who hosts the model, else whose API is spoken.
    Provider,
    /// The trace, by its id.
    Trace,
    /// The session (`session.id`).
    Session,
    /// The user (`user.id`).
    User,
    /// Each tag (`tag.tags`). A call with two tags is in the sums of both.
    Tag,
    /// A context key that was registered with
    /// [`Builder::context_key`](tracing_llm::Builder::context_key), such as a tenant.
    Key(Text),
}

impl By {
    /// By a context key of this name.
    #[must_use]
    pub fn key(name: impl Into<Text>) -> Self {
        Self::Key(name.into())
    }

    /// The values that a call has: none, one, or of tags several.
    pub(crate) fn values(&self, record: &TokenRecord) -> Vec<Text> {
        let context = &record.context;
        let one = match self {
            Self::EventType => Some(Text::from(record.event_type.to_string())),
            Self::Model => record.model.clone(),
            Self::Provider => record.provider.clone(),
            Self::Trace => Some(Text::from(record.trace_id.to_string())),
            Self::Session => context.session_id.clone(),
            Self::User => context.user_id.clone(),
            Self::Tag => {
                let mut tags = context.tags.clone();
                tags.sort_unstable_by(|left, right| left.as_str().cmp(right));
                tags.dedup();
                return tags;
            }
            Self::Key(name) => context.keys.get(name).map(value_text),
        };
        one.into_iter().collect()
    }
}

/// Its name, as the head of a column: `session`.
impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventType => "event type",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Trace => "trace",
            Self::Session => "session",
            Self::User => "user",
            Self::Tag => "tag",
            Self::Key(name) => name,
        })
    }
}

fn value_text(value: &Value) -> Text {
    match value {
        Value::String(text) => Text::from(text.as_str()),
        other => Text::from(other.to_string()),
    }
}
