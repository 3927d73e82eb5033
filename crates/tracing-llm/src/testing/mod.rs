//! Aids for tests: an in-memory handler, a clock that stands still, ids that count.
//!
//! [`capture`] runs a piece of a pipeline and gives back its events. Each call has a subscriber of
//! its own: tests may run in parallel.
//!
//! ```
//! use tracing_llm::testing;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (answer, events) = testing::capture(async {
//!     let span = tracing_llm::query_span!("answer", query_str = "why?");
//!     span.in_scope(|| 42)
//! })
//! .await;
//! assert_eq!(answer, 42);
//! assert_eq!(events.tree(), "query\n└─ QUERY answer\n");
//! # }
//! ```

mod capture;
mod clock;
mod ids;
mod tree;

pub use self::capture::{Capture, Captured, capture};
pub use self::clock::ManualClock;
pub use self::ids::SequentialIds;
