#![allow(clippy::cast_precision_loss, reason = "small numbers")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use tracing_llm::{
    Context, Event, EventType, Exception, Handler, Message, Outcome, StreamProgress, Usage,
};

use super::names::{ALL, SECONDS, TOKENS};
use super::{GenAiVersion, Metrics, MetricsBuilder};

/// A series: its metric, unit and attributes as text.
type Series = (String, String, String);

/// Count, sum and bounds of each series.
type Read = BTreeMap<Series, (u64, f64, Vec<f64>)>;

fn provider() -> (SdkMeterProvider, InMemoryMetricExporter) {
    let exporter = InMemoryMetricExporter::default();
    (SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build(), exporter)
}

fn text(attributes: impl Iterator<Item = opentelemetry::KeyValue>) -> String {
    let mut list: Vec<String> =
        attributes.map(|pair| format!("{}={}", pair.key, pair.value)).collect();
    list.sort();
    list.join(" ")
}

/// What the provider has given to its exporter.
fn read(provider: &SdkMeterProvider, exporter: &InMemoryMetricExporter) -> Read {
    provider.force_flush().unwrap();
    let mut all = Read::new();
    for resource in exporter.get_finished_metrics().unwrap() {
        for scope in resource.scope_metrics() {
            assert_eq!(scope.scope().name(), "tracing-llm-otel");
            for metric in scope.metrics() {
                let key = |attributes: String| {
                    (metric.name().to_owned(), metric.unit().to_owned(), attributes)
                };
                match metric.data() {
                    AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                        for point in histogram.data_points() {
                            let bounds = point.bounds().collect();
                            let value = (point.count(), point.sum(), bounds);
                            all.insert(key(text(point.attributes().cloned())), value);
                        }
                    }
                    AggregatedMetrics::U64(MetricData::Histogram(histogram)) => {
                        for point in histogram.data_points() {
                            let bounds = point.bounds().collect();
                            let value = (point.count(), point.sum() as f64, bounds);
                            all.insert(key(text(point.attributes().cloned())), value);
                        }
                    }
                    AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                        for point in sum.data_points() {
                            let value = (0, point.value() as f64, Vec::new());
                            all.insert(key(text(point.attributes().cloned())), value);
                        }
                    }
                    other => panic!("{}: {other:?}", metric.name()),
                }
            }
        }
    }
    all
}

fn recorded(builder: MetricsBuilder, events: impl IntoIterator<Item = Event>) -> Read {
    let (provider, exporter) = provider();
    let mut metrics = builder.build(&provider);
    for event in events {
        metrics.on_end(&Arc::new(event)).unwrap();
    }
    metrics.shutdown().unwrap();
    read(&provider, &exporter)
}

fn call(id: u64) -> Event {
    let mut event = Event::new(EventType::LLM, "chat");
    event.span_id = tracing_llm::SpanId::new(id).unwrap();
    event.elapsed = Duration::from_millis(1_500);
    let payload = &mut event.payload;
    payload.model = Some("gpt-5-mini".into());
    payload.response_model = Some("gpt-5-mini-2025-08-07".into());
    payload.provider = Some("azure".into());
    payload.system = Some("openai".into());
    payload.messages = [Message::user("Hello")].into();
    payload.usage = Some(Usage::new(120, 30));
    event
}

const AZURE: &str = "gen_ai.operation.name=chat gen_ai.provider.name=azure.ai.openai \
                     gen_ai.request.model=gpt-5-mini gen_ai.response.model=gpt-5-mini-2025-08-07";

fn series(name: &str, unit: &str, attributes: &str) -> Series {
    (name.to_owned(), unit.to_owned(), attributes.to_owned())
}

