//! Points in time inside a span: exception, log lines, first token.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::Event as Moment;
use opentelemetry_sdk::trace::SpanEvents;
use tracing_llm::{Event, Exception, Log, Outcome};

use super::attributes::Attributes;
use crate::names::{self, own};

/// All span events of an event, in the order of time.
pub(super) fn of(event: &Event) -> SpanEvents {
    let mut moments: Vec<Moment> = event.logs.iter().map(log).collect();
    moments.extend(first_token(event));
    moments.extend(event.payload.exception.as_ref().and_then(|error| exception(event, error)));
    moments.sort_by_key(|moment| moment.timestamp);
    let mut events = SpanEvents::default();
    events.events = moments;
    events
}

fn first_token(event: &Event) -> Option<Moment> {
    let after = event.payload.stream.as_ref()?.first_token?;
    Some(moment(names::FIRST_TOKEN_EVENT, (event.start + after).into(), Vec::new()))
}

/// The exception, unless it came up from an event below, which shows it.
fn exception(event: &Event, exception: &Exception) -> Option<Moment> {
    if exception.propagated {
        return None;
    }
    let mut attributes = Attributes::default();
    attributes.put(names::EXCEPTION_TYPE, exception.kind.as_ref());
    attributes.put(names::EXCEPTION_MESSAGE, &exception.message);
    attributes.put(names::EXCEPTION_STACKTRACE, exception.stacktrace.as_ref());
    attributes.put(names::EXCEPTION_ESCAPED, event.outcome == Outcome::Error);
    Some(moment(names::EXCEPTION_EVENT, event.end().into(), attributes.finish()))
}

fn log(log: &Log) -> Moment {
    let mut attributes = Attributes::default();
    attributes.put(own::LOG_LEVEL, "ERROR");
    attributes.put(own::LOG_MESSAGE, &log.message);
    moment(own::LOG_EVENT, log.time.into(), attributes.finish())
}

fn moment(name: &'static str, time: SystemTime, attributes: Vec<KeyValue>) -> Moment {
    Moment::new(name, time, attributes, 0)
}
