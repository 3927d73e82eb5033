//! What tells values of one name apart.

use crate::encode::{Key, Node, hash};

/// A context of Aim's, and its id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Context {
    id: i64,
    node: Node,
}

impl Context {
    pub(crate) fn new(fields: impl IntoIterator<Item = (&'static str, Node)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (Key::from(name), value));
        let node = Node::Object(fields.collect());
        Self { id: hash(&node), node }
    }

    /// The hash by which Aim knows it.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }
}
