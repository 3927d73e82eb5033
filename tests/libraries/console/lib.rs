//! Nothing but a test: `tests/tasks.rs`.
