use tracing_llm::{Embedding, EventType, StreamProgress};

use super::*;

/// One token a character: what is counted is easy to see.
fn letters(text: &str) -> usize {
    text.chars().count()
}

fn completed(event: &Event, kind: Kind) -> Usage {
    let Completed { usage, result, .. } = complete(event, kind, &letters);
    result.unwrap();
    usage
}

fn llm(change: impl FnOnce(&mut Event)) -> Usage {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages = [Message::user("12345")].into();
    event.payload.replies = [Message::assistant("123")].into();
    change(&mut event);
    completed(&event, Kind::Llm)
}

fn embedding(change: impl FnOnce(&mut Event)) -> Usage {
    let mut event = Event::new(EventType::EMBEDDING, "embed");
    change(&mut event);
    completed(&event, Kind::Embedding)
}

/// What `llm` sends: 3 around the message, its role, its text, 3 before the answer.
const SENT: u64 = 3 + 4 + 5 + 3;
const RECEIVED: u64 = 3;

fn estimated(input: Option<u64>, output: Option<u64>) -> Usage {
    let mut usage = Usage::default();
    (usage.input, usage.output, usage.estimated) = (input, output, true);
    usage
}

#[test]
fn what_is_reported_stays_as_it_is_and_nothing_is_counted() {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages = [Message::user("12345")].into();
    event.payload.usage = Some(Usage::new(0, 7));
    let never = |_: &str| -> usize { panic!("nothing is to be counted") };
    let Completed { usage, result, .. } = complete(&event, Kind::Llm, &never);
    result.unwrap();
    assert_eq!(usage, Usage::new(0, 7));
}

#[test]
fn a_chat_is_counted_with_what_is_around_its_messages() {
    assert_eq!(llm(|_| {}), estimated(Some(SENT), Some(RECEIVED)));
    let named = llm(|event| {
        let mut message = Message::user("12345");
        message.name = Some("Ada".into());
        event.payload.messages = [Message::system("1"), message].into();
    });
    assert_eq!(named.input, Some((3 + 6 + 1) + (3 + 4 + 5 + 1 + 3) + 3));
}

#[test]
fn tool_calls_documents_and_thoughts_are_counted_where_the_model_sees_them() {
    let usage = llm(|event| {
        let call = ToolCall::new("add", "{}");
        let asks = Message::empty("assistant")
            .with(Content::reasoning("hidden"))
            .with_tool_call(call.clone());
        let answer = Message::tool("id", "5");
        let reads =
            Message::user("see").with(Content::Document(tracing_llm::Document::new("1234")));
        event.payload.messages = [asks, answer, reads].into();
        event.payload.replies =
            [Message::assistant("5").with(Content::reasoning("12")).with(Content::ToolUse(call))]
                .into();
    });
    let sent = (3 + 9 + 5) + (3 + 4 + 1) + (3 + 4 + 3 + 4) + 3;
    assert_eq!(usage, estimated(Some(sent), Some(1 + 2 + 5)));
}

