//! What to hide.

use std::fmt;

macro_rules! flags {
    ($($(#[$doc:meta])* $Flag:ident $setter:ident: $($variable:literal)+;)*) => {
        /// Something that can be hidden.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Hide { $($Flag),* }

        impl Hide {
            /// Each with the variables that hide it.
            pub(super) const ALL: &[(Self, &[&str])] = &[$((Self::$Flag, &[$($variable),+])),*];
        }

        impl TraceConfig {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("By the environment: ", $("`", $variable, "` "),+, "(`true` or `false`).")]
                pub fn $setter(mut self, hide: bool) -> Self {
                    self.set(Hide::$Flag, hide);
                    self
                }
            )*
        }
    };
}

/// What is hidden from the backend: the settings of OpenInference's `TraceConfig`, with the
/// same effect on the same attributes (`openinference-instrumentation` 0.1.72), and
/// [`strict`](Self::strict), which closes what they leave open.
///
/// What is set in code wins over the environment, and that over the default, which hides
/// nothing. A value that is hidden is `__REDACTED__`, or its attribute is left out.
///
/// This is for one exporter: other handlers see all. To keep texts from every handler, give the
/// layer a [`Redactor`](tracing_llm::Redactor), or let it
/// [capture metadata only](tracing_llm::CaptureContent::Metadata).
///
/// ```
/// use tracing_llm_openinference::{OpenInference, TraceConfig};
///
/// let spans = OpenInference::builder()
///     .file(std::env::temp_dir().join("spans.jsonl"))
///     .trace_config(TraceConfig::default().hide_inputs(true).strict(true))
///     .build()?;
/// # drop(spans);
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[must_use = "a configuration does nothing until an exporter has it"]
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TraceConfig {
    hide: [Option<bool>; Hide::ALL.len()],
    pub(super) strict: Option<bool>,
    pub(super) base64_image_max_length: Option<usize>,
    /// Variables whose values could not be read.
    pub(super) unread: Vec<&'static str>,
}

flags! {
    /// Hides what goes in: `input.value`, `llm.input_messages`, `llm.tools`, `llm.prompts`,
    /// `input.images`, `reranker.query` and `reranker.input_documents`.
    Inputs hide_inputs: "OPENINFERENCE_HIDE_INPUTS";
    /// Hides what comes out: `output.value`, `llm.output_messages`, `llm.choices`,
    /// `output.images`, `reranker.output_documents`, and the content and metadata of
    /// `retrieval.documents`.
    Outputs hide_outputs: "OPENINFERENCE_HIDE_OUTPUTS";
    /// Hides `llm.input_messages`, and what is derived from them.
    InputMessages hide_input_messages: "OPENINFERENCE_HIDE_INPUT_MESSAGES";
    /// Hides `llm.output_messages`, and what is derived from them.
    OutputMessages hide_output_messages: "OPENINFERENCE_HIDE_OUTPUT_MESSAGES";
    /// Hides the pictures in input messages and `input.images`.
    InputImages hide_input_images: "OPENINFERENCE_HIDE_INPUT_IMAGES";
    /// Hides the texts in input messages.
    InputText hide_input_text: "OPENINFERENCE_HIDE_INPUT_TEXT";
    /// Hides the texts in output messages.
    OutputText hide_output_text: "OPENINFERENCE_HIDE_OUTPUT_TEXT";
    /// Hides the prompts of a completion API.
    Prompts hide_prompts: "OPENINFERENCE_HIDE_PROMPTS";
    /// Hides the choices of a completion API.
    Choices hide_choices: "OPENINFERENCE_HIDE_CHOICES";
    /// Hides `llm.invocation_parameters`.
    InvocationParameters hide_llm_invocation_parameters:
        "OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS";
    /// Hides `llm.tools`, the tools that are offered.
    Tools hide_llm_tools: "OPENINFERENCE_HIDE_LLM_TOOLS";
    /// Hides the vectors of embeddings, where they are exported at all.
    EmbeddingVectors hide_embeddings_vectors:
        "OPENINFERENCE_HIDE_EMBEDDINGS_VECTORS" "OPENINFERENCE_HIDE_EMBEDDING_VECTORS";
    /// Hides the texts that are embedded.
    EmbeddingText hide_embeddings_text: "OPENINFERENCE_HIDE_EMBEDDINGS_TEXT";
    /// Hides the content and metadata of `retrieval.documents`; ids and scores stay.
    RetrievalDocuments hide_retrieval_documents: "OPENINFERENCE_HIDE_RETRIEVAL_DOCUMENTS";
}

