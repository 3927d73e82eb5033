//! Spans that an application tags by hand, by the conventions of OpenInference and OpenTelemetry.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Instrument, info_span};
use tracing_llm_libraries::clients::async_openai;
use tracing_llm_libraries::server::Reported;
use tracing_llm_libraries::watch;

const MODEL: &str = "gpt-4o-mini";

/// What the server reports of the one call of these tests.
const USAGE: Reported = Reported { input: 5, output: 5 };

#[tokio::test]
async fn openinference_names_on_the_users_own_spans_are_events() {
    let run = watch([], async |url| {
        let chain =
            info_span!("answer", "openinference.span.kind" = "CHAIN", input.value = "hi there");
        async {
            info_span!(
                "search",
                "openinference.span.kind" = "RETRIEVER",
                "retrieval.documents.0.document.content" = "A Layer sees spans.",
                "retrieval.documents.0.document.score" = 0.9,
            )
            .in_scope(|| {});
            let span = info_span!(
                "chat",
                "openinference.span.kind" = "LLM",
                llm.model_name = MODEL,
                "llm.input_messages.0.message.role" = "user",
                "llm.input_messages.0.message.content" = "hi there",
                output.value = Empty,
                llm.token_count.prompt = Empty,
                llm.token_count.completion = Empty,
            );
            let answer =
                async_openai::chat(url, MODEL, "hi there").instrument(span.clone()).await.unwrap();
            span.record("output.value", &*answer);
            span.record("llm.token_count.prompt", USAGE.input);
            span.record("llm.token_count.completion", USAGE.output);
        }
        .instrument(chain)
        .await;
    })
    .await;
    assert_eq!(
        run.events.tree(),
        "chain\n└─ CHAIN answer\n   ├─ RETRIEVE search\n   └─ LLM chat\n"
    );
    let chat = &run.events.event("chat").payload;
    assert_eq!(chat.messages[0].text(), "hi there");
    assert_eq!(chat.output_text().as_deref(), Some("You said: hi there"));
    assert_eq!(run.events.event("search").payload.nodes[0].content, "A Layer sees spans.");
    assert_eq!((run.counted, run.reported), (USAGE, USAGE));
}

#[tokio::test]
async fn names_of_opentelemetry_on_the_users_own_spans_are_events() {
    let run = watch([], async |url| {
        let agent = info_span!(
            "invoke_agent helper",
            gen_ai.operation.name = "invoke_agent",
            gen_ai.agent.name = "helper",
        );
        async {
            let messages = json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]);
            let span = info_span!(
                "chat",
                gen_ai.operation.name = "chat",
                gen_ai.provider.name = "openai",
                gen_ai.request.model = MODEL,
                gen_ai.input.messages = messages.to_string(),
                gen_ai.output.messages = Empty,
                gen_ai.usage.input_tokens = Empty,
                gen_ai.usage.output_tokens = Empty,
            );
            let answer =
                async_openai::chat(url, MODEL, "hi there").instrument(span.clone()).await.unwrap();
            let part = json!({"type": "text", "content": answer});
            let reply: Value = json!([{"role": "assistant", "parts": [part]}]);
            span.record("gen_ai.output.messages", reply.to_string());
            span.record("gen_ai.usage.input_tokens", USAGE.input);
            span.record("gen_ai.usage.output_tokens", USAGE.output);
            info_span!(
                "execute_tool add",
                gen_ai.operation.name = "execute_tool",
                gen_ai.tool.name = "add",
                gen_ai.tool.call.result = "3",
            )
            .in_scope(|| {});
        }
        .instrument(agent)
        .await;
    })
    .await;
    assert_eq!(
        run.events.tree(),
        "\
agent_step
└─ AGENT_STEP invoke_agent helper
   ├─ LLM chat
   └─ FUNCTION_CALL execute_tool add
"
    );
    let chat = &run.events.event("chat").payload;
    assert_eq!(chat.messages[0].text(), "hi");
    assert_eq!(chat.replies[0].text(), "You said: hi there");
    assert_eq!((run.counted, run.reported), (USAGE, USAGE));
}
