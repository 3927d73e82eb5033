//! Calls of models.

use serde::Serialize;

use crate::event::{Message, Text, Tool};
use crate::span::{EventHandle, IntoList, IntoText};
use crate::usage::is_unread;
use crate::{Cost, Payload, Usage};

/// What a call of a model takes and gives.
impl EventHandle {
    lists! {
        /// The messages that are sent.
        messages: Message;
        /// The messages that came back, one for each choice.
        replies: Message;
        /// The tools that are offered.
        tools: Tool;
    }

    texts! {
        /// The formatted prompt that is sent to a completion API.
        prompt => prompt;
        /// The text that a completion API gave back.
        completion => completion;
        /// The answer as text.
        reply => response;
    }

    names! {
        /// The model that is asked for.
        model;
        /// The model that answered, where the provider says so.
        response_model;
        /// Who hosts the model: `openai`, `azure`, `aws` …
        provider;
        /// Whose API is spoken: `openai`, `anthropic` …
        system;
        /// Why the model stopped: `stop`, `length`, `tool_calls` …
        finish_reason;
        /// The provider's id of the response.
        response_id;
        /// The agent's name.
        agent;
    }

    /// Tokens used. Reports that come in pieces over a stream add up to one: each number that a
    /// later one knows replaces the earlier.
    ///
    /// A count above 2⁵³ is left out, as by [`Usage::from_json`], and counted as unreadable.
    pub fn usage(&self, usage: impl Into<Usage>) -> &Self {
        let mut usage = usage.into();
        self.try_attach(move |payload| {
            let left_out = usage.leave_out_absurd();
            if left_out == 0 || !usage.is_empty() {
                merge_usage(payload, &usage);
            }
            all_believed(left_out)
        })
    }

    /// Tokens used, from whatever the provider's client gives: it is serialized and read by
    /// [`Usage::from_json`] on the worker.
    ///
    /// A report in a shape that nobody knows is kept under `usage` in
    /// [`Payload::attributes`](crate::Payload::attributes) and counted as
    /// [unreadable](crate::Stats::unreadable). A response or a chunk without a
    /// report, or with a null in its place, is nothing.
    pub fn usage_from<T: Serialize + Clone + Send + Sync + 'static>(&self, reported: T) -> &Self {
        self.try_attach(move |payload| {
            let json = serde_json::to_value(&reported)?;
            match Usage::from_json(&json) {
                Some(usage) => merge_usage(payload, &usage),
                None if is_unread(&json) => {
                    payload.attributes.insert(Text::literal("usage"), json);
                    return Err(serde::ser::Error::custom("a usage of an unknown shape"));
                }
                None => {}
            }
            Ok(())
        })
    }

    /// What it cost.
    ///
    /// An amount that is negative, infinite or no number is left out and counted as unreadable.
    pub fn cost(&self, mut cost: Cost) -> &Self {
        self.try_attach(move |payload| {
            let left_out = cost.leave_out_absurd();
            if left_out == 0 || cost != Cost::default() {
                payload.cost = Some(cost);
            }
            all_believed(left_out)
        })
    }

    /// The request's parameters, such as the temperature: serialized to a JSON object on the worker.
    pub fn parameters<T: Serialize + Clone + Send + Sync + 'static>(&self, parameters: T) -> &Self {
        self.json(parameters, |payload, json| payload.parameters = Some(json))
    }
}

/// An error, which is counted, if numbers were left out.
fn all_believed(left_out: u64) -> serde_json::Result<()> {
    match left_out {
        0 => Ok(()),
        _ => Err(serde::ser::Error::custom("no number of tokens or dollars")),
    }
}

fn merge_usage(payload: &mut Payload, usage: &Usage) {
    payload.usage.get_or_insert_default().merge(usage);
}
