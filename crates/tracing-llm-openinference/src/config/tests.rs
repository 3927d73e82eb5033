use std::time::Duration;

use super::*;

fn from(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    with(Builder::default(), variables)
}

fn with(builder: Builder, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    builder.settings_of(&lookup)
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
            "http/json",
            "OTEL_EXPORTER_OTLP_PROTOCOL is neither http/protobuf nor grpc",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            "s3cret",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION is neither gzip nor none",
        ),
        (
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            "s3cret",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE is set without its CLIENT_KEY",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
            "s3cret",
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY is set without its CLIENT_CERTIFICATE",
        ),
        (
            "OTEL_SPAN_EVENT_COUNT_LIMIT",
            "-1",
            "OTEL_SPAN_EVENT_COUNT_LIMIT is no whole number that fits",
        ),
        (
            "TRACING_LLM_SPOOL_MAX_AGE",
            "1d",
            "TRACING_LLM_SPOOL_MAX_AGE is no whole number that fits",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "s3cret",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no http:// or https:// address",
        ),
    ] {
        let error = from(&[BASE, (variable, value)]).unwrap_err();
        assert!(error.is_setting());
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?}").contains("s3cret"));
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

#[test]
fn how_it_is_sent_comes_from_the_variables_for_traces_first() {
    let settings = otlp(&[
        BASE,
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "all.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "traces.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "our.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "our.key"),
        ("TRACING_LLM_SPOOL_DIR", "spool"),
        ("TRACING_LLM_SPOOL_MAX_BYTES", "1000000"),
        ("TRACING_LLM_SPOOL_MAX_AGE", "3600"),
    ]);
    assert!(settings.gzip);
    assert_eq!(settings.certificate, Some("traces.pem".into()));
    assert_eq!(settings.identity, Some(("our.pem".into(), "our.key".into())));
    let spool = settings.spool.unwrap();
    assert_eq!(spool.folder, PathBuf::from("spool"));
    assert_eq!((spool.max_bytes, spool.max_age), (1_000_000, Duration::from_secs(3_600)));
    let none = [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
    ];
    assert!(!otlp(&[BASE, none[0], none[1]]).gzip);
}

#[test]
fn defaults_stand_where_nothing_is_set() {
    let settings = otlp(&[BASE]);
    assert_eq!(settings.protocol, Protocol::HttpProtobuf);
    assert!(!settings.gzip && settings.certificate.is_none() && settings.identity.is_none());
    assert_eq!(settings.batch_bytes, 3_500 * 1024);
    assert!(settings.spool.is_none());
    let spool = otlp(&[BASE, ("TRACING_LLM_SPOOL_DIR", "spool")]).spool.unwrap();
    assert_eq!((spool.max_bytes, spool.max_age.as_secs()), (1 << 30, 7 * 86_400));
    assert_eq!(from(&[]).unwrap().limits, Limits::default());
}

#[test]
fn grpc_has_no_path_and_its_own_port() {
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let settings = otlp(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example:4317/"), grpc]);
    assert_eq!(settings.protocol, Protocol::Grpc);
    assert_eq!(settings.endpoint.to_url(), "http://c.example:4317/");
    let usual = otlp(&[("TRACING_LLM_BACKEND", "collector"), grpc]);
    assert_eq!(usual.endpoint.to_url(), "http://127.0.0.1:4317/");
}

#[test]
fn limits_come_from_the_variables_for_spans_first() {
    let limits = from(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "500"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5000"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4000"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "2"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "3"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "4"),
    ])
    .unwrap()
    .limits;
    let expected = Limits {
        attributes: 500,
        value_characters: Some(4_000),
        events: 1,
        event_attributes: 2,
        links: 3,
        link_attributes: 4,
        ..Limits::default()
    };
    assert_eq!(limits, expected);
}

#[test]
fn what_is_set_in_code_of_transport_and_limits_wins() {
    let code = Builder::default()
        .gzip(false)
        .certificate("code.pem")
        .client_certificate("code.crt", "code.key")
        .spool("code")
        .spool_limits(1, Duration::from_secs(2))
        .batch_bytes(1_000)
        .max_attributes(7)
        .max_value_characters(8)
        .max_span_bytes(9_000);
    let settings = with(
        code,
        &[
            BASE,
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "env.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "env.crt"),
            ("TRACING_LLM_SPOOL_DIR", "env"),
            ("TRACING_LLM_SPOOL_MAX_BYTES", "10"),
            ("TRACING_LLM_SPOOL_MAX_AGE", "10"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "10"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "10"),
        ],
    )
    .unwrap();
    let otlp = settings.otlp.unwrap();
    assert!(!otlp.gzip);
    assert_eq!(otlp.certificate, Some("code.pem".into()));
    assert_eq!(otlp.identity, Some(("code.crt".into(), "code.key".into())));
    let spool =
        SpoolSettings { folder: "code".into(), max_bytes: 1, max_age: Duration::from_secs(2) };
    assert_eq!((otlp.spool, otlp.batch_bytes), (Some(spool), 1_000));
    let limits = settings.limits;
    assert_eq!((limits.attributes, limits.value_characters), (7, Some(8)));
    assert_eq!(limits.span_bytes, 1_000, "a span is never larger than a request");
}

#[test]
fn an_endpoint_in_code_takes_headers_from_the_environment_only_if_it_sets_none() {
    let key = ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k");
    let code = || Builder::default().endpoint("http://c.example/");
    let names = |builder: Builder| {
        let headers = with(builder, &[key]).unwrap().otlp.unwrap().headers;
        headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(code()), ["api-key"]);
    assert_eq!(names(code().header("x", "y")), ["x"]);
}

#[test]
fn a_header_in_code_takes_the_place_of_the_backends_whatever_its_case() {
    let builder =
        Builder::default().backend(Backend::phoenix().api_key("k")).header("Authorization", "mine");
    let headers = builder.resolve().unwrap().otlp.unwrap().headers;
    assert_eq!(headers, [("Authorization".to_owned(), Secret::from("mine".to_owned()))]);
}

#[test]
fn no_setting_shows_a_key_in_its_debug_output() {
    let settings = otlp(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c.example/?key=s3cret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret"),
    ]);
    let shown = format!("{settings:?}");
    assert!(shown.contains("api-key") && !shown.contains("s3cret"), "{shown}");
}
