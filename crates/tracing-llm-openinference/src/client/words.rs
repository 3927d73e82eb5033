//! What a collector says, fit to be shown. Pure.

use crate::secret::Secret;

/// How much of a collector's words stands in an error.
const MESSAGE_CHARACTERS: usize = 300;

/// Takes the values of headers out of texts.
#[derive(Default)]
pub(super) struct Words {
    secrets: Vec<Secret>,
}

impl Words {
    pub(super) fn new(headers: &[(String, Secret)]) -> Self {
        let mut secrets = Vec::new();
        for (_, value) in headers {
            secrets.push(value.clone());
            // `Bearer KEY`: the key alone is secret, too.
            if let Some((_, key)) = value.expose().rsplit_once(' ') {
                secrets.push(Secret::from(key.to_owned()));
            }
        }
        secrets.retain(|secret| !secret.expose().is_empty());
        Self { secrets }
    }

    /// The text on one line, without what was sent in headers.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.secrets {
            words = words.replace(secret.expose(), "***");
        }
        words.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARACTERS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collectors_words_hold_no_header_and_no_control_characters() {
        let header = ("authorization".to_owned(), Secret::from("Bearer s3cret".to_owned()));
        let words = Words::new(&[header]);
        let said = format!("bad key s3cret\r\n\u{1b}[31m of Bearer s3cret {}", "x".repeat(1_000));
        let clean = words.clean(&said);
        assert!(clean.starts_with("bad key *** [31m of *** xxx"), "{clean}");
        assert_eq!(clean.chars().count(), MESSAGE_CHARACTERS);
    }
}