#[test]
fn pictures_recordings_and_tools_are_estimated_by_the_rules_of_the_model_s_provider() {
    let with = |model: &'static str, content: Content| {
        let usage = llm(|event| {
            event.payload.model = Some(model.into());
            event.payload.messages = [Message::user("12345").with(content)].into();
        });
        assert!(usage.estimated);
        usage.input.unwrap() - SENT
    };
    let picture = Content::image("https://example.com/cat.png");
    let glance = Content::image_with_detail("https://example.com/cat.png", "low");
    assert_eq!(with("gpt-4o", picture.clone()), 765);
    assert_eq!(with("gpt-4o", glance.clone()), 85);
    assert_eq!(with("claude-opus-4-8", glance), 37 * 37);
    assert_eq!(with("claude-opus-4-8", picture), 37 * 37);
    // Three quarters of 21,336 characters are 16,002 bytes: a second.
    let recording = |transcript: Option<&'static str>| Content::Audio {
        url: Some(format!("data:audio/mp3;base64,{}", "A".repeat(21_336)).into()),
        mime_type: None,
        transcript: transcript.map(Into::into),
    };
    assert_eq!(with("gpt-audio", recording(Some("not sent"))), 11);
    let said = llm(|event| {
        event.payload.replies = [Message::empty("assistant").with(recording(Some("1234")))].into();
    });
    assert_eq!(said.output, Some(21 + 4));

    let tool = tracing_llm::Tool::new("add").with_description("Adds.");
    let offered = llm(|event| event.payload.tools = [tool.clone()].into());
    assert_eq!(offered.input, Some(SENT + 7 + "add:Adds".len() as u64 + 12));
    let by_claude = llm(|event| {
        event.payload.model = Some("claude-opus-4-8".into());
        event.payload.tools = [tool.clone()].into();
    });
    let json = r#"{"description":"Adds.","name":"add"}"#;
    assert_eq!(by_claude.input, Some(SENT + 290 + json.len() as u64));
}

#[test]
fn a_schema_of_any_shape_and_depth_is_counted() {
    let offered = |parameters: Value| {
        let tool = tracing_llm::Tool::new("f").with_parameters(parameters);
        llm(|event| event.payload.tools = [tool].into()).input.unwrap() - SENT - 7 - 2 - 12
    };
    assert_eq!(offered(serde_json::json!({})), 0);
    assert_eq!(offered(serde_json::json!({"type": "object", "properties": {}})), 0);
    let one = serde_json::json!({"properties": {"x": {"type": "string"}}});
    assert_eq!(offered(one.clone()), 3 + 3 + 9);
    let nested = serde_json::json!({"properties": {"x": {"type": "array", "items": one}}});
    assert_eq!(offered(nested), 3 + 3 + 8 + (3 + 3 + 9));
    let free = serde_json::json!({"properties": {"x": {"$ref": "#/a"}}});
    assert_eq!(offered(free), 3 + 3 + 2 + 14);
    let odd = serde_json::json!({"properties": {"x": {"type": ["a"], "enum": [1, "b"]}}});
    assert_eq!(offered(odd), 3 + 3 + 8 + (1 + 1 + 3));
    let mut deep = serde_json::json!({"type": "string"});
    for _ in 0..100 {
        deep = serde_json::json!({"type": "object", "properties": {"x": deep}});
    }
    assert!(offered(deep) < 1_000);
}

#[test]
fn a_completion_is_counted_without_anything_around_it() {
    let usage = llm(|event| {
        event.payload = Payload::default();
        event.payload.prompt = Some("12345".into());
        event.payload.completion = Some("123".into());
    });
    assert_eq!(usage, estimated(Some(5), Some(3)));
}

#[test]
fn the_text_of_a_response_counts_where_there_are_no_replies() {
    let usage = llm(|event| {
        event.payload.replies = [Message::empty("assistant")].into();
        event.payload.response = Some("1234".into());
    });
    assert_eq!(usage.output, Some(4));
}

#[test]
fn an_input_or_output_that_is_a_text_counts_and_other_json_does_not() {
    let with = |input: Value, output: Value| {
        llm(|event| {
            event.payload = Payload::default();
            (event.payload.input, event.payload.output) = (Some(input), Some(output));
        })
    };
    assert_eq!(with("12".into(), "1".into()), estimated(Some(2), Some(1)));
    let json = serde_json::json!({"messages": []});
    assert_eq!(with(json.clone(), json), Usage::default());
}

#[test]
fn only_what_is_missing_is_counted() {
    let usage = llm(|event| event.payload.usage = Some(Usage::of_input(11)));
    assert_eq!(usage, estimated(Some(11), Some(RECEIVED)));
}

#[test]
fn a_part_that_a_total_tells_is_no_estimate() {
    let usage = llm(|event| {
        let mut usage = Usage::of_input(11);
        usage.reported_total = Some(18);
        event.payload.usage = Some(usage);
    });
    assert_eq!((usage.output, usage.estimated), (Some(7), false));
}

