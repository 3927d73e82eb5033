use super::*;

fn from(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    with(Builder::default(), variables)
}

fn with(builder: Builder, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    builder.fill(&lookup)?.resolve()
}

fn otlp(variables: &[(&str, &str)]) -> OtlpSettings {
    from(variables).unwrap().otlp.unwrap()
}

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

#[test]
fn an_empty_environment_means_off_and_not_localhost() {
    let settings = from(&[]).unwrap();
    assert!(settings.otlp.is_none());
    assert!(settings.file.is_none());
    assert!(!settings.disabled);
    assert!(from(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap().otlp.is_none());
}

#[test]
fn the_base_endpoint_gets_the_path_and_the_one_for_traces_is_used_as_it_is() {
    let url = |variables: &[(&str, &str)]| otlp(variables).endpoint.to_url();
    assert_eq!(url(&[BASE]), "http://127.0.0.1:4318/v1/traces");
    assert_eq!(
        url(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example/otlp/")]),
        "http://c.example/otlp/v1/traces"
    );
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c.example/mine");
    assert_eq!(url(&[BASE, traces]), "http://c.example/mine");
}

#[test]
fn another_exporter_takes_no_endpoint_from_the_environment() {
    for (value, on) in [("none", false), ("zipkin", false), ("console, otlp", true), ("", true)] {
        let settings = from(&[BASE, ("OTEL_TRACES_EXPORTER", value)]).unwrap();
        assert_eq!(settings.otlp.is_some(), on, "{value}");
    }
    let code = Builder::default().endpoint("http://c.example/");
    assert!(with(code, &[("OTEL_TRACES_EXPORTER", "none")]).unwrap().otlp.is_some());
}

#[test]
fn a_disabled_sdk_exports_nothing_whatever_the_code_says() {
    let code = Builder::default().endpoint("http://c.example/").file("spans.jsonl");
    let settings = with(code, &[("OTEL_SDK_DISABLED", "TRUE")]).unwrap();
    assert!(settings.disabled && settings.otlp.is_none() && settings.file.is_none());
    let on = from(&[BASE, ("OTEL_SDK_DISABLED", "1")]).unwrap();
    assert!(!on.disabled && on.otlp.is_some());
}

#[test]
fn headers_are_decoded_and_those_for_traces_stand_alone() {
    let headers = |variables: &[(&str, &str)]| {
        let headers = otlp(variables).headers;
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.expose()))
            .collect::<Vec<_>>()
    };
    let general = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20a%3D%3D, x = y ,");
    assert_eq!(headers(&[BASE, general]), ["authorization: Basic a==", "x: y"]);
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=k=v");
    assert_eq!(headers(&[BASE, general, traces]), ["api-key: k=v"]);
}

#[test]
fn the_timeout_is_read_in_milliseconds() {
    assert_eq!(otlp(&[BASE]).timeout, Duration::from_secs(10));
    let settings = otlp(&[
        BASE,
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"),
    ]);
    assert_eq!(settings.timeout, Duration::from_millis(2_500));
}

#[test]
fn what_is_set_in_code_wins() {
    let code = Builder::default()
        .endpoint("http://code.example/v1/traces")
        .header("a", "b")
        .timeout(Duration::from_secs(1))
        .file("code.jsonl")
        .project("code")
        .service_name("code");
    let settings = with(
        code,
        &[
            BASE,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "c=d"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("TRACING_LLM_SPANS_FILE", "env.jsonl"),
            ("PHOENIX_PROJECT_NAME", "env"),
            ("OTEL_SERVICE_NAME", "env"),
        ],
    )
    .unwrap();
    let otlp = settings.otlp.unwrap();
    assert_eq!(otlp.endpoint.to_url(), "http://code.example/v1/traces");
    assert_eq!(otlp.headers, [("a".to_owned(), Secret::from("b".to_owned()))]);
    assert_eq!(otlp.timeout, Duration::from_secs(1));
    assert_eq!(settings.file, Some("code.jsonl".into()));
    assert_eq!(settings.origin.project.as_deref(), Some("code"));
    assert_eq!(settings.origin.service_name.as_deref(), Some("code"));
}

#[test]
fn file_service_project_and_resource_come_from_their_variables() {
    let settings = from(&[
        ("TRACING_LLM_SPANS_FILE", "out/spans.jsonl"),
        ("OTEL_SERVICE_NAME", "docs"),
        ("PHOENIX_PROJECT_NAME", "handbook"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,team=a%20b"),
    ])
    .unwrap();
    assert!(settings.otlp.is_none());
    assert_eq!(settings.file, Some("out/spans.jsonl".into()));
    assert_eq!(
        settings.origin,
        Origin {
            service_name: Some("docs".into()),
            project: Some("handbook".into()),
            attributes: vec![
                ("deployment.environment.name".into(), "test".into()),
                ("team".into(), "a b".into()),
            ],
        }
    );
}

#[test]
fn a_variable_that_cannot_be_read_is_named_without_its_value() {
    for (variable, value, expected) in [
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "a=b,s3cret",
            "OTEL_EXPORTER_OTLP_HEADERS has no name=value as entry 2",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "=s3cret",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS has no name=value as entry 1",
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "s3cret",
            "OTEL_RESOURCE_ATTRIBUTES has no name=value as entry 1",
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "10s",
            "OTEL_EXPORTER_OTLP_TIMEOUT is no whole number of milliseconds above zero",
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "0",
            "OTEL_EXPORTER_OTLP_TIMEOUT is no whole number of milliseconds above zero",
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "OTEL_EXPORTER_OTLP_PROTOCOL is not http/protobuf, the only protocol that is spoken",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "s3cret",
            "the endpoint is no http:// or https:// address",
        ),
    ] {
        let error = from(&[BASE, (variable, value)]).unwrap_err();
        assert!(error.is_setting());
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn no_header_value_is_in_the_debug_output() {
    let builder =
        Builder::default().endpoint("http://c.example/?key=s3cret").header("api-key", "s3cret");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("api-key"), "{shown}");
}
