//! W&B's span, as its trace tree stores it (`wandb` 0.31, `trace_tree.py`). Names and order are
//! W&B's.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::convert::Clip;

/// How long a text is that stays when content is left out: names and ids are shorter.
const SHORT: usize = 256;

/// A span of a trace tree, with those below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Span {
    pub(crate) span_id: String,
    pub(crate) name: String,
    pub(crate) start_time_ms: u64,
    pub(crate) end_time_ms: u64,
    pub(crate) status_code: Option<Status>,
    pub(crate) status_message: Option<String>,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) results: Option<Vec<Results>>,
    pub(crate) child_spans: Vec<Self>,
    pub(crate) span_kind: Option<&'static str>,
}

impl Span {
    /// How large it is as JSON.
    pub(crate) fn json_bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    /// Keeps names, times, status and numbers, and says that the rest is missing.
    pub(crate) fn leave_out_content(&mut self) {
        self.results = None;
        self.status_message = self.status_message.take().map(|text| Clip(SHORT).text(&text));
        // What is content may stand here too.
        self.attributes.retain(|_, value| match value {
            Value::Object(_) | Value::Array(_) => false,
            Value::String(text) => text.len() <= SHORT,
            _ => true,
        });
        self.attributes.insert("content_left_out".to_owned(), true.into());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Success,
    Error,
}

/// What went in and what came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Results {
    pub(crate) inputs: Map<String, Value>,
    pub(crate) outputs: Map<String, Value>,
}

impl Results {
    pub(crate) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }
}
