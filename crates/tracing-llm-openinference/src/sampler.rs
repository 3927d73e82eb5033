//! Which traces are exported: OpenTelemetry's samplers, for whole traces.

use tracing_llm::TraceId;

use crate::config::Variables;
use crate::error::Error;

/// A choice of whole traces. Each span of a trace gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sampler {
    /// The share of the traces that begin here, from 0 to 1.
    share: f64,
    /// Whether another process's choice for its trace decides.
    follows_parent: bool,
}

impl Default for Sampler {
    /// What the specification asks for where nothing is set, `parentbased_always_on`: everything
    /// that begins here, and of other processes' traces those that they sample.
    fn default() -> Self {
        Self { share: 1.0, follows_parent: true }
    }
}

impl Sampler {
    /// The sampler that `OTEL_TRACES_SAMPLER` and its `_ARG` name.
    pub(crate) fn from_variables(variables: Variables<'_>) -> Result<Self, Error> {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        let Some(name) = variables.get(NAME) else { return Ok(Self::default()) };
        let (follows_parent, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, name.as_str()),
        };
        let share = match kind {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio(variables)?,
            _ => {
                return Err(Error::setting(
                    NAME,
                    "is none of always_on, always_off, traceidratio, or these with parentbased_",
                ));
            }
        };
        Ok(Self { share, follows_parent })
    }

    /// Whether a trace is taken; `told` is what another process chose for it.
    pub(crate) fn takes(self, trace: TraceId, told: Option<bool>) -> bool {
        match told {
            Some(sampled) if self.follows_parent => sampled,
            _ => trace.is_in_share(self.share),
        }
    }

    /// Whether a trace of which only the id is known may have been taken.
    pub(crate) fn may_have_taken(self, trace: TraceId) -> bool {
        self.follows_parent || trace.is_in_share(self.share)
    }
}

/// Without an argument the share is the whole.
fn ratio(variables: Variables<'_>) -> Result<f64, Error> {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(value) = variables.get(NAME) else { return Ok(1.0) };
    value
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Error::setting(NAME, "is no number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(name: &str, argument: &str) -> Result<Sampler, Error> {
        Sampler::from_variables(Variables::new(&|variable| match variable {
            "OTEL_TRACES_SAMPLER" => Some(name.to_owned()),
            "OTEL_TRACES_SAMPLER_ARG" => Some(argument.to_owned()),
            _ => None,
        }))
    }

    fn trace(random: u128) -> TraceId {
        TraceId::new(1 << 127 | random).unwrap()
    }

    const LOW: u128 = 1;
    const MIDDLE: u128 = 1 << 55;
    const HIGH: u128 = (1 << 56) - 1;

    #[test]
    fn each_sampler_takes_its_share_of_the_traces() {
        for (name, argument, [low, middle, high]) in [
            ("", "0.1", [true, true, true]),
            ("always_on", "", [true, true, true]),
            ("always_off", "1", [false, false, false]),
            ("traceidratio", "0.25", [true, false, false]),
            ("traceidratio", "0.75", [true, true, false]),
            ("traceidratio", "0", [false, false, false]),
            ("traceidratio", "1", [true, true, true]),
            ("traceidratio", "", [true, true, true]),
            ("parentbased_always_on", "", [true, true, true]),
            ("parentbased_always_off", "", [false, false, false]),
            ("parentbased_traceidratio", "0.75", [true, true, false]),
        ] {
            let sampler = sampler(name, argument).unwrap();
            let taken = [LOW, MIDDLE, HIGH].map(|random| sampler.takes(trace(random), None));
            assert_eq!(taken, [low, middle, high], "{name} {argument}");
        }
    }

    #[test]
    fn only_parentbased_samplers_follow_another_process() {
        for (name, told, taken) in [
            ("parentbased_always_on", false, false),
            ("parentbased_always_off", true, true),
            ("parentbased_traceidratio", true, true),
            ("parentbased_traceidratio", false, false),
            ("always_on", false, true),
            ("always_off", true, false),
            ("", false, false),
            ("", true, true),
        ] {
            let sampler = sampler(name, "0.5").unwrap();
            assert_eq!(sampler.takes(trace(HIGH), Some(told)), taken, "{name} {told}");
        }
    }

    #[test]
    fn what_is_no_sampler_is_an_error() {
        let error = sampler("jaeger_remote", "").unwrap_err();
        assert!(error.to_string().starts_with("OTEL_TRACES_SAMPLER is none of"), "{error}");
        for argument in ["-0.1", "1.1", "NaN", "half"] {
            let error = sampler("traceidratio", argument).unwrap_err();
            assert_eq!(error.to_string(), "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1");
        }
    }
}
