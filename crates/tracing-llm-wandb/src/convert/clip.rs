//! How much of a text is written.

use serde_json::Value;

/// Cuts texts that are longer than this, in bytes, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clip(pub(crate) usize);

impl Clip {
    /// Whether no content is to be written.
    pub(crate) fn is_nothing(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn text(self, text: &str) -> String {
        if text.len() <= self.0 {
            return text.to_owned();
        }
        let mut end = self.0;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}… [{} bytes more]", &text[..end], text.len() - end)
    }

    pub(crate) fn json(self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.json(value))).collect()
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_says_what_is_missing() {
        assert_eq!(Clip(4).text("abcd"), "abcd");
        assert_eq!(Clip(4).text("abcde"), "abcd… [1 bytes more]");
        assert_eq!(Clip(4).text("aüüü"), "aü… [4 bytes more]");
        assert_eq!(
            Clip(4).json(&serde_json::json!({ "a": ["12345", 7] }))["a"][0],
            "1234… [1 bytes more]"
        );
    }
}
