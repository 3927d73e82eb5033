//! What a library really emits: every span and event as it comes.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A layer that writes down all that it sees. Clones share the text.
#[derive(Clone, Debug, Default)]
pub struct Raw(Arc<Mutex<String>>);

impl Raw {
    /// All lines so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn line(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
    }
}

struct Values(String);

impl Values {
    fn put(&mut self, field: &Field, kind: &str, value: &dyn Debug) {
        let _ = write!(self.0, "\n        {} ({kind}) = {value:?}", field.name());
    }
}

impl Visit for Values {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, "str", &value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, "i64", &value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, "u64", &value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, "f64", &value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, "bool", &value);
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, "error", &value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, "debug", value);
    }
}

fn head(metadata: &Metadata<'_>) -> String {
    let line = metadata.line().unwrap_or(0);
    let file = metadata.file().unwrap_or("?");
    let file = file.rsplit_once("/src/").map_or(file, |(before, after)| {
        let _ = before;
        after
    });
    format!(
        "{} target={} level={} at {file}:{line}",
        metadata.name(),
        metadata.target(),
        metadata.level()
    )
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Raw {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut values = Values(String::new());
        attributes.record(&mut values);
        let parent = context.span(id).and_then(|span| {
            span.parent().map(|parent| format!("{}#{}", parent.name(), parent.id().into_u64()))
        });
        let fields: Vec<&str> =
            attributes.metadata().fields().iter().map(|field| field.name()).collect();
        self.line(&format!(
            "NEW #{} {}\n    parent: {parent:?}{}\n    declared: {}{}",
            id.into_u64(),
            head(attributes.metadata()),
            if attributes.is_root() {
                " (explicit root)"
            } else if attributes.is_contextual() {
                ""
            } else {
                " (explicit)"
            },
            fields.join(", "),
            values.0
        ));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let mut values = Values(String::new());
        record.record(&mut values);
        let name = context.span(id).map_or("?", |span| span.name());
        self.line(&format!("RECORD #{} {name}{}", id.into_u64(), values.0));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _context: Context<'_, S>) {
        self.line(&format!("FOLLOWS #{} follows #{}", id.into_u64(), follows.into_u64()));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut values = Values(String::new());
        event.record(&mut values);
        let within = context
            .event_span(event)
            .map(|span| format!("{}#{}", span.name(), span.id().into_u64()));
        self.line(&format!("EVENT {} in {within:?}{}", head(event.metadata()), values.0));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let name = context.span(id).map_or("?", |span| span.name());
        self.line(&format!("ENTER #{} {name}", id.into_u64()));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let name = context.span(id).map_or("?", |span| span.name());
        self.line(&format!("EXIT #{} {name}", id.into_u64()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let name = context.span(&id).map_or("?", |span| span.name());
        self.line(&format!("CLOSE #{} {name}", id.into_u64()));
    }
}
