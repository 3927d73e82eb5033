//! JSON text as Python's `json.dumps` writes it, which is what the original's files hold: a space
//! after each comma and colon, and everything beyond printable ASCII escaped.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The text of a value, without a line break in it.
pub(crate) fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::with_capacity(256);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Python))?;
    // What is written is ASCII.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    /// What JSON itself asks to be escaped does not come this way.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|letter: char| !matches!(letter, ' '..='~')) {
            let (plain, foreign) = rest.split_at(at);
            to.write_all(plain.as_bytes())?;
            let mut letters = foreign.chars();
            if let Some(letter) = letters.next() {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(to, "\\u{unit:04x}")?;
                }
            }
            rest = letters.as_str();
        }
        to.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::line;

    #[test]
    fn the_text_is_the_one_that_python_writes() {
        // json.dumps({"a": [1, 2.5, None, True], "b": {"c": "café \U0001f550\x7f\n\t\"\\/\x01"}})
        let value = json!({
            "a": [1, 2.5, null, true],
            "b": { "c": "café \u{1f550}\u{7f}\n\t\"\\/\u{1}" },
            "d": {}, "e": []
        });
        assert_eq!(
            line(&value).unwrap(),
            r#"{"a": [1, 2.5, null, true], "b": {"c": "caf\u00e9 \ud83d\udd50\u007f\n\t\"\\/\u0001"}, "d": {}, "e": []}"#
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_stays_on_its_line(text in any::<String>()) {
            let line = line(&text).unwrap();
            prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), Value::String(text));
        }
    }
}
