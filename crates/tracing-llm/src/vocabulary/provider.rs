//! The OpenTelemetry names of providers, read and said.

use std::borrow::Cow;

use crate::{Payload, Text};

/// Takes a provider by its OpenTelemetry name: `azure.ai.openai` tells that Azure hosts the
/// model and that OpenAI's API is spoken. What the name does not tell stays as it is.
///
/// GenAI semantic conventions 1.41.1 and rig's `azure.openai`, into the `llm.provider` and
/// `llm.system` of OpenInference 0.1.42. A name that is not in the table stands for both.
pub(super) fn set_provider(payload: &mut Payload, name: Text) {
    let (provider, system) = match &*name {
        "openai" => (Some("openai"), Some("openai")),
        "anthropic" => (Some("anthropic"), Some("anthropic")),
        "cohere" => (Some("cohere"), Some("cohere")),
        "mistral_ai" => (Some("mistralai"), Some("mistralai")),
        "deepseek" => (Some("deepseek"), None),
        "groq" => (Some("groq"), None),
        "perplexity" => (Some("perplexity"), None),
        "x_ai" => (Some("xai"), None),
        "azure.ai.openai" | "azure.openai" => (Some("azure"), Some("openai")),
        "azure.ai.inference" => (Some("azure"), None),
        "aws.bedrock" => (Some("aws"), None),
        "gcp.vertex_ai" => (Some("google"), Some("vertexai")),
        "gcp.gen_ai" | "gcp.gemini" => (Some("google"), None),
        "moonshot_ai" => (Some("moonshot"), None),
        "ibm.watsonx.ai" => (None, Some("ibm.watsonx.ai")),
        _ => {
            payload.provider = Some(name.clone());
            payload.system = Some(name);
            return;
        }
    };
    if let Some(provider) = provider {
        payload.provider = Some(Text::literal(provider));
    }
    if let Some(system) = system {
        payload.system = Some(Text::literal(system));
    }
}

/// The OpenTelemetry name of a provider (`gen_ai.provider.name`), which tells host and API at once:
/// of [`Payload::provider`], who hosts the model, and [`Payload::system`], whose API is spoken.
///
/// The names are those of the GenAI semantic conventions 1.41.1, chosen as OpenInference's own
/// converter chooses them. A pair that they have no name for is named by its API, else by its host,
/// in lower case. It is the way back of what is read from `gen_ai.provider.name`.
///
/// ```
/// use tracing_llm::genai_provider;
///
/// assert_eq!(genai_provider(Some("azure"), Some("openai")).as_deref(), Some("azure.ai.openai"));
/// assert_eq!(genai_provider(Some("MistralAI"), None).as_deref(), Some("mistral_ai"));
/// assert_eq!(genai_provider(Some("own"), None).as_deref(), Some("own"));
/// assert_eq!(genai_provider(None, None), None);
/// ```
#[must_use]
pub fn genai_provider(provider: Option<&str>, system: Option<&str>) -> Option<Cow<'static, str>> {
    let (provider, system) = (provider.map(str::to_lowercase), system.map(str::to_lowercase));
    let known = match (provider.as_deref(), system.as_deref()) {
        (Some("azure"), Some("openai")) => "azure.ai.openai",
        (Some("azure"), _) => "azure.ai.inference",
        (Some("aws"), _) => "aws.bedrock",
        (Some("google") | None, Some("vertexai")) => "gcp.vertex_ai",
        (Some("google"), _) => "gcp.gen_ai",
        (Some("openai"), _) => "openai",
        (Some("anthropic"), _) => "anthropic",
        (Some("cohere"), _) => "cohere",
        (Some("mistralai"), _) | (None, Some("mistralai")) => "mistral_ai",
        (Some("deepseek"), _) => "deepseek",
        (Some("groq"), _) => "groq",
        (Some("perplexity"), _) => "perplexity",
        (Some("xai"), _) => "x_ai",
        _ => return system.or(provider).map(Cow::Owned),
    };
    Some(Cow::Borrowed(known))
}
