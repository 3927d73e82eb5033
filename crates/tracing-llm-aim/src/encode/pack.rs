//! A tree as bytes: for each leaf its path and its value, each with its length before it.

use super::{Key, Node};

/// Ends a key of a path; before a number it begins one, too.
const SENTINEL: u8 = 0xfe;

const NULL: u8 = 0x00;
const BOOL: u8 = 0x01;
const INT: u8 = 0x02;
const FLOAT: u8 = 0x03;
const STR: u8 = 0x04;
const ARRAY: u8 = 0x06;
const OBJECT: u8 = 0x07;
const CUSTOM_OBJECT: u8 = 0x0f;

/// The name by which Aim knows `aim.Text`.
pub(super) const TEXT: &str = "aim.text";

/// The tree in Aim's encoding, as it goes over the wire.
pub(crate) fn pack(node: &Node) -> Vec<u8> {
    let mut packer = Packer { path: Vec::new(), out: Vec::new() };
    packer.node(node);
    packer.out
}

struct Packer {
    path: Vec<u8>,
    out: Vec<u8>,
}

impl Packer {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Null => self.leaf(NULL, &[], false),
            Node::Bool(flag) => self.leaf(BOOL, &[u8::from(*flag)], false),
            Node::Int(number) => self.leaf(INT, &number.to_le_bytes(), false),
            Node::Float(number) => self.leaf(FLOAT, &number.to_le_bytes(), false),
            Node::Str(text) => self.leaf(STR, text.as_bytes(), false),
            Node::Array(items) => {
                self.leaf(ARRAY, &[], false);
                for (index, item) in (0i64..).zip(items) {
                    self.below(&Key::Int(index), |packer| packer.node(item));
                }
            }
            Node::Object(fields) if fields.is_empty() => self.leaf(OBJECT, &[], false),
            // One that is not empty has no mark: its fields tell.
            Node::Object(fields) => {
                for (key, value) in fields {
                    self.below(key, |packer| packer.node(value));
                }
            }
            Node::Text(text) => {
                self.leaf(CUSTOM_OBJECT, TEXT.as_bytes(), false);
                // As a blob: Aim loads the data of its objects when they are looked at.
                let data = Key::from("data");
                self.below(&data, |packer| packer.leaf(STR, text.as_bytes(), true));
            }
        }
    }

    fn below(&mut self, key: &Key, pack: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        match key {
            Key::Str(name) => self.path.extend_from_slice(name.as_bytes()),
            Key::Int(number) => {
                self.path.push(SENTINEL);
                self.path.extend_from_slice(&number.to_be_bytes());
            }
        }
        self.path.push(SENTINEL);
        pack(self);
        self.path.truncate(length);
    }

    fn leaf(&mut self, kind: u8, content: &[u8], is_blob: bool) {
        self.out.extend_from_slice(&length(self.path.len()));
        self.out.extend_from_slice(&self.path);
        self.out.push(u8::from(is_blob));
        self.out.extend_from_slice(&length(content.len() + 1));
        self.out.push(kind);
        self.out.extend_from_slice(content);
    }
}

/// Texts are bounded far below 4 GiB before they come here.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hex(node: &Node) -> String {
        pack(node).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Bytes that Aim 3.29.1 itself makes: `pack_args(encode_tree(…))`.
    #[test]
    fn trees_are_packed_as_aim_packs_them() {
        let tree = Node::from(&json!({"a": 1, "b": [true, null, "x"], "c": {}, "d": 0.5}));
        assert_eq!(
            hex(&tree),
            include_str!("tests/tree.hex").split_whitespace().collect::<String>()
        );
        let instruction = Node::Array(vec![
            Node::literal("handler"),
            Node::Array(vec![Key::from("val").into(), Node::Int(-3)]),
            Node::Text("✓ text".into()),
        ]);
        assert_eq!(
            hex(&instruction),
            include_str!("tests/instruction.hex").split_whitespace().collect::<String>()
        );
    }
}
