//! Fields that the events below inherit, and prompt templates.

use super::key::TemplatePart;
use super::read::questions::texts;
use super::read::{Parsed, parse};
use super::{ContextKey, Scalar};
use crate::{Context, Template, Text};

/// Takes one inherited field into a context: the same for a carrier and for an event.
///
/// Later wins; metadata and tags are replaced, not merged. An empty text says nothing. What is
/// suppressed stays so: nothing below can ask for its export again.
pub(crate) fn set_context(context: &mut Context, key: ContextKey, value: &Scalar) {
    let text = value.text();
    if text.is_empty() {
        return;
    }
    match key {
        ContextKey::SessionId => context.session_id = Some(text),
        ContextKey::UserId => context.user_id = Some(text),
        ContextKey::Tags => context.tags = tags(text),
        ContextKey::Metadata => context.metadata = Some(value.clone().into_json()),
        ContextKey::Template(part) => {
            set_template(context.template.get_or_insert_default(), part, value.clone());
        }
        ContextKey::Suppress => {
            context.suppressed |=
                !matches!(text.trim(), "0") && !text.eq_ignore_ascii_case("false");
        }
        ContextKey::Traceparent | ContextKey::Tracestate => {}
        ContextKey::Custom(name) => {
            context.keys.insert(Text::literal(name), value.clone().into_value());
        }
    }
}

/// Takes one part of a prompt template.
pub(super) fn set_template(template: &mut Template, part: TemplatePart, value: Scalar) {
    let place = match part {
        TemplatePart::Variables => {
            template.variables = Some(value.into_json());
            return;
        }
        TemplatePart::Template => &mut template.template,
        TemplatePart::Version => &mut template.version,
        TemplatePart::Id => &mut template.id,
        TemplatePart::Vendor => &mut template.vendor,
        TemplatePart::Url => &mut template.url,
        TemplatePart::SystemPrompt => &mut template.system_prompt,
        TemplatePart::QueryWrapperPrompt => &mut template.query_wrapper_prompt,
    };
    *place = Some(value.into_text());
}

/// A JSON list of texts; any other text is one tag.
fn tags(text: Text) -> Vec<Text> {
    match parse(&text) {
        Parsed::Json(json) => texts(json),
        Parsed::Plain | Parsed::Broken => vec![text],
    }
}
