//! The APIs that are read.

/// An API of a model provider, by its endpoint.
///
/// Read as OpenAI's API reference and Anthropic's Messages (version 2023-06-01) stood in
/// November 2026. What is added to them later is kept where it has a place and ignored where not.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `POST …/chat/completions`: OpenAI, and whoever speaks the same.
    Chat,
    /// `POST …/completions`: one prompt, one text.
    Completion,
    /// `POST …/embeddings`.
    Embedding,
    /// `POST …/responses`: OpenAI's Responses.
    Responses,
    /// `POST …/messages`: Anthropic's Messages.
    Messages,
}

impl Api {
    /// The API at the end of a path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let (before, last) = path.rsplit_once('/')?;
        Some(match last {
            "completions" if before.ends_with("/chat") => Self::Chat,
            "completions" => Self::Completion,
            "embeddings" => Self::Embedding,
            "responses" => Self::Responses,
            "messages" => Self::Messages,
            _ => return None,
        })
    }

    /// What the request must have beside a model, where the host says nothing of who is asked.
    pub(crate) fn asks_with(self) -> &'static [&'static str] {
        match self {
            Self::Chat | Self::Messages => &["messages"],
            Self::Completion => &["prompt"],
            Self::Embedding => &["input"],
            Self::Responses => &["input", "prompt"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_known_by_the_end_of_its_path() {
        for (path, api) in [
            ("/v1/chat/completions", Some(Api::Chat)),
            ("/openai/deployments/d/chat/completions", Some(Api::Chat)),
            ("/api/v1/chat/completions/", Some(Api::Chat)),
            ("/v1/completions", Some(Api::Completion)),
            ("/v1/embeddings", Some(Api::Embedding)),
            ("/v1/responses", Some(Api::Responses)),
            ("/v1/messages", Some(Api::Messages)),
            ("/v1/messages/count_tokens", None),
            ("/v1/messages/batches", None),
            ("/v1/responses/resp_1/cancel", None),
            ("/v1/models", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(Api::at(path), api, "{path}");
        }
    }
}
