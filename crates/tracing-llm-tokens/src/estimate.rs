//! Counts what no provider reported.

mod image;
mod media;
mod model;
mod tools;

use std::cell::Cell;

use tracing_llm::{Content, Event, Message, Outcome, Payload, Text, ToolCall, Usage};

use serde_json::Value;

use crate::call::Kind;
use crate::guard::guarded;
use crate::record::model;
use crate::tokenizer::Tokenizer;

use self::media::{Way, audio_tokens, image_tokens};

/// Tokens around each message of a chat.
///
/// This and the next two are the numbers of OpenAI's cookbook for GPT-3.5 and
/// GPT-4 ("How to count tokens with tiktoken"): an estimate, for other models too.
const PER_MESSAGE: u64 = 3;
/// Tokens more where a message has a name.
const PER_NAME: u64 = 1;
/// Tokens that begin the answer.
const PRIMING: u64 = 3;

type Count<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The usage of a call: what was reported, with what is missing counted.
pub(crate) struct Completed {
    pub(crate) usage: Usage,
    /// Some of it was counted by the tokenizer: not by rules for pictures alone, nor by others.
    pub(crate) is_counted: bool,
    /// Where something cannot be counted it stays absent, and the error comes with the rest.
    pub(crate) result: Count<()>,
}

/// Counts what is missing.
pub(crate) fn complete(event: &Event, kind: Kind, tokenizer: &dyn Tokenizer) -> Completed {
    let counter = Counter { tokenizer, model: model(event), has_counted: Cell::new(false) };
    let reported = event.payload.usage.unwrap_or_default();
    let mut usage = reported;
    let result = match kind {
        Kind::Llm => counter.complete_llm(event, &mut usage),
        Kind::Embedding => counter.complete_embedding(&event.payload, &mut usage),
    };
    let is_counted = counter.has_counted.get() && usage != reported;
    Completed { usage, is_counted, result }
}

struct Counter<'a> {
    tokenizer: &'a dyn Tokenizer,
    model: Option<&'a Text>,
    /// Whether the tokenizer has counted a text.
    has_counted: Cell<bool>,
}

