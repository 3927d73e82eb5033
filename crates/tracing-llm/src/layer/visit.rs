//! Takes the values of fields over, as they are.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::field::{Field, Visit};

use crate::recognise::Plan;
use crate::state::{Fields, Written};
use crate::vocabulary::Role;

thread_local! {
    /// Buffers that visits of this thread share. They are taken out while in use: a `Debug`
    /// implementation may itself create spans.
    static SCRATCH: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

/// Runs the visit with this thread's buffers.
pub(super) fn with_scratch<T>(visit: impl FnOnce(&mut Fields) -> T) -> T {
    let mut fields = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = visit(&mut fields);
    fields.clear();
    let _ = SCRATCH.try_with(|cell| cell.set(Some(fields)));
    result
}

/// Takes over every field, each with the role that the callsite's plan gives it.
///
/// Formatting a value may run foreign code: no lock of ours is held during a visit, and a
/// panic in it ends that value, not the program.
pub(super) struct Visitor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) fields: &'a mut Fields,
}

impl Visitor<'_> {
    fn role(&self, field: &Field) -> Role {
        self.plan.roles.get(field.index()).copied().unwrap_or(Role::Other)
    }

    fn written(&mut self, field: &Field, written: Written, value: fmt::Arguments<'_>) {
        let role = self.role(field);
        self.fields.push_written(role, field.name(), written, |text| {
            let result = catch_unwind(AssertUnwindSafe(|| text.write_fmt(value)));
            if !matches!(result, Ok(Ok(()))) {
                text.push_str("<could not be formatted>");
            }
        });
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push_str(self.role(field), field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push_i64(self.role(field), field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push_u64(self.role(field), field.name(), value);
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
        self.fields.push_f64(self.role(field), field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push_bool(self.role(field), field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.written(field, Written::Plain, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.written(field, Written::Debug, format_args!("{value:?}"));
    }
}
