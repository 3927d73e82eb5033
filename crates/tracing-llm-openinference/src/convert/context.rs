//! What an event inherits: session, user, tags, metadata, template, registered keys.

use tracing_llm::{Context, Template};

use super::attributes::{Attributes, Json};
use crate::names::{self, own};

/// The short parts by which backends group and filter.
pub(super) fn ids(context: &Context, to: &mut Attributes) {
    to.put(names::SESSION_ID, context.session_id.as_ref());
    to.put(names::USER_ID, context.user_id.as_ref());
    to.put(names::TAG_TAGS, context.tags.as_slice());
}

/// The metadata, and the keys that the user registered.
pub(super) fn metadata(context: &Context, to: &mut Attributes) {
    to.put(names::METADATA, context.metadata.as_ref().map(Json));
    for (key, value) in &context.keys {
        to.put_json(key, value);
    }
}

/// A prompt template: that of the event, else the one in force around it.
pub(super) fn template(template: Option<&Template>, to: &mut Attributes) {
    let Some(template) = template else { return };
    to.put(names::LLM_PROMPT_TEMPLATE_TEMPLATE, template.template.as_ref());
    to.put(names::LLM_PROMPT_TEMPLATE_VERSION, template.version.as_ref());
    to.put(names::LLM_PROMPT_TEMPLATE_VARIABLES, template.variables.as_ref().map(Json));
    to.put(names::PROMPT_ID, template.id.as_ref());
    to.put(names::PROMPT_VENDOR, template.vendor.as_ref());
    to.put(names::PROMPT_URL, template.url.as_ref());
    to.put(own::SYSTEM_PROMPT, template.system_prompt.as_ref());
    to.put(own::QUERY_WRAPPER, template.query_wrapper_prompt.as_ref());
}
