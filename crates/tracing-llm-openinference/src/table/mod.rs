//! The table form: a row for each query, a row for each node.

mod build;
mod handler;
mod iso8601;
mod row;

pub use self::handler::{OpenInferenceTable, TableCounts};
pub use self::row::{NodeRow, QueryRow};

#[cfg(test)]
mod tests;
