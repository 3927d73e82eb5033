//! The OpenTelemetry names of providers.

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
