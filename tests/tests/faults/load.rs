//! The load: tasks that answer questions, and the count of what they make.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Instrument, Span};
use tracing_llm::prelude::*;

/// How many tasks there are at a time.
pub(crate) const TASKS: usize = 8;

/// What was made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Tagged spans.
    pub(crate) spans: AtomicU64,
    /// Bytes of texts that were handed over.
    pub(crate) texts: AtomicU64,
    /// No trace is begun any more.
    pub(crate) stop: AtomicBool,
}

impl Made {
    pub(crate) fn spans(&self) -> u64 {
        self.spans.load(Relaxed)
    }

    fn span(&self, span: Span) -> Span {
        assert!(!span.is_disabled(), "a layer is there");
        self.spans.fetch_add(1, Relaxed);
        span
    }

    /// Counts a text that is handed over.
    fn text<T: AsRef<str>>(&self, text: T) -> T {
        self.texts.fetch_add(text.as_ref().len() as u64, Relaxed);
        text
    }
}

/// How much, and of what size.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Traces of each task; without, until it is told to stop.
    pub(crate) traces: Option<u64>,
    /// Bytes of each prompt.
    pub(crate) prompt: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self { traces: Some(100), prompt: 200 }
    }
}

impl Load {
    /// Traces without end.
    pub(crate) fn endless() -> Self {
        Self { traces: None, ..Self::default() }
    }

    /// One task's traces.
    pub(crate) async fn task(self, number: u64, made: Arc<Made>, dispatch: Dispatch) {
        let prompt: Arc<str> = "x".repeat(self.prompt).into();
        // The span's future is made inside the subscriber: there the spans are, too.
        async {
            let mut seed = number;
            let mut done = 0;
            while self.traces != Some(done) && !made.stop.load(Relaxed) {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                trace(&made, &prompt, seed >> 33).await;
                done += 1;
            }
        }
        .with_subscriber(dispatch)
        .await;
    }

    /// All tasks, on a runtime of their own, to their end.
    pub(crate) fn run(&self, made: &Arc<Made>, dispatch: &Dispatch) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        runtime.unwrap().block_on(async {
            let tasks = self.spawn(made, dispatch);
            for task in tasks {
                task.await.unwrap();
            }
        });
    }

    /// Spawns the tasks on the runtime that this is called in.
    pub(crate) fn spawn(
        &self,
        made: &Arc<Made>,
        dispatch: &Dispatch,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        (0..TASKS as u64)
            .map(|number| {
                let task = self.clone().task(number, Arc::clone(made), dispatch.clone());
                tokio::spawn(task)
            })
            .collect()
    }
}

/// A question and its answer: four to six spans, some of which fail, with pauses in between.
async fn trace(made: &Made, prompt: &Arc<str>, dice: u64) {
    let query =
        made.span(query_span!("answer", query_str = made.text("Why?"), session.id = dice % 10));
    async {
        let retrieve = made.span(retrieve_span!("retrieve"));
        async {
            let embed = made.span(embedding_span!("embed", model = "text-embedding-3-small"));
            embed.in_scope(|| {
                embed.llm().usage(Usage::new(8, 0)).ok();
            });
            tokio::task::yield_now().await;
        }
        .instrument(retrieve)
        .await;
        for attempt in 0..=dice % 3 {
            let chat = made.span(llm_span!("chat", model = "gpt-5-mini"));
            async {
                let span = Span::current();
                span.llm().prompt(made.text(Arc::clone(prompt)));
                tokio::task::yield_now().await;
                match attempt {
                    1 => span.llm().error(made.text("the model is overloaded")),
                    _ => span.llm().completion(made.text("Because.")).usage(Usage::new(50, 2)).ok(),
                };
            }
            .instrument(chat)
            .await;
        }
    }
    .instrument(query)
    .await;
}
