//! Which backend the environment names, and with what.

use crate::OpenInference;
use crate::config::{OtlpSettings, Settings};
use crate::error::Error;

fn from(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    OpenInference::builder().settings_of(&lookup)
}

fn otlp(variables: &[(&str, &str)]) -> OtlpSettings {
    from(variables).unwrap().otlp.unwrap()
}

fn headers(settings: &OtlpSettings) -> Vec<String> {
    let shown =
        |(name, value): &(String, crate::secret::Secret)| format!("{name}: {}", value.expose());
    settings.headers.iter().map(shown).collect()
}

const LANGFUSE: [(&str, &str); 2] =
    [("LANGFUSE_PUBLIC_KEY", "pk-1"), ("LANGFUSE_SECRET_KEY", "sk-2")];
const PHOENIX: (&str, &str) = ("PHOENIX_COLLECTOR_ENDPOINT", "http://p.example:6006");
const WANDB: [(&str, &str); 3] =
    [("WANDB_API_KEY", "key"), ("WANDB_ENTITY", "team"), ("WANDB_PROJECT", "run")];
const COLLECTOR: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example:4318");

#[test]
fn phoenix_is_chosen_by_its_endpoint() {
    let settings = otlp(&[
        PHOENIX,
        ("PHOENIX_API_KEY", "key"),
        ("PHOENIX_CLIENT_HEADERS", "Authorization=old, x-team=a%20b"),
    ]);
    assert_eq!(settings.endpoint.to_url(), "http://p.example:6006/v1/traces");
    assert_eq!(headers(&settings), ["x-team: a b", "authorization: Bearer key"]);
    let project =
        |more: &[(&str, &str)]| from(&[&[PHOENIX], more].concat()).unwrap().origin.project;
    let (new, old) = (("PHOENIX_PROJECT", "new"), ("PHOENIX_PROJECT_NAME", "old"));
    assert_eq!(project(&[old]).as_deref(), Some("old"));
    assert_eq!(project(&[old, new]).as_deref(), Some("new"));
    assert_eq!(project(&[]), None);
}

#[test]
fn arize_is_chosen_by_its_space() {
    let variables = [("ARIZE_SPACE_ID", "space"), ("ARIZE_API_KEY", "key")];
    let settings = from(&variables).unwrap();
    assert_eq!(settings.origin.project.as_deref(), Some("default"));
    let settings = settings.otlp.unwrap();
    assert_eq!(settings.endpoint.to_url(), "https://otlp.arize.com/v1/traces");
    assert_eq!(
        headers(&settings),
        ["authorization: key", "arize-space-id: space", "arize-interface: otel"]
    );
    let europe = from(&[
        variables[0],
        variables[1],
        ("ARIZE_COLLECTOR_ENDPOINT", "https://otlp.eu-west-1a.arize.com/v1"),
        ("ARIZE_PROJECT_NAME", "handbook"),
        ("PHOENIX_PROJECT", "another"),
    ])
    .unwrap();
    assert_eq!(europe.origin.project.as_deref(), Some("handbook"));
    assert_eq!(
        europe.otlp.unwrap().endpoint.to_url(),
        "https://otlp.eu-west-1a.arize.com/v1/traces"
    );
}

#[test]
fn langfuse_is_chosen_by_its_keys() {
    let settings = otlp(&LANGFUSE);
    assert_eq!(settings.endpoint.to_url(), "https://cloud.langfuse.com/api/public/otel/v1/traces");
    // "pk-1:sk-2"
    assert_eq!(
        headers(&settings),
        ["authorization: Basic cGstMTpzay0y", "x-langfuse-ingestion-version: 4"]
    );
    let own = from(&[
        LANGFUSE[0],
        LANGFUSE[1],
        ("LANGFUSE_HOST", "http://old.example"),
        ("LANGFUSE_BASE_URL", "http://new.example:3000/"),
        ("LANGFUSE_TRACING_ENVIRONMENT", "staging"),
        ("LANGFUSE_RELEASE", "1.2"),
    ])
    .unwrap();
    assert_eq!(
        own.otlp.unwrap().endpoint.to_url(),
        "http://new.example:3000/api/public/otel/v1/traces"
    );
    assert_eq!(
        own.origin.attributes,
        [
            ("langfuse.environment".to_owned(), "staging".to_owned()),
            ("langfuse.release".to_owned(), "1.2".to_owned())
        ]
    );
}

#[test]
fn half_of_the_keys_is_an_error_that_names_the_other_half() {
    for (set, missing) in [
        (LANGFUSE[0], "LANGFUSE_SECRET_KEY is not set; langfuse needs it"),
        (LANGFUSE[1], "LANGFUSE_PUBLIC_KEY is not set; langfuse needs it"),
        (("ARIZE_SPACE_ID", "space"), "ARIZE_API_KEY is not set; arize needs it"),
        (("TRACING_LLM_BACKEND", "weave"), "WANDB_ENTITY is not set; weave needs it"),
        (("TRACING_LLM_BACKEND", "mlflow"), "MLFLOW_EXPERIMENT_ID is not set; mlflow needs it"),
    ] {
        assert_eq!(from(&[set]).unwrap_err().to_string(), missing);
    }
}

