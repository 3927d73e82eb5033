//! What a packed tree holds: for the answers of a server.

use super::Key;

/// A leaf that can be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<Key>,
    pub(crate) value: Found,
}

/// What a leaf holds, as far as it concerns us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    Int(i64),
    Float(f64),
    Str(String),
    /// Anything else: its type byte.
    Other(u8),
}

impl Leaf {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Found::Str(text) => Some(text),
            _ => None,
        }
    }
}

/// The leaves in their order; those from the first that is broken are missing.
pub(crate) fn unpack(mut bytes: &[u8]) -> Vec<Leaf> {
    std::iter::from_fn(|| {
        let path = sized(&mut bytes)?;
        take(&mut bytes, 1)?;
        let value = sized(&mut bytes)?;
        Some(Leaf { path: keys(path)?, value: found(value)? })
    })
    .collect()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?);
    take(bytes, length.try_into().ok()?)
}

fn keys(mut path: &[u8]) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    while let Some(first) = path.first() {
        if *first == 0xfe {
            take(&mut path, 1)?;
            keys.push(Key::Int(i64::from_be_bytes(take(&mut path, 8)?.try_into().ok()?)));
        } else {
            let end = path.iter().position(|byte| *byte == 0xfe)?;
            let name = std::str::from_utf8(take(&mut path, end)?).ok()?;
            keys.push(Key::Str(name.into()));
        }
        take(&mut path, 1)?;
    }
    Some(keys)
}

fn found(value: &[u8]) -> Option<Found> {
    let (kind, content) = value.split_first()?;
    Some(match kind {
        2 => Found::Int(i64::from_le_bytes(content.try_into().ok()?)),
        3 => Found::Float(f64::from_le_bytes(content.try_into().ok()?)),
        4 => Found::Str(String::from_utf8_lossy(content).into_owned()),
        other => Found::Other(*other),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Node, pack};
    use super::*;

    #[test]
    fn what_was_packed_is_found_again_and_what_is_cut_off_is_not() {
        let bytes = pack(&Node::from(&json!({"message": "no such run", "args": [7, 0.5]})));
        let leaves = unpack(&bytes);
        assert_eq!(leaves.len(), 4);
        assert_eq!(leaves[3].path, [Key::Str("message".into())]);
        assert_eq!(leaves[3].text(), Some("no such run"));
        assert_eq!(leaves[1].path, [Key::from("args"), Key::Int(0)]);
        assert_eq!((&leaves[1].value, &leaves[2].value), (&Found::Int(7), &Found::Float(0.5)));
        for end in 0..bytes.len() {
            assert!(unpack(&bytes[..end]).len() < 4, "{end}");
        }
    }

    #[test]
    fn a_length_that_promises_too_much_ends_the_reading() {
        assert_eq!(unpack(&[255; 64]), []);
        assert_eq!(unpack(b"OK"), []);
    }
}
