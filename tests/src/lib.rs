//! Helpers of the tests and benches of what crosses crates.

pub mod golden;
pub mod measure;
pub mod output;
pub mod sources;
