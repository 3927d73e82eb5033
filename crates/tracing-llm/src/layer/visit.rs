//! Takes the values of fields over, as they are.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::Event;
use tracing::field::{Field, Visit};

use super::told::Told;
use crate::recognise::{Known, PRESENCE, Plan, bit, known};
use crate::state::{Fields, Shared, Written};
use crate::vocabulary::Role;

thread_local! {
    /// Buffers that visits of this thread share. They are taken out while in use: a `Debug`
    /// implementation may itself create spans.
    static SCRATCH: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

/// Runs the visit with this thread's buffers.
#[inline]
pub(super) fn with_scratch<T>(visit: impl FnOnce(&mut Fields) -> T) -> T {
    let mut fields = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = visit(&mut fields);
    fields.clear();
    let _ = SCRATCH.try_with(|cell| cell.set(Some(fields)));
    result
}

/// Takes over the fields of a span, and tells what they say of it.
pub(super) fn visit(
    plan: &Plan,
    fields: &mut Fields,
    shared: &Shared,
    visit: impl FnOnce(&mut dyn Visit),
) -> Told {
    let mut visitor = Visitor { plan, fields, hearer: Some(shared), told: Told::default() };
    visit(&mut visitor);
    if plan.tags & bit(PRESENCE) != 0 {
        visitor.told.look(visitor.fields);
    }
    visitor.told
}

/// Takes over the fields of an event.
pub(super) fn visit_event(plan: &Plan, fields: &mut Fields, event: &Event<'_>) {
    event.record(&mut Visitor { plan, fields, hearer: None, told: Told::default() });
}

/// Takes over every field, each with the role that the callsite's plan gives it.
///
/// Formatting a value may run foreign code: no lock of ours is held during a visit, and a
/// panic in it ends that value, not the program.
struct Visitor<'a> {
    plan: &'a Plan,
    fields: &'a mut Fields,
    /// Of a span: how its fields are to be understood.
    hearer: Option<&'a Shared>,
    told: Told,
}

impl Visitor<'_> {
    #[inline]
    fn known(&self, field: &Field) -> &'static Known {
        match self.plan.fields.get(field.index()) {
            Some(known) => known,
            None => known(Role::Other, field.name()),
        }
    }

    /// This field has been taken over.
    #[inline]
    fn hear(&mut self, known: &Known) {
        if let Some(shared) = self.hearer {
            self.told.hear(known.role, self.fields, shared);
        }
    }

    fn written(&mut self, field: &Field, written: Written, value: fmt::Arguments<'_>) {
        let known = self.known(field);
        self.fields.push_written(known, written, |text| {
            let result = catch_unwind(AssertUnwindSafe(|| text.write_fmt(value)));
            if !matches!(result, Ok(Ok(()))) {
                text.push_str("<could not be formatted>");
            }
        });
        self.hear(known);
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let known = self.known(field);
        self.fields.push_str(known, value);
        self.hear(known);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        let known = self.known(field);
        self.fields.push_i64(known, value);
        self.hear(known);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let known = self.known(field);
        self.fields.push_u64(known, value);
        self.hear(known);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.record_i64(field, value),
            (_, Ok(value)) => self.record_u64(field, value),
            _ => self.written(field, Written::Plain, format_args!("{value}")),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.written(field, Written::Plain, format_args!("{value}")),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let known = self.known(field);
        self.fields.push_f64(known, value);
        self.hear(known);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        let known = self.known(field);
        self.fields.push_bool(known, value);
        self.hear(known);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.written(field, Written::Plain, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.written(field, Written::Debug, format_args!("{value:?}"));
    }
}
