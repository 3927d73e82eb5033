//! Which backend the environment names. Pure: a guess is never made.

use super::{Backend, arize, collector, langfuse, mlflow, phoenix, weave};
use crate::config::Variables;
use crate::error::Error;

/// How the environment names a backend.
pub(super) struct ByName {
    /// Its name in `TRACING_LLM_BACKEND`.
    pub(super) name: &'static str,
    /// The variables each of which chooses it; none, if they serve other purposes too.
    pub(super) chosen_by: &'static [&'static str],
    pub(super) from_variables: fn(Variables<'_>) -> Result<Backend, Error>,
}

const ALL: [ByName; 6] = [
    phoenix::BY_NAME,
    arize::BY_NAME,
    langfuse::BY_NAME,
    weave::BY_NAME,
    mlflow::BY_NAME,
    collector::BY_NAME,
];

const BACKEND: &str = "TRACING_LLM_BACKEND";

/// The backend that `TRACING_LLM_BACKEND` names, else the only one that other variables name;
/// none, if the environment asks for another exporter than OTLP.
pub(crate) fn choose(variables: Variables<'_>) -> Result<Option<Backend>, Error> {
    let exporters = variables.get("OTEL_TRACES_EXPORTER");
    if exporters.is_some_and(|list| !list.split(',').any(|name| name.trim() == "otlp")) {
        return Ok(None);
    }
    if let Some(name) = variables.get(BACKEND) {
        return named(&name)?.map(|backend| (backend.from_variables)(variables)).transpose();
    }
    let found: Vec<_> = ALL
        .iter()
        .filter_map(|backend| {
            let (variable, _) = variables.first(backend.chosen_by.iter().copied())?;
            Some((backend, variable))
        })
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [(only, _)] => (only.from_variables)(variables).map(Some),
        several => Err(ambiguous(several)),
    }
}

fn named(name: &str) -> Result<Option<&'static ByName>, Error> {
    if name.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let found = ALL.iter().find(|backend| backend.name.eq_ignore_ascii_case(name));
    found.map(Some).ok_or_else(|| {
        let names = ALL.each_ref().map(|backend| backend.name).join(", ");
        Error::setting(BACKEND, format!("is none of {names}, none"))
    })
}

fn ambiguous(several: &[(&ByName, &str)]) -> Error {
    let variables: Vec<_> = several.iter().map(|(_, variable)| *variable).collect();
    let names: Vec<_> = several.iter().map(|(backend, _)| backend.name).collect();
    Error::setting(
        variables.join(" and "),
        format!("name {} backends: set {BACKEND} to one of {}", several.len(), names.join(", ")),
    )
}
