//! From a question to an answer: pure.

use serde_json::{Value, json};

use super::Reported;

/// What the server says to one call.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This text.
    Text(String),
    /// Calls of tools: name and arguments (JSON).
    ToolCalls(Vec<(String, Value)>),
    /// This text, with no word of usage, asked for or not.
    Uncounted(String),
    /// An error with this status, told as OpenAI tells it.
    Error(u16),
    /// A rate limit that no waiting helps against: the quota is used up.
    OutOfQuota,
    /// A stream that breaks off after its first words.
    Broken,
}

impl Reply {
    /// This text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// This text, with no word of usage.
    #[must_use]
    pub fn uncounted(text: &str) -> Self {
        Self::Uncounted(text.to_owned())
    }

    /// One call of a tool.
    #[must_use]
    pub fn tool_call(name: &str, arguments: Value) -> Self {
        Self::ToolCalls(vec![(name.to_owned(), arguments)])
    }
}

/// What goes out: one body, or a stream of server-sent events.
pub(super) enum Answer {
    Whole { status: u16, body: Value, reported: Option<Reported> },
    Stream { chunks: Vec<Value>, reported: Option<Reported>, broken: bool },
}

/// The number of a call makes the ids; the model is the one that was asked for.
pub(super) fn chat(number: usize, request: &Value, script: Option<Reply>) -> Answer {
    let reply = script.unwrap_or_else(|| Reply::Text(format!("You said: {}", last_text(request))));
    match reply {
        Reply::Error(status) => return error(status),
        Reply::OutOfQuota => return out_of_quota(),
        _ => {}
    }
    let model = format!("{}-2026-01-01", request["model"].as_str().unwrap_or("none"));
    let reported = (!matches!(reply, Reply::Uncounted(_)))
        .then(|| Reported { input: prompt_tokens(request), output: answer_tokens(&reply) });
    let head =
        json!({"id": format!("chatcmpl-{number}"), "created": 1_700_000_000, "model": model});
    if request["stream"] == json!(true) {
        return stream(&head, request, &reply, reported);
    }
    let mut body = head;
    body["object"] = json!("chat.completion");
    body["choices"] = json!([{
        "index": 0, "message": message(number, &reply), "finish_reason": finish_reason(&reply),
        "logprobs": null,
    }]);
    if let Some(reported) = reported {
        body["usage"] = usage(reported);
    }
    Answer::Whole { status: 200, body, reported }
}

