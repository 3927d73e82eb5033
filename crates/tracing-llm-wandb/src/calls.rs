//! Which calls count, where calls lie in one another, and what they amount to. Pure.

use tracing_llm::{Event, EventType, Usage};

/// What kind of model is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Llm = 0,
    Embedding = 1,
}

impl Kind {
    pub(crate) fn of(event_type: EventType) -> Option<Self> {
        match event_type {
            EventType::LLM => Some(Self::Llm),
            EventType::EMBEDDING => Some(Self::Embedding),
            _ => None,
        }
    }
}

/// What is known of a call's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Unknown,
    Estimated,
    Reported,
}

impl Rank {
    pub(crate) fn of(usage: Option<&Usage>) -> Self {
        match usage {
            Some(usage) if !usage.is_empty() && usage.estimated => Self::Estimated,
            Some(usage) if !usage.is_empty() => Self::Reported,
            _ => Self::Unknown,
        }
    }
}

/// What an event counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// No call of a model.
    Nothing,
    /// A call, with its tokens and cost.
    Call,
    /// It knows more of its tokens than calls of its kind inside or around it, which count: its
    /// tokens in the place of theirs, but no call more.
    Tokens,
    /// It repeats calls that count.
    Repeat,
}

impl Counts {
    /// Whether there is something new to draw.
    pub(crate) fn has_row(self) -> bool {
        matches!(self, Self::Call | Self::Tokens)
    }
}

/// Sums that charts show.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) total: u64,
    pub(crate) cost: f64,
    pub(crate) errors: u64,
}

impl Figures {
    /// What one event adds.
    pub(crate) fn of(event: &Event, counts: Counts) -> Self {
        let mut figures = Self { errors: u64::from(is_error(event)), ..Self::default() };
        if counts.has_row() {
            let usage = event.payload.usage.unwrap_or_default();
            figures.calls = u64::from(counts == Counts::Call);
            figures.input = usage.input.unwrap_or_default();
            figures.output = usage.output.unwrap_or_default();
            figures.total = usage.total().unwrap_or_default();
            figures.cost = event.payload.cost.and_then(|cost| cost.total).unwrap_or_default();
        }
        figures
    }

    pub(crate) fn add(&mut self, more: &Self) {
        let Self { calls, input, output, total, cost, errors } = more;
        self.calls = self.calls.saturating_add(*calls);
        self.input = self.input.saturating_add(*input);
        self.output = self.output.saturating_add(*output);
        self.total = self.total.saturating_add(*total);
        self.cost += cost;
        self.errors = self.errors.saturating_add(*errors);
    }

    /// Without these, which were added before.
    pub(crate) fn remove(&mut self, less: &Self) {
        let Self { calls, input, output, total, cost, errors } = less;
        self.calls = self.calls.saturating_sub(*calls);
        self.input = self.input.saturating_sub(*input);
        self.output = self.output.saturating_sub(*output);
        self.total = self.total.saturating_sub(*total);
        // Sums of doubles are not exact.
        self.cost = (self.cost - cost).max(0.0);
        self.errors = self.errors.saturating_sub(*errors);
    }

    /// Takes out tokens and cost; calls and errors stay.
    pub(crate) fn take_tokens(&mut self) -> Self {
        let rest = Self { calls: self.calls, errors: self.errors, ..Self::default() };
        let taken = std::mem::replace(self, rest);
        Self { calls: 0, errors: 0, ..taken }
    }
}

/// An error counts once, at the lowest event that failed with it; each event that was cancelled or
/// did not end counts.
fn is_error(event: &Event) -> bool {
    let propagated = event.payload.exception.as_ref().is_some_and(|it| it.propagated);
    event.outcome.is_failure() && !propagated
}

#[cfg(test)]
mod tests {
    use tracing_llm::{Exception, Outcome};

    use super::*;

    #[test]
    fn an_error_that_passes_up_counts_once_and_what_was_given_up_counts() {
        let mut event = Event::new(EventType::LLM, "chat");
        event.outcome = Outcome::Error;
        event.payload.exception = Some(Exception::new("overloaded"));
        assert_eq!(Figures::of(&event, Counts::Call).errors, 1);
        if let Some(exception) = &mut event.payload.exception {
            exception.propagated = true;
        }
        assert_eq!(Figures::of(&event, Counts::Call).errors, 0);
        event.payload.exception = None;
        for (outcome, errors) in [
            (Outcome::Cancelled, 1),
            (Outcome::Incomplete, 1),
            (Outcome::Ok, 0),
            (Outcome::Unset, 0),
        ] {
            event.outcome = outcome;
            assert_eq!(Figures::of(&event, Counts::Call).errors, errors, "{outcome:?}");
        }
    }

    #[test]
    fn only_what_counts_has_tokens() {
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.usage = Some(Usage::new(10, 5));
        let call = Figures::of(&event, Counts::Call);
        assert_eq!((call.calls, call.input, call.output, call.total), (1, 10, 5, 15));
        let tokens = Figures::of(&event, Counts::Tokens);
        assert_eq!((tokens.calls, tokens.total), (0, 15));
        assert_eq!(Figures::of(&event, Counts::Repeat), Figures::default());
    }
}
