//! What spans say, and in whose words.

use super::{Builder, Variables};
use crate::convert::Options;
use crate::genai::GenAiVersion;
use crate::mask::{self, TraceConfig};

/// Whether spans carry GenAI attributes too.
const GENAI: &str = "OPENINFERENCE_ENABLE_GENAI_SEMCONV";

/// What is set of it; the rest are defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    embedding_vectors: bool,
    parsed_texts: bool,
    content_characters: Option<usize>,
    trace_config: TraceConfig,
    genai: GenAi,
}

/// Whether GenAI attributes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum GenAi {
    #[default]
    Default,
    Chosen(GenAiVersion),
    /// The environment says something that cannot be read.
    Unread,
}

impl Builder {
    /// Whether the vectors of embeddings are exported. They are not by default: a vector is
    /// ten times the size of its text, and backends have limits.
    pub fn embedding_vectors(mut self, export: bool) -> Self {
        self.words.embedding_vectors = export;
        self
    }

    /// Whether CHUNKING and NODE_PARSING spans show the texts that go in and come out, as
    /// `input.documents` and `output.documents`. By default they show how many there are: the
    /// texts are whole corpora.
    pub fn parsed_texts(mut self, export: bool) -> Self {
        self.words.parsed_texts = export;
        self
    }

    /// How many characters of each document stand in the `output.value` of RETRIEVER and RERANKER
    /// spans; 500 by default. The whole is in `retrieval.documents`.
    pub fn retrieved_characters(mut self, characters: usize) -> Self {
        self.words.content_characters = Some(characters);
        self
    }

    /// What is hidden.
    pub fn trace_config(mut self, config: TraceConfig) -> Self {
        self.words.trace_config = config;
        self
    }

    /// Writes the same spans in the words of OpenTelemetry's GenAI conventions too: `gen_ai.*`
    /// attributes, made after masking of what is left, and never over one that is there.
    pub fn genai(mut self, version: GenAiVersion) -> Self {
        self.words.genai = GenAi::Chosen(version);
        self
    }
}

impl Words {
    /// Takes from the environment what is not set in code.
    pub(super) fn fill(&mut self, variables: Variables<'_>) {
        let config = std::mem::take(&mut self.trace_config);
        self.trace_config = config.or_environment(&|name| variables.get(name));
        if let (GenAi::Default, Some(value)) = (self.genai, variables.get(GENAI)) {
            self.genai = match mask::flag(&value) {
                Some(true) => GenAi::Chosen(GenAiVersion::default()),
                Some(false) => GenAi::Default,
                None => GenAi::Unread,
            };
        }
    }

    /// Variables whose values could not be read, and that count as not set.
    pub(super) fn unread(&self) -> Vec<&'static str> {
        let mut unread = self.trace_config.unread().to_vec();
        unread.extend((self.genai == GenAi::Unread).then_some(GENAI));
        unread
    }

    /// With the defaults for the rest.
    pub(super) fn settle(self) -> Options {
        let defaults = Options::default();
        Options {
            embedding_vectors: self.embedding_vectors,
            parsed_texts: self.parsed_texts,
            content_characters: self.content_characters.unwrap_or(defaults.content_characters),
            masks: self.trace_config.resolve(),
            genai: match self.genai {
                GenAi::Chosen(version) => Some(version),
                GenAi::Default | GenAi::Unread => None,
            },
        }
    }
}
