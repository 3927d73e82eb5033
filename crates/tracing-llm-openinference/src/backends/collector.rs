//! Any place that takes OTLP, as OpenTelemetry's variables name it.

use super::Backend;
use super::choose::ByName;
use crate::config::{Protocol, Variables};
use crate::error::Error;

pub(super) const BY_NAME: ByName =
    ByName { name: "collector", chosen_by: &[TRACES_ENDPOINT, ENDPOINT], from_variables };

const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The address for traces is used as it is; the one for all signals gets the path, except for
/// gRPC, which has none.
fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let protocol = protocol(variables)?;
    let path: fn(&str) -> &'static str = match (variables.get(TRACES_ENDPOINT), protocol) {
        (None, Protocol::HttpProtobuf) => |_| "/v1/traces",
        _ => |_| "",
    };
    let usual = match protocol {
        Protocol::HttpProtobuf => "http://127.0.0.1:4318",
        Protocol::Grpc => "http://127.0.0.1:4317",
    };
    let mut backend = Backend::new(BY_NAME.name, usual, path)
        .with_server_of(variables.first([TRACES_ENDPOINT, ENDPOINT]));
    backend.protocol = protocol;
    backend.headers = match variables.otlp("HEADERS") {
        Some((name, _)) => variables.headers(&name)?,
        None => Vec::new(),
    };
    Ok(backend)
}

fn protocol(variables: Variables<'_>) -> Result<Protocol, Error> {
    match variables.otlp("PROTOCOL") {
        None => Ok(Protocol::HttpProtobuf),
        Some((name, protocol)) => match protocol.as_str() {
            "http/protobuf" => Ok(Protocol::HttpProtobuf),
            "grpc" => Ok(Protocol::Grpc),
            _ => Err(Error::setting(name, "is neither http/protobuf nor grpc")),
        },
    }
}
