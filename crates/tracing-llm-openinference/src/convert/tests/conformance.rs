//! The records of the core against what is converted, and what is written against the table.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use opentelemetry::{Array, Value};
use serde_json::json;
use tracing_llm::{
    Annotation, Content, Context, Cost, Document, Embedding, Event, EventType, Exception, Message,
    Payload, SubQuestion, Template, Tool, ToolCall, Trace, Usage,
};

use crate::convert::{Options, span};
use crate::names::{Shape, TABLE};
use crate::testing::{START, event, keys_of_the_conventions};

/// The names of a struct's fields, from its Debug output.
fn fields(record: &impl Debug) -> Vec<String> {
    let shown = format!("{record:#?}");
    shown
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| !line.starts_with([' ', '}', ']', ')']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// A new field must be converted (or said to be left out), then named here.
#[test]
fn every_field_of_the_records_is_known_here() {
    let event = fields(&Event::new(EventType::LLM, ""));
    assert_eq!(
        event.join(" "),
        "event_type name renamed kind target trace_id span_id parent_id remote_parent sampled tracestate \
         trace_name scope_id start elapsed busy outcome payload context links logs lost_bytes"
    );
    assert_eq!(
        fields(&Payload::default()).join(" "),
        "model response_model provider system parameters messages replies prompt completion \
         response finish_reason response_id tools usage cost stream query top_k documents nodes \
         chunks embeddings dimensions summaries level template sub_question tool function_call \
         function_output agent input input_mime_type output output_mime_type serialized \
         additional_kwargs exception annotations attributes"
    );
    let trace = Trace::new(tracing_llm::TraceId::FIRST, "", START);
    assert_eq!(
        fields(&trace).join(" "),
        "id name scope_id remote_parent sampled tracestate start elapsed context map"
    );
    assert_eq!(
        fields(&Context::default()).join(" "),
        "session_id user_id tags metadata template keys suppressed"
    );
    let annotation = fields(&Annotation::default());
    assert_eq!(
        annotation.join(" "),
        "name score label explanation annotator_kind identifier metadata"
    );
    assert_eq!(
        fields(&Message::default()).join(" "),
        "role contents tool_calls tool_call_id name finish_reason"
    );
    assert_eq!(
        fields(&Document::default()).join(" "),
        "id content score metadata name url mime_type"
    );
    assert_eq!(fields(&Tool::default()).join(" "), "name description parameters definition");
    assert_eq!(fields(&ToolCall::default()).join(" "), "id name arguments reasoning_signature");
    assert_eq!(
        fields(&Template::default()).join(" "),
        "template variables version id vendor url system_prompt query_wrapper_prompt"
    );
    assert_eq!(fields(&SubQuestion::default()).join(" "), "question tool answer sources");
    assert_eq!(fields(&Exception::default()).join(" "), "message kind stacktrace propagated");
    assert_eq!(
        fields(&Usage::default()).join(" "),
        "input output reported_total cache_read cache_write reasoning audio_input audio_output \
         estimated"
    );
    assert_eq!(
        fields(&Cost::default()).join(" "),
        "total input output cache_read cache_write reasoning"
    );
}

/// An event that carries every part.
pub(super) fn full(event_type: EventType) -> Event {
    let mut document = Document::new("text").with_id("n").with_score(0.5).with_metadata(json!({}));
    document.name = Some("name".into());
    document.url = Some("https://example.com".into());
    document.mime_type = Some("text/plain".into());
    let mut call = ToolCall::new("f", "{}").with_id("c");
    call.reasoning_signature = Some("sig".into());
    let mut tool = Tool::new("f").with_description("does").with_parameters(json!({}));
    tool.definition = Some(json!({"name": "f"}));
    let mut message = Message::user("hi")
        .with(Content::image("https://example.com"))
        .with(Content::Video { url: "https://example.com".into() })
        .with(Content::Document(document.clone()))
        .with(Content::Audio {
            url: Some("https://example.com".into()),
            mime_type: Some("audio/wav".into()),
            transcript: Some("meow".into()),
        })
        .with(Content::reasoning_item(
            Some("hm".into()),
            Some("sig".into()),
            Some("enc".into()),
            Some("rs".into()),
        ))
        .with(Content::ToolUse(call.clone()))
        .with_tool_call(call.clone());
    message.name = Some("n".into());
    message.tool_call_id = Some("c".into());

    let mut event = event(event_type, "full");
    let payload = &mut event.payload;
    payload.model = Some("m".into());
    payload.response_model = Some("m".into());
    payload.provider = Some("openai".into());
    payload.system = Some("openai".into());
    payload.parameters = Some(json!({"a": 1}));
    payload.messages = vec![message.clone()].into();
    payload.replies = vec![message].into();
    payload.prompt = Some("p".into());
    payload.completion = Some("c".into());
    payload.finish_reason = Some("stop".into());
    payload.tools = vec![tool.clone()].into();
    payload.tool = Some(tool);
    let mut usage = Usage::new(1, 2);
    usage.cache_read = Some(1);
    usage.cache_write = Some(1);
    usage.reasoning = Some(1);
    usage.audio_input = Some(1);
    usage.audio_output = Some(1);
    payload.usage = Some(usage);
    let mut cost = Cost::default();
    cost.total = Some(1.0);
    cost.input = Some(0.5);
    cost.output = Some(0.5);
    cost.cache_read = Some(0.1);
    cost.cache_write = Some(0.1);
    cost.reasoning = Some(0.1);
    payload.cost = Some(cost);
    payload.query = Some("q".into());
    payload.top_k = Some(3);
    payload.documents = vec![document.clone()].into();
    payload.nodes = vec![document].into();
    payload.embeddings = vec![Embedding::new("e", vec![0.5])].into();
    let mut template = Template::new("t").with_variables(json!({})).with_version("1");
    template.id = Some("p".into());
    template.vendor = Some("v".into());
    template.url = Some("https://example.com".into());
    payload.template = Some(template);
    payload.function_call = Some(call);
    payload.agent = Some("a".into());
    payload.annotations = vec![
        Annotation::new("n")
            .with_score(0.5)
            .with_label("l")
            .with_explanation("e")
            .with_annotator_kind("LLM")
            .with_identifier("i")
            .with_metadata(json!({})),
    ]
    .into();
    let mut context = Context::default();
    context.session_id = Some("s".into());
    context.user_id = Some("u".into());
    context.tags = vec!["t".into()];
    context.metadata = Some(json!({}));
    event.context = Arc::new(context);
    event
}

/// The table's entry for a key: whole, or for a leaf of a flattened list its last name.
fn shape(key: &str) -> Option<Shape> {
    let find = |name: &str| TABLE.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape);
    let starts = std::iter::once(0).chain(key.match_indices('.').map(|(at, _)| at + 1));
    // The longest end of the key that is a name.
    starts.filter_map(|at| find(&key[at..])).next()
}

#[test]
fn every_attribute_that_is_written_has_the_shape_of_the_table() {
    let mut written = 0;
    for event_type in EventType::ALL {
        let span = span(
            &full(*event_type),
            Options { embedding_vectors: true, parsed_texts: true, ..Options::default() },
        );
        for pair in &span.attributes {
            let key = pair.key.as_str();
            if key.starts_with("tracing_llm.") {
                continue;
            }
            let shape = shape(key).unwrap_or_else(|| panic!("{key} is no name of the table"));
            let fits = match &pair.value {
                Value::String(_) => matches!(shape, Shape::String | Shape::StringOrInt),
                Value::I64(_) => matches!(shape, Shape::Int | Shape::Number | Shape::StringOrInt),
                Value::F64(_) => matches!(shape, Shape::Float | Shape::Number),
                Value::Bool(_) => shape == Shape::Bool,
                Value::Array(Array::String(_)) => shape == Shape::Strings,
                Value::Array(Array::F64(_)) => shape == Shape::Floats,
                _ => false,
            };
            let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            let fits = fits || (shape == Shape::Json && is_json(&pair.value.as_str()));
            assert!(fits, "{key} is {shape:?}, but {:?} was written", pair.value);
            written += 1;
        }
    }
    assert!(written > 500, "{written}");
}

/// The paths that no event of ours fills, with the reason.
const NOT_WRITTEN: &[(&str, &str)] = &[
    (
        "message_content.data",
        "another name for what only Anthropic's own can read; tested by itself",
    ),
    (
        "llm.token_count.prompt_details.cache_input",
        "older name of cache_read; counted twice beside it",
    ),
    ("evaluation.", "the same as annotations, by another word"),
    ("evaluations", "the same as annotations, by another word"),
    ("exception.", "on span events, tested there"),
    ("tool_call.", "on a TOOL span the call is tool.id and tool.parameters"),
];

/// A path with its indexes taken out: `llm.tools.#.tool.name`.
fn general(path: &str) -> String {
    let is_index = |step: &str| {
        step.starts_with('{') || (!step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()))
    };
    let steps = path.split('.').map(|step| if is_index(step) { "#" } else { step });
    steps.collect::<Vec<_>>().join(".")
}

