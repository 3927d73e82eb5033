//! What answers: a chat model, or without one the best passages themselves.

mod offline;
mod openai;

use anyhow::Result;
use futures_util::stream::BoxStream;

pub use self::offline::Offline;
pub use self::openai::OpenAi;
use crate::prompt::Prompt;

pub enum Model {
    OpenAi(OpenAi),
    Offline(Offline),
}

impl Model {
    /// The endpoint that the environment names, if it names one.
    pub fn from_env() -> Result<Self> {
        Ok(match OpenAi::from_env()? {
            Some(openai) => Self::OpenAi(openai),
            None => Self::Offline(Offline),
        })
    }

    /// Asks for an answer, which comes piece by piece.
    pub fn chat(&self, prompt: &Prompt) -> BoxStream<'static, Result<String>> {
        match self {
            Self::OpenAi(openai) => openai.chat(prompt),
            Self::Offline(offline) => offline.chat(prompt),
        }
    }

    /// For a person to read.
    pub fn describe(&self) -> String {
        match self {
            Self::OpenAi(openai) => openai.describe(),
            Self::Offline(offline) => offline.describe(),
        }
    }
}
