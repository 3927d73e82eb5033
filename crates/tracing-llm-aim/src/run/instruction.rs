//! What a server is told to do.

use crate::encode::{Key, Node};

/// The object on the server that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// What is known of the run.
    Meta,
    /// Its series of values.
    Series,
    /// Its name, experiment and tags.
    Properties,
}

/// A call of a method that gives nothing back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) target: Target,
    pub(crate) method: &'static str,
    pub(crate) arguments: Vec<Node>,
}

impl Instruction {
    /// Puts a value at a path, in place of all that is below.
    pub(super) fn set(target: Target, path: Vec<Key>, value: Node) -> Self {
        Self { target, method: "__setitem__", arguments: vec![of_path(path), value] }
    }

    /// Makes a list at a path, unless there is one.
    pub(super) fn make_array(target: Target, path: Vec<Key>) -> Self {
        Self { target, method: "make_array", arguments: vec![of_path(path)] }
    }

    /// Sets or calls a property of the run.
    pub(super) fn property(method: &'static str, value: &str) -> Self {
        let arguments = vec![Node::Str(value.into())];
        Self { target: Target::Properties, method, arguments }
    }
}

fn of_path(path: Vec<Key>) -> Node {
    Node::Array(path.into_iter().map(Node::from).collect())
}
