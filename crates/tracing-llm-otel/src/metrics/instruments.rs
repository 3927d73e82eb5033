//! The instruments of one version, and what is recorded with them.

use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use tracing_llm::{Event, EventType, Usage};

use super::GenAiVersion;
use super::convert;
use super::names::{self, Metric};
use super::record::{Record, elapsed};
use super::settings::Settings;

/// Our name as an instrumentation scope.
const SCOPE: &str = env!("CARGO_PKG_NAME");
/// Where the conventions of 1.41.1 stand. The newer ones have no release that could be named.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.41.1";

/// A meter of this crate.
pub(super) fn meter(provider: &dyn MeterProvider, schema: Option<&'static str>) -> Meter {
    let scope = InstrumentationScope::builder(SCOPE).with_version(env!("CARGO_PKG_VERSION"));
    provider.meter_with_scope(match schema {
        Some(schema) => scope.with_schema_url(schema).build(),
        None => scope.build(),
    })
}

/// What the version does not have is not there.
pub(super) struct Instruments {
    token_usage: Option<Histogram<u64>>,
    duration: Option<Histogram<f64>>,
    first_chunk: Option<Histogram<f64>>,
    embeddings_duration: Option<Histogram<f64>>,
    embeddings_input: Option<Histogram<u64>>,
    operation_input: Option<Histogram<u64>>,
    operation_output: Option<Histogram<u64>>,
    usage_input: Option<Counter<u64>>,
    usage_output: Option<Counter<u64>>,
    usage_cache_read: Option<Counter<u64>>,
    usage_cache_write: Option<Counter<u64>>,
    usage_reasoning: Option<Counter<u64>>,
    tool_duration: Option<Histogram<f64>>,
    agent_duration: Option<Histogram<f64>>,
}

impl Instruments {
    pub(super) fn new(version: GenAiVersion, provider: &dyn MeterProvider) -> Self {
        let meter = meter(provider, (version == GenAiVersion::V1_41).then_some(SCHEMA));
        let seconds = |metric: Metric| {
            Some(
                meter
                    .f64_histogram(metric.name(version)?)
                    .with_unit(metric.unit)
                    .with_description(metric.description)
                    .with_boundaries(metric.buckets.to_vec())
                    .build(),
            )
        };
        let tokens = |metric: Metric| {
            Some(
                meter
                    .u64_histogram(metric.name(version)?)
                    .with_unit(metric.unit)
                    .with_description(metric.description)
                    .with_boundaries(metric.buckets.to_vec())
                    .build(),
            )
        };
        let counter = |metric: Metric| {
            let counter = meter.u64_counter(metric.name(version)?);
            Some(counter.with_unit(metric.unit).with_description(metric.description).build())
        };
        Self {
            token_usage: tokens(names::TOKEN_USAGE),
            duration: seconds(names::DURATION),
            first_chunk: seconds(names::FIRST_CHUNK),
            embeddings_duration: seconds(names::EMBEDDINGS_DURATION),
            embeddings_input: tokens(names::EMBEDDINGS_INPUT),
            operation_input: tokens(names::OPERATION_INPUT),
            operation_output: tokens(names::OPERATION_OUTPUT),
            usage_input: counter(names::USAGE_INPUT),
            usage_output: counter(names::USAGE_OUTPUT),
            usage_cache_read: counter(names::USAGE_CACHE_READ),
            usage_cache_write: counter(names::USAGE_CACHE_WRITE),
            usage_reasoning: counter(names::USAGE_REASONING),
            tool_duration: seconds(names::TOOL_DURATION),
            agent_duration: seconds(names::AGENT_DURATION),
        }
    }

    /// Records a call that counts.
    pub(super) fn call(&self, record: &Record) {
        let Record { is_embedding, attributes, error, usage, elapsed, first_chunk } = record;
        let (is_embedding, usage) = (*is_embedding, *usage);
        let mut with_error = attributes.clone();
        with_error.extend(error.clone());

        let apart = self.embeddings_duration.as_ref().filter(|_| is_embedding);
        time(apart.or(self.duration.as_ref()), *elapsed, &with_error);
        time(self.first_chunk.as_ref(), *first_chunk, attributes);

        let estimated = usage.is_some_and(|usage| usage.estimated);
        let mark = estimated.then(|| KeyValue::new(names::ESTIMATED, true));
        let marked = |mut list: Vec<KeyValue>| {
            list.extend(mark.clone());
            list
        };
        if let Some(token_usage) = &self.token_usage {
            let usage = usage.unwrap_or_default();
            for (tokens, kind) in [(usage.input, "input"), (usage.output, "output")] {
                if let Some(tokens) = tokens {
                    let kind = KeyValue::new(names::TOKEN_TYPE, kind);
                    token_usage.record(tokens, &marked(with(attributes, kind)));
                }
            }
        }
        match (&self.embeddings_input, is_embedding) {
            (Some(input), true) => {
                if let Some(tokens) = usage.and_then(|usage| usage.input) {
                    input.record(tokens, &marked(attributes.clone()));
                }
            }
            // The conventions ask for zeros where a response said nothing of its usage.
            _ => {
                let usage = usage.unwrap_or_default();
                self.inference(usage, &marked(attributes.clone()), &marked(with_error));
            }
        }
    }

    /// The tokens of a model call, by the newer conventions.
    fn inference(&self, usage: Usage, attributes: &[KeyValue], with_error: &[KeyValue]) {
        for (histogram, tokens) in
            [(&self.operation_input, usage.input), (&self.operation_output, usage.output)]
        {
            if let Some(histogram) = histogram {
                histogram.record(tokens.unwrap_or_default(), with_error);
            }
        }
        for (counter, tokens, audio) in [
            (&self.usage_input, usage.input, usage.audio_input),
            (&self.usage_output, usage.output, usage.audio_output),
            (&self.usage_cache_read, usage.cache_read, None),
            (&self.usage_cache_write, usage.cache_write, None),
            (&self.usage_reasoning, usage.reasoning, None),
        ] {
            let Some(counter) = counter else { continue };
            let modality = |of| with(attributes, KeyValue::new(names::TOKEN_MODALITY, of));
            let audio = audio.unwrap_or_default();
            // Texts and pictures are not told apart in what is left.
            let rest = tokens.unwrap_or_default().saturating_sub(audio);
            counter.add(rest, &modality("unknown"));
            if audio > 0 {
                counter.add(audio, &modality("audio"));
            }
        }
    }

    /// Records what is no call: a tool that ran, an agent's step.
    pub(super) fn stage(&self, event: &Event, settings: &Settings) {
        let (histogram, mut attributes) = match event.event_type {
            EventType::FUNCTION_CALL => (&self.tool_duration, convert::of_tool(event, settings)),
            EventType::AGENT_STEP => (&self.agent_duration, convert::of_agent(event, settings)),
            _ => return,
        };
        attributes.extend(convert::error(event));
        time(histogram.as_ref(), elapsed(event), &attributes);
    }
}

/// Records how long something took, where that is known.
fn time(histogram: Option<&Histogram<f64>>, took: Option<Duration>, attributes: &[KeyValue]) {
    if let (Some(histogram), Some(took)) = (histogram, took) {
        histogram.record(took.as_secs_f64(), attributes);
    }
}

fn with(attributes: &[KeyValue], more: KeyValue) -> Vec<KeyValue> {
    let mut list = attributes.to_vec();
    list.push(more);
    list
}