#[test]
fn every_path_of_the_conventions_is_written_or_it_is_said_why_not() {
    let mut written = HashSet::new();
    for event_type in EventType::ALL {
        let mut event = full(*event_type);
        let payload = &mut event.payload;
        payload.response_model = Some("m-2026".into());
        // One message with nothing but a text has another form.
        payload.replies = payload.messages.iter().cloned().chain([Message::user("hi")]).collect();
        payload.messages = payload.replies.clone();
        for (key, value) in [
            ("graph.node.id", json!("n")),
            ("graph.node.name", json!("n")),
            ("graph.node.parent_id", json!("p")),
            ("input.images", json!([{"image.url": "u"}])),
            ("output.images.0.image.url", json!("u")),
            ("trace.annotations", json!([{"annotation": {"name": "n", "score": 1}}])),
            ("session.annotations", json!([{"annotation": {"name": "n", "score": 1}}])),
            ("llm.cost.prompt_details.input", json!(0.5)),
            ("llm.cost.prompt_details.audio", json!(0.5)),
            ("llm.cost.prompt_details.cache_input", json!(0.5)),
            ("llm.cost.completion_details.output", json!(0.5)),
            ("llm.cost.completion_details.audio", json!(0.5)),
        ] {
            payload.attributes.insert(key.into(), value);
        }
        let options = Options { embedding_vectors: true, parsed_texts: true, ..Options::default() };
        let span = span(&event, options);
        written.extend(span.attributes.iter().map(|pair| general(pair.key.as_str())));
    }
    let mut missing = Vec::new();
    for key in keys_of_the_conventions().into_iter().filter(|key| !key.deprecated) {
        let shape = TABLE.iter().find(|(name, _)| *name == key.name).unwrap().1;
        let excused = NOT_WRITTEN.iter().any(|(name, _)| key.name.starts_with(name));
        if excused || matches!(shape, Shape::Prefix | Shape::Object) {
            continue;
        }
        for path in &key.paths {
            let path = general(path);
            let is_written = match shape {
                Shape::List => written.iter().any(|key| key.starts_with(&format!("{path}."))),
                _ => written.contains(&path),
            };
            // Feedback on a trace or session passes through as it came.
            let passes = path.starts_with("trace.") || path.starts_with("session.");
            if !is_written && !passes {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "not written: {missing:#?}");
}

#[test]
fn a_thought_that_only_anthropic_can_read_is_its_data() {
    let mut event = event(EventType::LLM, "chat");
    let thought = Content::reasoning_item(None, None, Some("sealed".into()), None);
    event.payload.replies = vec![Message::empty("assistant").with(thought)].into();
    event.payload.system = Some("anthropic".into());
    let shown = super::shown(&event);
    let contents = "llm.output_messages.0.message.contents.0.message_content";
    assert_eq!(shown[&format!("{contents}.data")], "sealed");
    assert!(!shown.contains_key(&format!("{contents}.encrypted_content")));
}