#[test]
fn the_parts_of_a_total_alone_are_estimated_and_add_up_to_it() {
    let of_total = |total: u64, change: fn(&mut Event)| {
        llm(|event| {
            let mut usage = Usage::default();
            usage.reported_total = Some(total);
            event.payload.usage = Some(usage);
            change(event);
        })
    };
    let parts = |usage: Usage| (usage.input, usage.output, usage.total(), usage.estimated);
    // The answer may have had thoughts that nobody saw: it gets the rest.
    assert_eq!(parts(of_total(100, |_| {})), (Some(SENT), Some(100 - SENT), Some(100), true));
    assert_eq!(parts(of_total(9, |_| {})), (Some(9), Some(0), Some(9), true));
    let no_input = of_total(100, |event| event.payload.messages = [].into());
    assert_eq!(parts(no_input), (Some(97), Some(3), Some(100), true));
    let no_text = of_total(100, |event| {
        (event.payload.messages, event.payload.replies) = ([].into(), [].into());
    });
    assert_eq!(parts(no_text), (None, None, Some(100), false));
}

#[test]
fn a_call_without_any_text_has_no_count() {
    assert_eq!(llm(|event| event.payload = Payload::default()), Usage::default());
    assert_eq!(embedding(|_| {}), Usage::default());
}

#[test]
fn a_call_that_failed_without_an_answer_has_no_count() {
    let failed = |change: fn(&mut Event)| {
        llm(|event| {
            event.outcome = Outcome::Error;
            event.payload.replies = [].into();
            change(event);
        })
    };
    assert_eq!(failed(|_| {}), Usage::default());
    // With a part of an answer, it was taken.
    let broken_off = failed(|event| event.payload.response = Some("12".into()));
    assert_eq!(broken_off, estimated(Some(SENT), Some(2)));
    // What the provider says holds in any case.
    let reported = failed(|event| event.payload.usage = Some(Usage::of_input(11)));
    assert_eq!(reported, Usage::of_input(11));
}

#[test]
fn a_call_that_was_cancelled_has_been_sent() {
    let usage = llm(|event| {
        event.outcome = Outcome::Cancelled;
        event.payload.replies = [].into();
    });
    assert_eq!(usage, estimated(Some(SENT), None));
}

fn streamed(finished: bool, reported: Option<Usage>, change: fn(&mut Event)) -> Usage {
    llm(|event| {
        let mut stream = StreamProgress::default();
        (stream.chunks, stream.finished) = (2, finished);
        event.payload.stream = Some(stream);
        event.payload.usage = reported;
        event.outcome = Outcome::Cancelled;
        change(event);
    })
}

#[test]
fn an_abandoned_stream_is_counted_from_what_was_received() {
    assert_eq!(streamed(false, None, |_| {}), estimated(Some(SENT), Some(RECEIVED)));
}

#[test]
fn an_abandoned_stream_counts_what_was_received_where_less_was_reported() {
    // As Anthropic reports it at the start of a message.
    let mut start = Usage::new(25, 1);
    start.reported_total = Some(26);
    let usage = streamed(false, Some(start), |_| {});
    assert_eq!(usage, estimated(Some(25), Some(RECEIVED)));
}

#[test]
fn an_abandoned_stream_counts_what_was_reported_where_it_is_more() {
    let usage = streamed(false, Some(Usage::new(25, 90)), |_| {});
    assert_eq!(usage, estimated(Some(25), Some(90)));
}

