//! What our own threads log holds no text of a payload, also where everything fails.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber, dispatcher};
use tracing_llm::prelude::*;
use tracing_llm_aim::Aim;
use tracing_llm_debug::DebugHandler;
use tracing_llm_finetuning::FineTuning;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_llm_wandb::Wandb;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

/// In every text that the pipeline hands over.
const SECRET: &str = "Rumpelstiltskin";

/// Keeps every `tracing` event of the program with its fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                let _ = write!(self.0, " {field}={value:?}");
            }
        }
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

fn pipeline() {
    let secret = |what: &str| format!("{what}: {SECRET}");
    query_span!("answer", query_str = secret("query"), session.id = secret("session")).in_scope(
        || {
            let chat = llm_span!("chat", model = "no-such-model", usage = secret("no usage"));
            chat.in_scope(|| {
                let tool = Tool::new(secret("tool")).with_parameters(secret("schema").into());
                chat.llm()
                    .messages(vec![Message::user(secret("user"))])
                    .tools(vec![tool])
                    .error(secret("error"));
            });
            event_span!(AGENT_STEP, "step", response = secret("response")).in_scope(|| {
                tracing::info!(gen_ai.usage.input_tokens = secret("tokens"));
            });
        },
    );
}

#[test]
fn no_log_line_of_ours_holds_a_payload_also_where_everything_fails() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_payload_in_logs");
    let _ = std::fs::remove_dir_all(&folder);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let tokens = TokenCounter::new();
    let limit = Duration::from_millis(200);
    let (layer, callbacks) = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(tokens)
        .handler(DebugHandler::writer(Full))
        .handler(OpenInference::builder().endpoint(&nobody).timeout(limit).build().unwrap())
        .handler(OpenInference::builder().file("/dev/full").build().unwrap())
        .handler(FineTuning::builder().file(folder.join("train.jsonl")).build().unwrap())
        .handler(Wandb::builder().dir(&folder).build().unwrap())
        .handler(Aim::builder().server(&nobody).timeout(limit).build().unwrap())
        .queue_bytes(400)
        .build();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(layer.filtered()).with(lines.clone());
    // Our threads log into it as long as it is there.
    let program = Dispatch::new(subscriber);
    dispatcher::with_default(&program, || (0..20).for_each(|_| pipeline()));
    let error = callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap_err();
    assert!(!error.to_string().contains(SECRET), "{error}");

    let lines = lines.0.lock().unwrap();
    let ours: Vec<_> = lines.iter().filter(|line| line.starts_with("tracing_llm")).collect();
    assert!(ours.len() >= 3, "something was told: {lines:#?}");
    for line in ours {
        assert!(!line.contains(SECRET), "{line}");
    }
}

/// A disk without room.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
