//! One call a library, written as its users write it: against any OpenAI-compatible address.

pub mod async_openai;
pub mod genai;
pub mod langchain;
pub mod rig;
pub mod swiftide;

/// What a call gives: its answer, or why there is none.
pub type Answer<T = String> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