#[test]
fn a_report_stands_where_the_stream_ended_in_any_way() {
    let reported = Some(Usage::new(25, 1));
    let by = |finished, change| streamed(finished, reported, change);
    assert_eq!(by(true, |_| {}), Usage::new(25, 1));
    assert_eq!(by(false, |event| event.outcome = Outcome::Ok), Usage::new(25, 1));
    let stop = |event: &mut Event| event.payload.finish_reason = Some("stop".into());
    assert_eq!(by(false, stop), Usage::new(25, 1));
    // Nothing is known of its chunks: another library's span, which told the first token alone.
    let no_chunks = |event: &mut Event| {
        event.payload.stream = Some(StreamProgress::default());
        event.outcome = Outcome::Unset;
    };
    assert_eq!(by(false, no_chunks), Usage::new(25, 1));
}

#[test]
fn what_was_estimated_once_is_not_counted_again() {
    let first = streamed(false, Some(Usage::new(25, 1)), |_| {});
    let again = streamed(false, Some(first), |event| {
        event.payload.replies = [Message::assistant("redacted, and longer")].into();
    });
    assert_eq!(again, first);
}

#[test]
fn an_embedding_counts_its_chunks_else_its_texts_else_its_query() {
    let by_chunks = embedding(|event| {
        event.payload.chunks = ["12".into(), "345".into()].into();
        event.payload.embeddings = [Embedding::of_text("12"), Embedding::of_text("345")].into();
    });
    assert_eq!(by_chunks, estimated(Some(5), None));
    let by_texts = embedding(|event| {
        event.payload.embeddings =
            [Embedding::new("12", [0.5]), Embedding::of_vector([0.5])].into();
    });
    assert_eq!(by_texts, estimated(Some(2), None));
    let by_query = embedding(|event| event.payload.query = Some("1234".into()));
    assert_eq!(by_query, estimated(Some(4), None));
}

#[test]
fn an_embedding_s_total_is_its_input() {
    let usage = embedding(|event| {
        let mut usage = Usage::default();
        usage.reported_total = Some(10);
        event.payload.usage = Some(usage);
        event.payload.chunks = ["12".into()].into();
    });
    assert_eq!((usage.input, usage.output, usage.estimated), (Some(10), None, false));
}

struct Broken;

impl Tokenizer for Broken {
    fn count(&self, _: Option<&str>, _: &str) -> crate::CountResult {
        Err("no vocabulary".into())
    }
}

#[test]
fn what_cannot_be_counted_stays_absent_and_the_error_is_told() {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages = [Message::user("12345")].into();
    let mut reported = Usage::default();
    reported.output = Some(7);
    event.payload.usage = Some(reported);
    let Completed { usage, result, .. } = complete(&event, Kind::Llm, &Broken);
    assert_eq!(Some(usage), event.payload.usage);
    assert_eq!(result.unwrap_err().to_string(), "no vocabulary");
}

#[test]
fn a_tokenizer_that_counts_beyond_all_measure_overflows_nothing() {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages = [Message::user("1"), Message::user("2")].into();
    let Completed { usage, .. } = complete(&event, Kind::Llm, &|_: &str| usize::MAX);
    assert_eq!(usage.input, Some(u64::MAX));
}

#[test]
fn the_tokenizer_is_told_the_model_that_answered() {
    struct Asks;
    impl Tokenizer for Asks {
        fn count(&self, model: Option<&str>, _: &str) -> crate::CountResult {
            assert_eq!(model, Some("gpt-5-mini-2025-08-07"));
            Ok(1)
        }
    }
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.model = Some("gpt-5-mini".into());
    event.payload.response_model = Some("gpt-5-mini-2025-08-07".into());
    event.payload.prompt = Some("12345".into());
    assert_eq!(complete(&event, Kind::Llm, &Asks).usage.input, Some(1));
}

#[test]
fn a_prompt_whose_tokens_are_known_is_not_counted_again_for_want_of_an_answer() {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages = [Message::user("12345")].into();
    event.payload.usage = Some(Usage::of_input(9));
    let never = |_: &str| -> usize { panic!("nothing is to be counted") };
    let Completed { usage, result, .. } = complete(&event, Kind::Llm, &never);
    result.unwrap();
    assert_eq!(usage, Usage::of_input(9));
}
