//! Reads the golden data: recorded runs of LlamaIndex's callbacks (`golden/README.md`).

mod reenact;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tracing_llm::EventType;

pub use self::reenact::{Form, Reenacted, reenact};

/// A recorded run: a folder of `golden/llamaindex`.
#[derive(Debug)]
pub struct Scenario {
    folder: PathBuf,
}

/// A line of `events.jsonl`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Callback {
    /// A trace begins.
    StartTrace {
        /// Its name.
        trace_id: String,
    },
    /// An event begins.
    Start {
        /// Its type, in lower case.
        event_type: String,
        /// Its id, `e1`, `e2` … as they first appear.
        event_id: String,
        /// The id of the event above it, or `root`.
        parent_id: String,
        /// The names in its payload.
        payload_keys: Option<Vec<String>>,
    },
    /// An event ends.
    End {
        /// Its type, in lower case.
        event_type: String,
        /// The id with which it began.
        event_id: String,
        /// The names in its payload.
        payload_keys: Option<Vec<String>>,
    },
    /// A trace ends.
    EndTrace {
        /// Its name.
        trace_id: String,
    },
}

impl Scenario {
    /// All that were recorded, by name.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/llamaindex");
        let folders = fs::read_dir(root).unwrap();
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders.into_iter().map(|folder| Self { folder }).collect()
    }

    /// The name of its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }

    /// What was recorded, in order.
    #[must_use]
    pub fn callbacks(&self) -> Vec<Callback> {
        let lines = self.read("events.jsonl").unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The types that the recorded debug handler was told to ignore, starts and ends.
    #[must_use]
    pub fn ignored(&self) -> &'static [EventType] {
        match self.name() {
            "debug_ignore_retrieve_only_parent" => &[EventType::RETRIEVE],
            "debug_ignore_embedding_and_llm" => &[EventType::EMBEDDING, EventType::LLM],
            _ => &[],
        }
    }

    /// What the original printed.
    #[must_use]
    pub fn recorded_text(&self) -> String {
        self.read("debug.txt").unwrap()
    }

    /// What it should have printed, where it has a defect.
    #[must_use]
    pub fn corrected_text(&self) -> Option<String> {
        self.read("corrected.txt")
    }

    /// The statistics that the original gave, or should have given.
    #[must_use]
    pub fn stats(&self) -> Value {
        let stats = self.read("corrected_stats.json").or_else(|| self.read("debug_stats.json"));
        serde_json::from_str(&stats.unwrap()).unwrap()
    }

    fn read(&self, file: &str) -> Option<String> {
        match fs::read_to_string(self.folder.join(file)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => panic!("{}/{file}: {error}", self.name()),
        }
    }
}
