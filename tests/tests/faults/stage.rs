//! A layer with every handler, as a program has it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tracing::Dispatch;
use tracing_llm::{Builder, Callbacks};
use tracing_llm_debug::DebugHandler;
use tracing_llm_finetuning::FineTuning;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_llm_wandb::Wandb;
use tracing_subscriber::prelude::*;

use crate::books::Books;

/// Longer than anything takes that comes to an end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder that nobody else has, and that is removed with this.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("faults-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every handler that needs no server, with its output in a folder; and the books.
pub(crate) fn with_all_handlers(folder: &Path) -> (Builder, Books) {
    let books = Books::default();
    let tokens = TokenCounter::new();
    let spans = OpenInference::builder().file(folder.join("spans.jsonl")).build().unwrap();
    let training = FineTuning::builder().file(folder.join("train.jsonl")).build().unwrap();
    let run = Wandb::builder().dir(folder).project("faults").build().unwrap();
    let layer = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(books.clone())
        .handler(DebugHandler::writer(std::io::sink()))
        .handler(tokens)
        .handler(spans)
        .handler(training)
        .handler(run);
    (layer, books)
}

/// The layer in a subscriber, and its handle.
pub(crate) fn install(builder: Builder) -> (Dispatch, Callbacks) {
    let (layer, callbacks) = builder.build();
    (tracing_subscriber::registry().with(layer.filtered()).into(), callbacks)
}
