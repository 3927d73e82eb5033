//! A run of Aim's: what is written, and where. Pure.

mod book;
mod instruction;
mod layout;
mod series;

use serde_json::Value;

pub(crate) use self::book::Book;
pub(crate) use self::instruction::{Instruction, Target};

/// What is said of a run at its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct About {
    pub(crate) experiment: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) parameters: Vec<(String, Value)>,
}

#[cfg(test)]
mod tests;
