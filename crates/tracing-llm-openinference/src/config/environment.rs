//! The variables of the environment. Pure: the caller looks them up.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{Builder, GenAi};
use crate::error::Error;
use crate::genai::GenAiVersion;
use crate::mask;
use crate::secret::Secret;

/// Whether spans carry GenAI attributes too.
pub(super) const GENAI: &str = "OPENINFERENCE_ENABLE_GENAI_SEMCONV";

/// Looks up a variable.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Builder {
    /// Takes what is not set in code from variables.
    pub(super) fn fill(mut self, lookup: Lookup<'_>) -> Result<Self, Error> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        self.disabled |= lookup("OTEL_SDK_DISABLED")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        if self.disabled {
            return Ok(self);
        }
        self.trace_config = self.trace_config.or_environment(&lookup);
        if let (GenAi::Default, Some(value)) = (self.genai, lookup(GENAI)) {
            self.genai = match mask::flag(value.trim()) {
                Some(true) => GenAi::Chosen(GenAiVersion::default()),
                Some(false) => GenAi::Default,
                None => GenAi::Unread,
            };
        }
        let origin = &mut self.origin;
        origin.service_name = origin.service_name.take().or_else(|| lookup("OTEL_SERVICE_NAME"));
        origin.project = origin.project.take().or_else(|| lookup("PHOENIX_PROJECT_NAME"));
        if let Some(list) = lookup("OTEL_RESOURCE_ATTRIBUTES") {
            origin.attributes = pairs("OTEL_RESOURCE_ATTRIBUTES", &list)?;
        }
        self.file = self.file.or_else(|| lookup("TRACING_LLM_SPANS_FILE").map(Into::into));
        if self.endpoint.is_none() {
            self.endpoint = endpoint(&lookup);
            if self.endpoint.is_some() {
                check_protocol(&lookup)?;
            }
        }
        if self.endpoint.is_some() { self.fill_otlp(&lookup) } else { Ok(self) }
    }

    fn fill_otlp(mut self, lookup: Lookup<'_>) -> Result<Self, Error> {
        if let (None, Some((name, list))) = (&self.headers, otlp(lookup, "HEADERS")) {
            let headers = pairs(&name, &list)?;
            self.headers =
                Some(headers.into_iter().map(|(key, value)| (key, Secret::from(value))).collect());
        }
        if let (None, Some((name, value))) = (self.timeout, otlp(lookup, "TIMEOUT")) {
            let millis = value.parse().ok().filter(|millis| *millis > 0).ok_or_else(|| {
                Error::setting(name, "is no whole number of milliseconds above zero")
            })?;
            self.timeout = Some(Duration::from_millis(millis));
        }
        Ok(self)
    }
}

/// The address that the variables name, unless they ask for another exporter than OTLP.
fn endpoint(lookup: Lookup<'_>) -> Option<Secret> {
    let exporters = lookup("OTEL_TRACES_EXPORTER");
    if exporters.is_some_and(|list| !list.split(',').any(|name| name.trim() == "otlp")) {
        return None;
    }
    let with_path = |base: String| format!("{}/v1/traces", base.trim().trim_end_matches('/'));
    lookup("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .or_else(|| lookup("OTEL_EXPORTER_OTLP_ENDPOINT").map(with_path))
        .map(Secret::from)
}

/// An endpoint of the environment may be one for another protocol.
fn check_protocol(lookup: Lookup<'_>) -> Result<(), Error> {
    match otlp(lookup, "PROTOCOL") {
        Some((name, protocol)) if protocol != "http/protobuf" => {
            Err(Error::setting(name, "is not http/protobuf, the only protocol that is spoken"))
        }
        _ => Ok(()),
    }
}

/// A variable of the OTLP exporter, with its name: the one for traces, else the one for all
/// signals.
fn otlp(lookup: Lookup<'_>, setting: &str) -> Option<(String, String)> {
    [format!("OTEL_EXPORTER_OTLP_TRACES_{setting}"), format!("OTEL_EXPORTER_OTLP_{setting}")]
        .into_iter()
        .find_map(|name| lookup(&name).map(|value| (name, value.trim().to_owned())))
}

/// `key=value,key=value`, percent-encoded (W3C baggage, without properties).
fn pairs(variable: &str, list: &str) -> Result<Vec<(String, String)>, Error> {
    list.split(',')
        .enumerate()
        .filter(|(_, entry)| !entry.trim().is_empty())
        .map(|(index, entry)| {
            // The entry itself may hold a key, so only its place is named.
            pair(entry).ok_or_else(|| {
                Error::setting(variable, format!("has no name=value as entry {}", index + 1))
            })
        })
        .collect()
}

fn pair(entry: &str) -> Option<(String, String)> {
    let (name, value) = entry.split_once('=')?;
    let decode =
        |text: &str| Some(percent_decode_str(text.trim()).decode_utf8().ok()?.into_owned());
    Some((decode(name).filter(|name| !name.is_empty())?, decode(value)?))
}
