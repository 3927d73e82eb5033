//! Log lines of another crate.

use tracing::field::Value;
use tracing::{Event, Metadata, dispatcher};

/// Emits a tracing event as a crate named `foreign` would: its module path is not the test's.
///
/// `foreign_event!(DEBUG, "response" = "…")`
macro_rules! foreign_event {
    ($level:ident, $($field:literal = $value:expr),+ $(,)?) => {{
        use tracing::callsite::{DefaultCallsite, Identifier};
        use tracing::field::{FieldSet, Value};
        use tracing::metadata::{Kind, Metadata};

        static METADATA: Metadata<'static> = Metadata::new(
            "event foreign/src/lib.rs:1",
            "foreign",
            tracing::Level::$level,
            Some("foreign/src/lib.rs"),
            Some(1),
            Some("foreign::connection"),
            FieldSet::new(&[$($field),+], Identifier(&CALLSITE)),
            Kind::EVENT,
        );
        static CALLSITE: DefaultCallsite = DefaultCallsite::new(&METADATA);
        $crate::common::emit_foreign(
            &METADATA,
            tracing::callsite::DefaultCallsite::register(&CALLSITE),
            &[$(&$value as &dyn Value),+],
        );
    }};
}

pub(crate) use foreign_event;

pub(crate) fn emit(
    metadata: &'static Metadata<'static>,
    interest: tracing::subscriber::Interest,
    values: &[&dyn Value],
) {
    let wanted = !interest.is_never()
        && dispatcher::get_default(|dispatch| interest.is_always() || dispatch.enabled(metadata));
    if !wanted {
        return;
    }
    let fields: Vec<_> = metadata.fields().iter().collect();
    let set = metadata.fields();
    match (fields.as_slice(), values) {
        ([a], [x]) => Event::dispatch(metadata, &set.value_set(&[(a, Some(*x))])),
        ([a, b], [x, y]) => {
            Event::dispatch(metadata, &set.value_set(&[(a, Some(*x)), (b, Some(*y))]));
        }
        _ => panic!("a foreign event has one or two fields"),
    }
}