impl TraceConfig {
    /// What the environment says: the `OPENINFERENCE_HIDE_*` variables,
    /// `OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH`, and `TRACING_LLM_MASK_STRICT`.
    ///
    /// A value that is neither `true` nor `false`, in whatever case, counts as not set; the
    /// exporter says so once, as a warning. `OPENINFERENCE_BLOB_UPLOADER` names a Python plug-in
    /// and is not read.
    ///
    /// [`Builder::environment`](crate::Builder::environment) does this for what is not set in
    /// code.
    pub fn from_env() -> Self {
        Self::default().or_environment(&|name| std::env::var(name).ok())
    }

    /// Closes what the other settings leave open; alone it hides nothing. With it
    ///
    /// - [`hide_inputs`](Self::hide_inputs) hides the texts and vectors of embeddings, all invocation
    ///   parameters, prompt templates and their values, the tool's parameters and description,
    ///   `input.documents` and `metadata` too;
    /// - [`hide_outputs`](Self::hide_outputs) hides `output.documents`, names and addresses of
    ///   documents, and explanations of annotations too;
    /// - both hide the messages of exceptions and log lines, and every text under a name that is
    ///   not known (fields of your own, registered context keys, `gen_ai.*` of other code);
    /// - the settings for texts hide transcripts, documents, and the arguments of tool calls inside
    ///   messages too;
    /// - where a part of a span is hidden, an `input.value` or `output.value` that the span named
    ///   itself, and that may repeat it, is hidden with it;
    /// - the limit of pictures holds for audio, video and documents too.
    ///
    /// What stays: kinds, names, ids, times, outcomes, models, counts, costs, session, user and tags.
    ///
    /// By the environment: `TRACING_LLM_MASK_STRICT` (`true` or `false`).
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = Some(strict);
        self
    }

    /// How long a picture in a `data:` URI may be, in characters; a longer one is hidden. 32,000
    /// by default.
    ///
    /// By the environment: `OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH`.
    pub fn base64_image_max_length(mut self, characters: usize) -> Self {
        self.base64_image_max_length = Some(characters);
        self
    }

    pub(super) fn get(&self, hide: Hide) -> Option<bool> {
        self.hide.get(hide as usize).copied().flatten()
    }

    pub(super) fn set(&mut self, hide: Hide, value: bool) {
        if let Some(place) = self.hide.get_mut(hide as usize) {
            *place = Some(value);
        }
    }

    /// Variables whose values could not be read, to be told to the user.
    pub(crate) fn unread(&self) -> &[&'static str] {
        &self.unread
    }

    /// All with the defaults in place.
    pub(crate) fn resolve(&self) -> Masks {
        let hidden = Hide::ALL.iter().filter(|(hide, _)| self.get(*hide) == Some(true));
        let defaults = Masks::default();
        Masks {
            hidden: hidden.fold(0, |bits, (hide, _)| bits | 1 << *hide as u32),
            strict: self.strict.unwrap_or(defaults.strict),
            base64_image_max_length: self
                .base64_image_max_length
                .unwrap_or(defaults.base64_image_max_length),
        }
    }
}

impl fmt::Debug for TraceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<(Hide, bool)> =
            Hide::ALL.iter().filter_map(|(hide, _)| Some((*hide, self.get(*hide)?))).collect();
        f.debug_struct("TraceConfig")
            .field("hide", &set)
            .field("strict", &self.strict)
            .field("base64_image_max_length", &self.base64_image_max_length)
            .finish()
    }
}

/// What is hidden, with all defaults in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Masks {
    hidden: u32,
    pub(crate) strict: bool,
    pub(crate) base64_image_max_length: usize,
}

impl Default for Masks {
    fn default() -> Self {
        Self { hidden: 0, strict: false, base64_image_max_length: 32_000 }
    }
}

impl Masks {
    pub(crate) fn hides(&self, hide: Hide) -> bool {
        self.hidden & 1 << hide as u32 != 0
    }

    /// Whether one of these is hidden.
    pub(crate) fn hides_any(&self, of: &[Hide]) -> bool {
        of.iter().any(|hide| self.hides(*hide))
    }

    /// Whether nothing is hidden but pictures that are too long.
    pub(crate) fn is_open(&self) -> bool {
        self.hidden == 0
    }
}
