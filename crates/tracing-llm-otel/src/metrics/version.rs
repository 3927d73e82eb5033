//! Which version of the conventions is followed.

/// Which GenAI metrics are recorded; they still rename, and have no stable release.
///
/// | | [`V1_41`](Self::V1_41) | [`Latest`](Self::Latest) |
/// |---|---|---|
/// | tokens of a model call | `gen_ai.client.token.usage` by `gen_ai.token.type` | counters `gen_ai.client.inference.usage.{input,output,cache_read.input,cache_write.input,reasoning.output}_tokens` by `gen_ai.token.modality`, histograms `gen_ai.client.inference.operation.{input,output}_tokens` |
/// | tokens of an embedding call | the same | `gen_ai.client.embeddings.operation.input_tokens` |
/// | duration of a model call | `gen_ai.client.operation.duration` | `gen_ai.client.inference.duration` |
/// | duration of an embedding call | the same | `gen_ai.client.embeddings.duration` |
/// | first chunk of a stream | `gen_ai.client.operation.time_to_first_chunk` | `gen_ai.client.inference.time_to_first_chunk` |
/// | duration of a tool, an agent | | `gen_ai.execute_tool.duration`, `gen_ai.invoke_agent.duration` |
///
/// With `Latest` a model call whose response told nothing of its usage is recorded as `0` on each of its
/// token metrics, failed calls among them: [the conventions][zero] ask for it. So is a call whose
/// usage was only estimated, and left out. `V1_41` records what was reported, and nothing else.
///
/// [zero]: https://github.com/open-telemetry/semantic-conventions-genai/blob/066d4a7f356f8600de6f10c42874626ab88692fb/docs/gen-ai/gen-ai-token-metrics.md
///
/// ```
/// use tracing_llm_otel::GenAiVersion;
///
/// assert_eq!(GenAiVersion::default(), GenAiVersion::V1_41);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenAiVersion {
    /// Those of semantic conventions 1.41.1, the last release that holds them.
    #[default]
    V1_41,
    /// Those of the repository that they moved to (`semantic-conventions-genai`, as of August 2026),
    /// with its renames. They may change with any release of this crate.
    Latest,
}
