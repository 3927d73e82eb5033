//! The variables of the environment. Pure: the caller looks them up.

use super::TraceConfig;
use super::config::Hide;

const MAX_LENGTH: &str = "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH";
const STRICT: &str = "TRACING_LLM_MASK_STRICT";

impl TraceConfig {
    /// Takes what is not set in code from variables.
    pub(crate) fn or_environment(mut self, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        for (hide, variables) in Hide::ALL {
            // Of an old and a new name for the same, one that hides is enough.
            let said: Vec<bool> =
                variables.iter().filter_map(|name| self.flag(name, lookup)).collect();
            if let (None, false) = (self.get(*hide), said.is_empty()) {
                self.set(*hide, said.contains(&true));
            }
        }
        self.strict = self.strict.or_else(|| self.flag(STRICT, lookup));
        if let (None, Some(length)) = (self.base64_image_max_length, value(MAX_LENGTH, lookup)) {
            self.base64_image_max_length = length.parse().ok();
            if self.base64_image_max_length.is_none() {
                self.unread.push(MAX_LENGTH);
            }
        }
        self
    }

    fn flag(
        &mut self,
        name: &'static str,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Option<bool> {
        let value = value(name, lookup)?;
        let read = flag(&value);
        if read.is_none() && !self.unread.contains(&name) {
            self.unread.push(name);
        }
        read
    }
}

/// `true` or `false`, in whatever case.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A variable that is set and not empty.
fn value(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let value = lookup(name)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}
