//! The extremes of a series of numbers, which Aim keeps beside it.

use crate::encode::Node;

/// What Aim knows of a series of numbers as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// Whether the server was told of it since it was last in doubt.
    pub(super) announced: bool,
    pub(super) first: (u64, f64),
    pub(super) last: (u64, f64),
    pub(super) max: f64,
    pub(super) min: f64,
}

impl Series {
    pub(super) fn new(step: u64, number: f64) -> Self {
        let first = (step, number);
        Self { announced: false, first, last: first, max: number, min: number }
    }

    /// Takes a number in; what changes, by Aim's names. One that is taken in again changes nothing.
    pub(super) fn take(&mut self, step: u64, number: f64) -> Vec<(&'static str, Node)> {
        let mut changes = Vec::new();
        if step > self.last.0 {
            self.last = (step, number);
            changes.extend([("last", Node::Float(number)), ("last_step", of_step(step))]);
        }
        if number > self.max {
            self.max = number;
            changes.push(("max", Node::Float(number)));
        }
        if number < self.min {
            self.min = number;
            changes.push(("min", Node::Float(number)));
        }
        changes
    }
}

/// A step as Aim has it.
pub(super) fn of_step(step: u64) -> Node {
    Node::Int(i64::try_from(step).unwrap_or(i64::MAX))
}
