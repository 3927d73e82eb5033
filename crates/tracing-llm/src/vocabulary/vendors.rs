//! Names that vendors of backends have made: each once, as in `table`.

use super::Vocabulary;
use super::key::{ContextKey, Key, Role, Side, Tag, TemplatePart};
use super::table::{ATTRIBUTE, Origin, Rows, part};

/// What swiftide and its own Langfuse layer agree on. Values come mostly by events inside the span.
const SWIFTIDE: Origin =
    Origin { name: "swiftide-langfuse", version: "0.33.0", vocabulary: Some(Vocabulary::Langfuse) };
/// What Langfuse reads from OpenTelemetry spans.
const LANGFUSE: Origin =
    Origin { name: "langfuse", version: "2026-08", vocabulary: Some(Vocabulary::Langfuse) };
const OPEN_LLMETRY: Origin =
    Origin { name: "openllmetry", version: "0.4", vocabulary: Some(Vocabulary::OtherKinds) };
const LANGSMITH: Origin =
    Origin { name: "langsmith", version: "2026-08", vocabulary: Some(Vocabulary::OtherKinds) };

pub(super) const VENDORS: &[Rows] = &[
    Rows {
        origin: SWIFTIDE,
        names: &[
            ("langfuse.type", Role::Tag(Tag::LangfuseType)),
            ("langfuse.model", part(Key::ModelName)),
            ("langfuse.input", part(Key::Observed(Side::In))),
            ("langfuse.output", part(Key::Observed(Side::Out))),
            ("langfuse.usage", part(Key::Usage)),
            ("langfuse.model_parameters", part(Key::Parameters)),
            ("langfuse.status_message", ATTRIBUTE),
        ],
    },
    Rows {
        origin: LANGFUSE,
        names: &[
            ("langfuse.observation.type", Role::Tag(Tag::LangfuseType)),
            ("langfuse.observation.model.name", part(Key::ModelName)),
            ("langfuse.observation.model.parameters", part(Key::Parameters)),
            ("langfuse.observation.input", part(Key::Observed(Side::In))),
            ("langfuse.observation.output", part(Key::Observed(Side::Out))),
            ("langfuse.observation.usage_details", part(Key::Usage)),
            (
                "langfuse.observation.prompt.name",
                Role::Context(ContextKey::Template(TemplatePart::Id)),
            ),
            (
                "langfuse.observation.prompt.version",
                Role::Context(ContextKey::Template(TemplatePart::Version)),
            ),
            ("langfuse.user.id", Role::Context(ContextKey::UserId)),
            ("langfuse.session.id", Role::Context(ContextKey::SessionId)),
        ],
    },
    Rows { origin: OPEN_LLMETRY, names: &[("traceloop.span.kind", Role::Tag(Tag::TraceloopKind))] },
    Rows { origin: LANGSMITH, names: &[("langsmith.span.kind", Role::Tag(Tag::LangsmithKind))] },
];