/// Three numbers for each input, a token a word.
pub(super) fn embeddings(request: &Value, script: Option<Reply>) -> Answer {
    match script {
        Some(Reply::Error(status)) => return error(status),
        Some(Reply::OutOfQuota) => return out_of_quota(),
        _ => {}
    }
    let inputs = match &request["input"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let data: Vec<Value> = (0..inputs.len())
        .map(|index| json!({"object": "embedding", "index": index, "embedding": [0.25, 0.5, 0.75]}))
        .collect();
    let reported = Reported { input: inputs.iter().map(words).sum(), output: 0 };
    let body = json!({
        "object": "list", "data": data, "model": request["model"],
        "usage": {"prompt_tokens": reported.input, "total_tokens": reported.input},
    });
    Answer::Whole { status: 200, body, reported: Some(reported) }
}

pub(super) fn error(status: u16) -> Answer {
    let (kind, code, message) = match status {
        400 => ("invalid_request_error", "invalid_value", "The request is not valid."),
        404 => ("invalid_request_error", "not_found", "There is nothing here."),
        429 => ("requests", "rate_limit_exceeded", "Rate limit reached."),
        _ => ("server_error", "server_error", "The server had an error."),
    };
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    Answer::Whole { status, body, reported: None }
}

fn out_of_quota() -> Answer {
    let kind = "insufficient_quota";
    let body =
        json!({"error": {"message": "No quota left.", "type": kind, "param": null, "code": kind}});
    Answer::Whole { status: 429, body, reported: None }
}

fn stream(head: &Value, request: &Value, reply: &Reply, reported: Option<Reported>) -> Answer {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = head.clone();
        chunk["object"] = json!("chat.completion.chunk");
        chunk["choices"] = choices;
        chunk["usage"] = usage;
        chunk
    };
    let choice = |delta: Value, finish: Value| {
        chunk(
            json!([{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": null}]),
            Value::Null,
        )
    };
    let mut chunks = vec![choice(json!({"role": "assistant", "content": ""}), Value::Null)];
    let broken = matches!(reply, Reply::Broken);
    match reply {
        Reply::Text(text) | Reply::Uncounted(text) => chunks.extend(
            text.split_inclusive(' ').map(|word| choice(json!({"content": word}), Value::Null)),
        ),
        Reply::ToolCalls(calls) => chunks.extend(calls.iter().enumerate().map(|(index, call)| {
            let call = json!({
                "index": index, "id": format!("call_{index}"), "type": "function",
                "function": {"name": call.0, "arguments": call.1.to_string()},
            });
            choice(json!({"tool_calls": [call]}), Value::Null)
        })),
        Reply::Broken | Reply::Error(_) | Reply::OutOfQuota => {
            chunks.push(choice(json!({"content": "Half an"}), Value::Null));
        }
    }
    if broken {
        return Answer::Stream { chunks, reported: None, broken };
    }
    chunks.push(choice(json!({}), json!(finish_reason(reply))));
    let asked = request["stream_options"]["include_usage"] == json!(true);
    let reported = reported.filter(|_| asked);
    if let Some(reported) = reported {
        chunks.push(chunk(json!([]), usage(reported)));
    }
    Answer::Stream { chunks, reported, broken }
}

fn message(number: usize, reply: &Reply) -> Value {
    match reply {
        Reply::ToolCalls(calls) => {
            let calls: Vec<Value> = calls
                .iter()
                .enumerate()
                .map(|(index, (name, arguments))| {
                    json!({
                        "id": format!("call_{number}_{index}"), "type": "function",
                        "function": {"name": name, "arguments": arguments.to_string()},
                    })
                })
                .collect();
            json!({"role": "assistant", "content": null, "tool_calls": calls, "refusal": null})
        }
        Reply::Text(text) | Reply::Uncounted(text) => {
            json!({"role": "assistant", "content": text, "refusal": null})
        }
        Reply::Broken | Reply::Error(_) | Reply::OutOfQuota => {
            json!({"role": "assistant", "content": ""})
        }
    }
}

fn finish_reason(reply: &Reply) -> &'static str {
    match reply {
        Reply::ToolCalls(_) => "tool_calls",
        _ => "stop",
    }
}

fn usage(reported: Reported) -> Value {
    json!({
        "prompt_tokens": reported.input,
        "completion_tokens": reported.output,
        "total_tokens": reported.input + reported.output,
        "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 1, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

/// Three for each message, as OpenAI counts, and one for each word.
fn prompt_tokens(request: &Value) -> u64 {
    let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
    messages.iter().map(|message| 3 + words(&message["content"])).sum()
}

fn answer_tokens(reply: &Reply) -> u64 {
    match reply {
        Reply::Text(text) | Reply::Uncounted(text) => 1 + count(text),
        Reply::ToolCalls(calls) => calls.iter().map(|call| 5 + count(&call.1.to_string())).sum(),
        Reply::Broken | Reply::Error(_) | Reply::OutOfQuota => 0,
    }
}

fn words(content: &Value) -> u64 {
    match content {
        Value::String(text) => count(text),
        Value::Array(parts) => parts.iter().map(|part| words(&part["text"])).sum(),
        _ => 0,
    }
}

fn count(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn last_text(request: &Value) -> String {
    let last = request["messages"].as_array().and_then(|all| all.last());
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}
