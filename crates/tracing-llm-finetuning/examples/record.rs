//! Records two calls, and checks the file: `cargo run -p tracing-llm-finetuning --example record`.

use std::time::Duration;

use tracing_llm::prelude::*;
use tracing_llm_finetuning::{FineTuning, Validator};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("train-{}.jsonl", std::process::id()));
    let recorder = FineTuning::builder().file(&path).build()?;
    let (layer, callbacks) = tracing_llm::layer().handler(recorder.clone()).build();
    tracing_subscriber::registry().with(layer.filtered()).init();

    for (question, answer) in [("What is 2+3?", "5"), ("What is a span?", "A period of time.")] {
        let chat = event_span!(LLM, "chat", model = "gpt-5");
        chat.llm().messages(vec![Message::system("Be terse."), Message::user(question)]);
        chat.llm().reply(answer).ok();
    }
    let failed = event_span!(LLM, "chat", model = "gpt-5");
    failed.llm().messages(vec![Message::user("Are you there?")]).error("rate limit");
    drop(failed);
    callbacks.shutdown_blocking(Duration::from_secs(5))?;

    let mut lines = std::fs::read_to_string(&path)?;
    lines += &format!("{}\n", recorder.counts());
    lines += &Validator::openai().check_file(&path)?.to_string();
    std::io::Write::write_all(&mut std::io::stdout(), format!("{lines}\n").as_bytes())?;
    std::fs::remove_file(&path)?;
    Ok(())
}
