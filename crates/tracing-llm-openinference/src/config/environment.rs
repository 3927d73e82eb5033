//! What the variables of the environment set.

use std::time::Duration;

use super::{Builder, Variables, limits, transport};
use crate::backends::{self, phoenix_project};
use crate::error::Error;
use crate::sampler::Sampler;

impl Builder {
    /// Takes from the environment what is not set in code.
    ///
    /// What to send to:
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | any collector: the address as it is |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | any collector: the address with `/v1/traces` added |
    /// | `PHOENIX_COLLECTOR_ENDPOINT` | Phoenix; with `PHOENIX_API_KEY`, `PHOENIX_CLIENT_HEADERS`, `PHOENIX_PROJECT` (or `PHOENIX_PROJECT_NAME`) |
    /// | `ARIZE_SPACE_ID` | Arize AX; with `ARIZE_API_KEY`, `ARIZE_PROJECT_NAME`, `ARIZE_COLLECTOR_ENDPOINT` |
    /// | `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY` | Langfuse; with `LANGFUSE_BASE_URL` (or `LANGFUSE_HOST`), `LANGFUSE_TRACING_ENVIRONMENT`, `LANGFUSE_RELEASE` |
    /// | `TRACING_LLM_BACKEND` | which of `phoenix`, `arize`, `langfuse`, `weave`, `mlflow`, `collector` is meant, or `none` |
    /// | `TRACING_LLM_SPANS_FILE` | the file |
    /// | `OTEL_TRACES_EXPORTER` | without `otlp` in it, such as `none`: nothing of the above but the file |
    /// | `OTEL_SDK_DISABLED` | `true`: nothing is exported at all, whatever the code says |
    ///
    /// Two of them at once are an error that names both, not a guess; `TRACING_LLM_BACKEND`
    /// decides. Weave (`WANDB_API_KEY`, `WANDB_ENTITY`, `WANDB_PROJECT`, `WANDB_BASE_URL`) and
    /// MLflow (`MLFLOW_TRACKING_URI`, `MLFLOW_EXPERIMENT_ID`, `MLFLOW_TRACKING_TOKEN`, or
    /// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`) are chosen by it alone: on many
    /// machines these variables stand for training runs, and are no wish to send traces.
    ///
    /// How it is sent:
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]HEADERS` | headers for a collector: `name=value,name=value`, percent-encoded; backends by name send their own alone |
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]PROTOCOL` | `http/protobuf` or `grpc`, for a collector |
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]TIMEOUT` | the timeout in milliseconds |
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]COMPRESSION` | `gzip` or `none` |
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]CERTIFICATE` | certificates (PEM) that are trusted |
    /// | `OTEL_EXPORTER_OTLP_[TRACES_]CLIENT_CERTIFICATE`, `…CLIENT_KEY` | our own certificate and key (PEM) |
    /// | `TRACING_LLM_SPOOL_DIR` | the spool's folder |
    /// | `TRACING_LLM_SPOOL_MAX_BYTES`, `TRACING_LLM_SPOOL_MAX_AGE` | its bounds, the age in seconds |
    ///
    /// What is in it:
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `OTEL_SERVICE_NAME` | the service's name |
    /// | `OTEL_RESOURCE_ATTRIBUTES` | more attributes of the resource |
    /// | `PHOENIX_PROJECT`, `PHOENIX_PROJECT_NAME` | the project, for a collector and a file too |
    /// | `OPENINFERENCE_HIDE_*`, `OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH`, `TRACING_LLM_MASK_STRICT` | what is hidden: see [`TraceConfig`](crate::TraceConfig) |
    /// | `OPENINFERENCE_ENABLE_GENAI_SEMCONV` | `true`: [`genai`](Self::genai) with [`GenAiVersion::V1_41`](crate::GenAiVersion::V1_41) |
    /// | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `always_on`, `always_off`, `traceidratio`, or these with `parentbased_`: whole traces, by their ids; `parentbased_always_on`, which leaves out what a caller, or the tracer that is linked to, does not sample |
    /// | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, else `OTEL_ATTRIBUTE_COUNT_LIMIT` | how many attributes a span may have; 10,000 |
    /// | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | how many characters a value may have; no limit |
    /// | `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT` | span events, and attributes of each; 128 |
    /// | `OTEL_SPAN_LINK_COUNT_LIMIT`, `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` | links, and attributes of each; 128 |
    ///
    /// A variable that is empty counts as not set. Without a place to send to it is off: it is
    /// not `localhost`. A backend or an endpoint in code is all that is sent to; only how it is
    /// sent and what is in it then comes from the environment, and, for an endpoint without a
    /// header in code, the headers for a collector.
    ///
    /// # Errors
    ///
    /// If a variable has a value that cannot be read, or if two name a place. No value is in the
    /// error: it may be a key. A variable of masking or of GenAI that cannot be read is no error,
    /// but counts as not set and is said once.
    pub fn environment(self) -> Result<Self, Error> {
        self.fill(Variables::new(&|name| std::env::var(name).ok()))
    }

    pub(super) fn fill(mut self, variables: Variables<'_>) -> Result<Self, Error> {
        let disabled = variables.get("OTEL_SDK_DISABLED");
        self.disabled |= disabled.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if self.disabled {
            return Ok(self);
        }
        self.file = self.file.or_else(|| variables.get("TRACING_LLM_SPANS_FILE").map(Into::into));
        self.words.fill(variables);
        self.fill_place(variables)?;
        self.fill_origin(variables)?;
        self.transport.fill(variables)?;
        self.limits = limits::filled(self.limits, variables)?;
        self.selection.sampler = Sampler::from_variables(variables)?;
        Ok(self)
    }

    /// Where to send, and the headers for there.
    fn fill_place(&mut self, variables: Variables<'_>) -> Result<(), Error> {
        match (&self.endpoint, &self.backend) {
            (None, None) => self.backend = backends::choose(variables)?,
            (Some(_), None) if self.headers.is_empty() => {
                self.headers = transport::headers(variables)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_origin(&mut self, variables: Variables<'_>) -> Result<(), Error> {
        let origin = &mut self.origin;
        origin.attributes = variables.pairs("OTEL_RESOURCE_ATTRIBUTES")?;
        if origin.service_name.is_none() {
            origin.service_name = variables.get("OTEL_SERVICE_NAME");
        }
        // A collector may forward to Phoenix, and a file may be sent there.
        let of_phoenix = match &self.backend {
            None => true,
            Some(backend) => backend.name() == "collector",
        };
        if origin.project.is_none() && of_phoenix {
            origin.project = phoenix_project(variables);
        }
        Ok(())
    }
}

/// Milliseconds above zero.
pub(super) fn millis(name: &str, value: &str) -> Result<Duration, Error> {
    value
        .parse()
        .ok()
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| Error::setting(name, "is no whole number of milliseconds above zero"))
}