#[test]
fn a_call_has_the_metrics_of_1_41_with_their_units_buckets_and_attributes() {
    let mut streamed = call(1);
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_millis(250));
    streamed.payload.stream = Some(stream);
    let attributes = &mut streamed.payload.attributes;
    attributes.insert("server.address".into(), "api.example.com".into());
    attributes.insert("server.port".into(), "443".into());
    let found = recorded(Metrics::builder(), [streamed, call(2)]);

    let server = format!("{AZURE} server.address=api.example.com server.port=443");
    let tokens = |attributes: &str, kind: &str| {
        let (model, server) = attributes.split_once(" server").unwrap_or((attributes, ""));
        let server = if server.is_empty() { String::new() } else { format!(" server{server}") };
        series(
            "gen_ai.client.token.usage",
            "{token}",
            &format!("{model} gen_ai.token.type={kind}{server}"),
        )
    };
    let duration = |attributes: &str| series("gen_ai.client.operation.duration", "s", attributes);
    let first = series("gen_ai.client.operation.time_to_first_chunk", "s", &server);
    let expected = Read::from([
        (tokens(&server, "input"), (1, 120.0, TOKENS.to_vec())),
        (tokens(&server, "output"), (1, 30.0, TOKENS.to_vec())),
        (tokens(AZURE, "input"), (1, 120.0, TOKENS.to_vec())),
        (tokens(AZURE, "output"), (1, 30.0, TOKENS.to_vec())),
        (duration(&server), (1, 1.5, SECONDS.to_vec())),
        (duration(AZURE), (1, 1.5, SECONDS.to_vec())),
        (first, (1, 0.25, SECONDS.to_vec())),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn a_call_has_the_newer_metrics_when_asked() {
    let mut event = call(1);
    let usage = event.payload.usage.as_mut().unwrap();
    (usage.audio_input, usage.cache_read, usage.reasoning) = (Some(20), Some(64), Some(8));
    let mut embed = Event::new(EventType::EMBEDDING, "embed");
    embed.span_id = tracing_llm::SpanId::new(2).unwrap();
    embed.payload.model = Some("embed-3".into());
    embed.payload.usage = Some(Usage::of_input(9));
    let mut tool = Event::new(EventType::FUNCTION_CALL, "search");
    tool.outcome = Outcome::Error;
    let mut agent = Event::new(EventType::AGENT_STEP, "step");
    agent.payload.agent = Some("planner".into());
    agent.elapsed = Duration::from_secs(3);
    let found =
        recorded(Metrics::builder().version(GenAiVersion::Latest), [event, embed, tool, agent]);

    let modality = |of: &str| format!("{AZURE} gen_ai.token.modality={of}");
    let embeddings = "gen_ai.operation.name=embeddings gen_ai.request.model=embed-3";
    let expected = [
        ("usage.input_tokens", modality("audio"), 20.0),
        ("usage.input_tokens", modality("unknown"), 100.0),
        ("usage.output_tokens", modality("unknown"), 30.0),
        ("usage.cache_read.input_tokens", modality("unknown"), 64.0),
        ("usage.cache_write.input_tokens", modality("unknown"), 0.0),
        ("usage.reasoning.output_tokens", modality("unknown"), 8.0),
        ("operation.input_tokens", AZURE.to_owned(), 120.0),
        ("operation.output_tokens", AZURE.to_owned(), 30.0),
    ];
    for (name, attributes, sum) in &expected {
        let key = series(&format!("gen_ai.client.inference.{name}"), "{token}", attributes);
        assert_eq!(found.get(&key).map(|value| value.1), Some(*sum), "{key:?} in {found:#?}");
    }
    for (name, unit, attributes, sum) in [
        ("gen_ai.client.inference.duration", "s", AZURE, 1.5),
        ("gen_ai.client.embeddings.duration", "s", embeddings, 0.0),
        ("gen_ai.client.embeddings.operation.input_tokens", "{token}", embeddings, 9.0),
        ("gen_ai.execute_tool.duration", "s", "error.type=_OTHER gen_ai.tool.name=search", 0.0),
        ("gen_ai.invoke_agent.duration", "s", "gen_ai.agent.name=planner", 3.0),
    ] {
        let key = series(name, unit, attributes);
        assert_eq!(found.get(&key).map(|value| value.1), Some(sum), "{key:?} in {found:#?}");
    }
    assert_eq!(found.len(), expected.len() + 5, "{found:#?}");
}

#[test]
fn every_name_belongs_to_one_metric_in_its_version() {
    for version in [GenAiVersion::V1_41, GenAiVersion::Latest] {
        let mut names: Vec<_> = ALL.iter().filter_map(|metric| metric.name(version)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.starts_with("gen_ai.")));
    }
}

#[test]
fn an_error_is_told_by_its_type_on_durations_alone() {
    let mut failed = call(1);
    failed.outcome = Outcome::Error;
    failed.payload.exception = Some(Exception::new("secret text").with_kind("RateLimit"));
    let mut unknown = call(2);
    unknown.outcome = Outcome::Error;
    let mut dropped = call(3);
    dropped.outcome = Outcome::Cancelled;
    let mut open = call(4);
    open.outcome = Outcome::Incomplete;
    let found = recorded(Metrics::builder(), [failed, unknown, dropped, open]);
    let durations: Vec<&str> = found
        .keys()
        .filter(|(name, ..)| name == "gen_ai.client.operation.duration")
        .map(|(_, _, attributes)| attributes.split(' ').next().unwrap())
        .collect();
    assert_eq!(durations, ["error.type=RateLimit", "error.type=_OTHER", "error.type=cancelled"]);
    let input =
        series("gen_ai.client.token.usage", "{token}", &format!("{AZURE} gen_ai.token.type=input"));
    assert_eq!(found[&input].0, 4, "tokens of all four");
    assert!(!format!("{found:?}").contains("secret"));
}

#[test]
fn estimated_usage_is_left_out_or_marked() {
    let estimated = || {
        let mut event = call(1);
        event.payload.usage.as_mut().unwrap().estimated = true;
        event
    };
    let is_usage = |(name, ..): &&Series| name == "gen_ai.client.token.usage";
    let found = recorded(Metrics::builder(), [estimated()]);
    assert_eq!(found.keys().filter(is_usage).count(), 0, "{found:?}");
    assert_eq!(found.len(), 1, "its duration");

    let found = recorded(Metrics::builder().estimated_usage(true), [estimated(), call(2)]);
    let marked = |key: &&Series| key.2.contains("tracing_llm.usage.estimated=true");
    assert_eq!(found.keys().filter(is_usage).filter(marked).count(), 2, "{found:?}");
    assert_eq!(found.keys().filter(is_usage).count(), 4, "{found:?}");

    // The newer conventions ask for zeros where no usage was reported.
    let is_tokens = |((_, unit, _), _): &(&Series, &(u64, f64, Vec<f64>))| unit == "{token}";
    let latest = || Metrics::builder().version(GenAiVersion::Latest);
    let found = recorded(latest(), [estimated()]);
    let tokens: Vec<_> = found.iter().filter(is_tokens).collect();
    assert_eq!(tokens.len(), 7, "{found:?}");
    assert!(tokens.iter().all(|(key, value)| value.1 == 0.0 && !marked(key)), "{found:?}");
    let found = recorded(latest().estimated_usage(true), [estimated()]);
    let tokens: Vec<_> = found.iter().filter(is_tokens).collect();
    assert!(tokens.iter().all(|(key, _)| marked(key)), "{found:?}");
    assert_eq!(tokens.iter().map(|(_, value)| value.1).sum::<f64>(), 2.0 * (120.0 + 30.0));
}

#[test]
fn session_user_and_tenant_are_attributes_only_when_asked_for() {
    let event = || {
        let mut context = Context::default();
        context.session_id = Some("s-1".into());
        context.user_id = Some("u-1".into());
        context.keys.insert("tenant".into(), "acme".into());
        context.keys.insert("shard".into(), 7.into());
        let mut event = call(1);
        event.context = Arc::new(context);
        event
    };
    let found = recorded(Metrics::builder(), [event()]);
    for word in ["s-1", "u-1", "acme", "session", "tenant", "shard"] {
        assert!(!format!("{found:?}").contains(word), "{word}");
    }
    let found = recorded(Metrics::builder().by_key("tenant").by_key("shard"), [event()]);
    assert!(found.keys().all(|(.., attributes)| attributes.contains("tenant=acme")), "{found:?}");
    assert!(found.keys().all(|(.., attributes)| attributes.contains("shard=7")), "{found:?}");
    assert!(!format!("{found:?}").contains("session"));
    let found = recorded(Metrics::builder().by_session().by_user(), [event()]);
    let has = |(.., attributes): &Series| {
        attributes.contains("session.id=s-1") && attributes.contains("user.id=u-1")
    };
    assert!(found.keys().all(has), "{found:?}");
}

#[test]
fn an_operation_and_a_provider_have_the_names_of_the_conventions() {
    let name = |event: Event| {
        let found = recorded(Metrics::builder(), [event]);
        found.into_keys().next().map(|(.., attributes)| attributes).unwrap()
    };
    let mut completion = Event::new(EventType::LLM, "complete");
    completion.payload.prompt = Some("Once".into());
    assert_eq!(name(completion), "gen_ai.operation.name=text_completion");
    let mut told = Event::new(EventType::LLM, "generate");
    told.payload.attributes.insert("gen_ai.operation.name".into(), "generate_content".into());
    told.payload.provider = Some("google".into());
    let said = "gen_ai.operation.name=generate_content gen_ai.provider.name=gcp.gen_ai";
    assert_eq!(name(told), said);
    for (provider, said) in
        [("mistralai", "mistral_ai"), ("OpenAI", "openai"), ("aws", "aws.bedrock"), ("own", "own")]
    {
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.provider = Some(provider.into());
        let expected = format!("gen_ai.operation.name=chat gen_ai.provider.name={said}");
        assert_eq!(name(event), expected);
    }
}

#[test]
fn the_global_provider_is_used_when_asked_for() {
    let (provider, exporter) = provider();
    global::set_meter_provider(provider.clone());
    Metrics::global().on_end(&Arc::new(call(1))).unwrap();
    assert_eq!(read(&provider, &exporter).len(), 3);
}