#[test]
fn variables_of_training_runs_send_no_traces_until_the_backend_is_named() {
    assert!(from(&WANDB).unwrap().otlp.is_none());
    let mlflow = [("MLFLOW_TRACKING_URI", "http://m.example:5000"), ("MLFLOW_EXPERIMENT_ID", "3")];
    assert!(from(&mlflow).unwrap().otlp.is_none());

    let settings = from(&[&WANDB[..], &[("TRACING_LLM_BACKEND", "weave")]].concat()).unwrap();
    let entity = ("wandb.entity".to_owned(), "team".to_owned());
    let project = ("wandb.project".to_owned(), "run".to_owned());
    assert_eq!(settings.origin.attributes, [entity, project]);
    let settings = settings.otlp.unwrap();
    assert_eq!(settings.endpoint.to_url(), "https://trace.wandb.ai/otel/v1/traces");
    assert_eq!(headers(&settings), ["wandb-api-key: key"]);

    let token = [("TRACING_LLM_BACKEND", "mlflow"), ("MLFLOW_TRACKING_TOKEN", "token")];
    let settings = otlp(&[&mlflow[..], &token].concat());
    assert_eq!(settings.endpoint.to_url(), "http://m.example:5000/v1/traces");
    assert_eq!(headers(&settings), ["x-mlflow-experiment-id: 3", "authorization: Bearer token"]);
    let user = [("MLFLOW_TRACKING_USERNAME", "pk-1"), ("MLFLOW_TRACKING_PASSWORD", "sk-2")];
    let settings = otlp(&[&mlflow[..], &token, &user].concat());
    assert_eq!(
        headers(&settings),
        ["x-mlflow-experiment-id: 3", "authorization: Basic cGstMTpzay0y"]
    );
}

#[test]
fn weave_stands_below_a_path_on_servers_of_ones_own() {
    let url = |base| {
        let more = [("TRACING_LLM_BACKEND", "weave"), ("WANDB_BASE_URL", base)];
        otlp(&[&WANDB[..], &more].concat()).endpoint.to_url()
    };
    assert_eq!(url("https://team.wandb.io/"), "https://team.wandb.io/traces/otel/v1/traces");
    assert_eq!(url("https://api.wandb.ai"), "https://trace.wandb.ai/otel/v1/traces");
    assert_eq!(url("https://trace.wandb.ai/"), "https://trace.wandb.ai/otel/v1/traces");
}

#[test]
fn two_places_are_an_error_that_names_both_variables() {
    let error = from(&[LANGFUSE[0], LANGFUSE[1], PHOENIX]).unwrap_err();
    assert!(error.is_setting());
    assert_eq!(
        error.to_string(),
        "PHOENIX_COLLECTOR_ENDPOINT and LANGFUSE_PUBLIC_KEY name 2 backends: \
         set TRACING_LLM_BACKEND to one of phoenix, langfuse"
    );
    let error = from(&[PHOENIX, COLLECTOR]).unwrap_err().to_string();
    assert!(
        error.starts_with("PHOENIX_COLLECTOR_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT name 2"),
        "{error}"
    );
}

#[test]
fn a_variable_of_ours_decides_between_them() {
    let url = |name| {
        let both = [LANGFUSE[0], LANGFUSE[1], PHOENIX, COLLECTOR, ("TRACING_LLM_BACKEND", name)];
        from(&both).unwrap().otlp.map(|settings| settings.endpoint.to_url())
    };
    assert_eq!(url("phoenix").as_deref(), Some("http://p.example:6006/v1/traces"));
    assert_eq!(
        url("Langfuse").as_deref(),
        Some("https://cloud.langfuse.com/api/public/otel/v1/traces")
    );
    assert_eq!(url("collector").as_deref(), Some("http://c.example:4318/v1/traces"));
    assert_eq!(url("none"), None);
    assert_eq!(
        from(&[("TRACING_LLM_BACKEND", "zipkin")]).unwrap_err().to_string(),
        "TRACING_LLM_BACKEND is none of phoenix, arize, langfuse, weave, mlflow, collector, none"
    );
    let usual = |name| otlp(&[("TRACING_LLM_BACKEND", name)]).endpoint.to_url();
    assert_eq!(usual("phoenix"), "http://127.0.0.1:6006/v1/traces");
    assert_eq!(usual("collector"), "http://127.0.0.1:4318/v1/traces");
}

#[test]
fn another_exporter_than_otlp_chooses_no_backend() {
    for more in [("TRACING_LLM_BACKEND", "phoenix"), COLLECTOR] {
        let settings = from(&[PHOENIX, more, ("OTEL_TRACES_EXPORTER", "none")]).unwrap();
        assert!(settings.otlp.is_none());
    }
}

#[test]
fn a_backend_by_name_sends_no_headers_for_a_collector() {
    let settings = otlp(&[PHOENIX, ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=for-another")]);
    assert!(headers(&settings).is_empty());
}

#[test]
fn an_address_that_cannot_be_read_is_named_by_its_variable() {
    let uri = [
        ("TRACING_LLM_BACKEND", "mlflow"),
        ("MLFLOW_EXPERIMENT_ID", "3"),
        ("MLFLOW_TRACKING_URI", "sqlite:///s3cret.db"),
    ];
    let error = from(&uri).unwrap_err();
    assert_eq!(error.to_string(), "MLFLOW_TRACKING_URI is no http:// or https:// address");
    assert!(!format!("{error:?}").contains("s3cret"));
}