impl Counter<'_> {
    fn complete_llm(&self, event: &Event, usage: &mut Usage) -> Count<()> {
        if is_abandoned(event) && !usage.estimated {
            self.complete_abandoned(&event.payload, usage)?;
        }
        subtract_from_total(usage);
        if usage.input.is_some() && usage.output.is_some() {
            return Ok(());
        }
        // What is known is not counted again: a prompt may be long.
        let output = match usage.output {
            None => self.output(&event.payload)?,
            known => known,
        };
        if event.outcome == Outcome::Error && usage.is_empty() && output.is_none() {
            // Refused or never sent: nobody is billed for a call without any answer.
            return Ok(());
        }
        let input = match usage.input {
            None => self.input(&event.payload)?,
            known => known,
        };
        fill(usage, input, output);
        Ok(())
    }

    /// A stream that was left before its end: of the output, the provider's
    /// last word is older than the last text, so the larger one is nearer.
    fn complete_abandoned(&self, payload: &Payload, usage: &mut Usage) -> Count<()> {
        let received = self.output(payload)?;
        if received > usage.output {
            usage.output = received;
            usage.reported_total = None;
        } else {
            self.has_counted.set(false); // for nothing
        }
        usage.estimated = usage.output.is_some();
        Ok(())
    }

    fn complete_embedding(&self, payload: &Payload, usage: &mut Usage) -> Count<()> {
        if usage.input.is_none() {
            usage.input = usage.reported_total;
        }
        if usage.input.is_none() {
            usage.input = self.embedded(payload)?;
            usage.estimated |= usage.input.is_some();
        }
        Ok(())
    }

    /// Tokens of what was sent, if it is known: messages, else the prompt, else a plain input.
    fn input(&self, payload: &Payload) -> Count<Option<u64>> {
        if payload.messages.is_empty() {
            return self.text(payload.prompt.as_deref().or_else(|| plain(payload.input.as_ref())));
        }
        let messages = payload.messages.iter().map(|message| {
            let name = match &message.name {
                Some(name) => self.count(name)?.saturating_add(PER_NAME),
                None => 0,
            };
            let contents = self.message(message, Way::In);
            add([Ok(PER_MESSAGE), self.count(&message.role), Ok(name), contents])
        });
        add(messages.chain([Ok(PRIMING), self.tools(&payload.tools)])).map(Some)
    }

    /// Tokens of what came back, if it is known: replies, else the completion, the response, or a
    /// plain output.
    fn output(&self, payload: &Payload) -> Count<Option<u64>> {
        let replies = payload.replies.iter();
        let tokens =
            add(replies.flat_map(|reply| [self.message(reply, Way::Out), self.thoughts(reply)]))?;
        if tokens > 0 {
            return Ok(Some(tokens));
        }
        let text = payload.completion.as_deref().or(payload.response.as_deref());
        self.text(text.or_else(|| plain(payload.output.as_ref())))
    }

    /// Tokens of what was embedded, if it is known.
    fn embedded(&self, payload: &Payload) -> Count<Option<u64>> {
        let of_embeddings = || payload.embeddings.iter().filter_map(|part| part.text.as_ref());
        if !payload.chunks.is_empty() {
            return self.sum(payload.chunks.iter()).map(Some);
        }
        if of_embeddings().next().is_some() {
            return self.sum(of_embeddings()).map(Some);
        }
        self.text(plain(payload.input.as_ref()).or(payload.query.as_deref()))
    }

    /// Tokens of what is in a message: texts, calls, pictures, recordings. Films are not counted.
    fn message(&self, message: &Message, way: Way) -> Count<u64> {
        let contents = message.contents.iter().map(|content| match content {
            Content::Text(text) => self.count(text),
            Content::Document(document) => self.count(&document.content),
            Content::Image { url, detail, .. } => {
                Ok(image_tokens(self.model, url, detail.as_deref()))
            }
            Content::Audio { url, mime_type, transcript } => {
                let heard = url
                    .as_deref()
                    .and_then(|url| audio_tokens(self.model, url, mime_type.as_deref(), way));
                // A transcript is written beside what is said; of what is sent it is a note only.
                let written = transcript.as_ref().filter(|_| way == Way::Out || heard.is_none());
                add([Ok(heard.unwrap_or_default()), self.sum(written)])
            }
            Content::ToolUse(call) => self.call(call),
            _ => Ok(0),
        });
        add(contents.chain(message.tool_calls.iter().map(|call| self.call(call))))
    }

    /// Tokens of the thoughts in a reply. In a message that is sent they do not count:
    /// providers drop them.
    fn thoughts(&self, reply: &Message) -> Count<u64> {
        let texts = reply.contents.iter().filter_map(|content| match content {
            Content::Reasoning { text, .. } => text.as_ref(),
            _ => None,
        });
        self.sum(texts)
    }

    fn call(&self, call: &ToolCall) -> Count<u64> {
        self.sum([&call.name, &call.arguments])
    }

    fn sum<'t>(&self, texts: impl IntoIterator<Item = &'t Text>) -> Count<u64> {
        add(texts.into_iter().map(|text| self.count(text)))
    }

    fn text(&self, text: Option<&str>) -> Count<Option<u64>> {
        text.map(|text| self.count(text)).transpose()
    }

    fn count(&self, text: &str) -> Count<u64> {
        if text.is_empty() {
            return Ok(0);
        }
        let tokens = {
            let count = || self.tokenizer.count(self.model.map(Text::as_str), text);
            guarded("the tokenizer", count)??
        };
        self.has_counted.set(true);
        Ok(u64::try_from(tokens).unwrap_or(u64::MAX))
    }
}

/// The sum, or the first error. A tokenizer is the user's: its numbers may be anything.
fn add(counts: impl IntoIterator<Item = Count<u64>>) -> Count<u64> {
    counts.into_iter().try_fold(0_u64, |sum, count| Ok(sum.saturating_add(count?)))
}

/// Whether the answer was a stream that was left before its end.
fn is_abandoned(event: &Event) -> bool {
    let payload = &event.payload;
    let unfinished =
        payload.stream.as_ref().is_some_and(|stream| !stream.finished && stream.chunks > 0);
    let stopped = payload.finish_reason.is_some()
        || payload.replies.iter().any(|reply| reply.finish_reason.is_some());
    unfinished && !stopped && event.outcome != Outcome::Ok
}

/// With a total and one part reported, the other part is no guess.
fn subtract_from_total(usage: &mut Usage) {
    let Some(total) = usage.reported_total else { return };
    match (usage.input, usage.output) {
        (Some(input), None) => usage.output = total.checked_sub(input),
        (None, Some(output)) => usage.input = total.checked_sub(output),
        _ => {}
    }
}

/// Puts counts where there is none; a reported total stays the sum of both.
fn fill(usage: &mut Usage, input: Option<u64>, output: Option<u64>) {
    if input.is_none() && output.is_none() {
        return;
    }
    if usage.input.is_none() && usage.output.is_none() {
        if let Some(total) = usage.reported_total {
            // What was sent is known to the last text; an answer may have had thoughts besides.
            let sent = input.unwrap_or_else(|| total.saturating_sub(output.unwrap_or_default()));
            usage.input = Some(sent.min(total));
            usage.output = Some(total.saturating_sub(sent));
            usage.estimated = true;
            return;
        }
    }
    for (known, counted) in [(&mut usage.input, input), (&mut usage.output, output)] {
        if known.is_none() && counted.is_some() {
            *known = counted;
            usage.estimated = true;
        }
    }
}

/// A text that is given as such; other JSON has more around its texts than a model sees.
fn plain(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
