//! Who hosts a model, by the host's name.

/// Hosts of model providers, with the `llm.provider` and the `llm.system` of OpenInference 0.1.42.
/// A name that begins with a dot is any host below it. Read from the providers' documentation in
/// November 2026.
const HOSTS: &[(&str, &str, Option<&str>)] = &[
    ("api.openai.com", "openai", Some("openai")),
    (".api.openai.com", "openai", Some("openai")), // eu., us. …
    (".openai.azure.com", "azure", Some("openai")),
    (".services.ai.azure.com", "azure", None),
    (".cognitiveservices.azure.com", "azure", Some("openai")),
    (".inference.ai.azure.com", "azure", None),
    ("api.anthropic.com", "anthropic", Some("anthropic")),
    ("generativelanguage.googleapis.com", "google", None),
    ("aiplatform.googleapis.com", "google", Some("vertexai")),
    (".aiplatform.googleapis.com", "google", Some("vertexai")),
    ("api.mistral.ai", "mistralai", Some("mistralai")),
    ("api.cohere.com", "cohere", Some("cohere")),
    ("api.cohere.ai", "cohere", Some("cohere")),
    ("api.x.ai", "xai", Some("xai")),
    ("api.deepseek.com", "deepseek", Some("deepseek")),
    ("api.groq.com", "groq", None),
    ("api.fireworks.ai", "fireworks", None),
    ("api.together.xyz", "together", None),
    ("api.together.ai", "together", None),
    ("api.moonshot.ai", "moonshot", None),
    ("api.moonshot.cn", "moonshot", None),
    ("api.cerebras.ai", "cerebras", None),
    ("api.perplexity.ai", "perplexity", None),
    ("api.z.ai", "zai", None),
    ("api.minimax.io", "minimax", None),
    ("openrouter.ai", "openrouter", None),
    ("api.sambanova.ai", "sambanova", None),
    ("integrate.api.nvidia.com", "nvidia", None),
    ("router.huggingface.co", "huggingface", None),
    ("models.github.ai", "github", None),
];

/// Who hosts models at this host, and whose API is spoken there if that is one provider's own.
pub(crate) fn known(host: &str) -> Option<(&'static str, Option<&'static str>)> {
    let here = |name: &&(&str, &str, Option<&str>)| matches(name.0, host);
    // Vertex AI names a region before a dash: `europe-west4-aiplatform.googleapis.com`.
    let host_ends = host.to_ascii_lowercase().ends_with("-aiplatform.googleapis.com");
    HOSTS
        .iter()
        .find(here)
        .map(|(_, provider, system)| (*provider, *system))
        .or(host_ends.then_some(("google", Some("vertexai"))))
}

/// Whether a host has this name, or is below it if the name begins with a dot.
pub(crate) fn matches(name: &str, host: &str) -> bool {
    if name.starts_with('.') {
        host.len() > name.len()
            && host.get(host.len() - name.len()..).is_some_and(|end| end.eq_ignore_ascii_case(name))
    } else {
        host.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_host_and_by_nothing_like_it() {
        assert_eq!(known("api.openai.com"), Some(("openai", Some("openai"))));
        assert_eq!(known("API.OpenAI.com"), Some(("openai", Some("openai"))));
        assert_eq!(known("mine.openai.azure.com"), Some(("azure", Some("openai"))));
        assert_eq!(known("us-east1-aiplatform.googleapis.com"), Some(("google", Some("vertexai"))));
        for other in ["api.openai.com.example.org", "xapi.openai.com", ".openai.azure.com", "", "é"]
        {
            assert_eq!(known(other), None, "{other}");
        }
    }
}
