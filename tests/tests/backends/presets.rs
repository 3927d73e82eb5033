//! Phoenix by its name: a project for each tenant, and feedback that comes later.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tracing::info_span;
use tracing_llm::prelude::*;
use tracing_llm::{Annotation, CurrentEvent};
use tracing_llm_openinference::{Backend, Builder, OpenInference};
use tracing_subscriber::prelude::*;

use crate::phoenix::{PHOENIX, await_spans, get};
use crate::trial;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("phoenix::each_tenant_has_its_project", [PHOENIX], |[phoenix]| tenants(&phoenix)),
        trial("phoenix::feedback_by_ids_is_stored", [PHOENIX], |[phoenix]| feedback(&phoenix)),
    ]
}

fn project(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

fn exporter(phoenix: &str, project: &str) -> Builder {
    OpenInference::builder().backend(Backend::phoenix().server(phoenix)).project(project)
}

fn tenants(phoenix: &str) {
    let projects = ["acme", "umbrella"].map(project);
    let exporters = projects.each_ref().map(|project| {
        let tenant = project.clone();
        exporter(phoenix, project)
            .when(move |context| {
                context.keys.get("tenant").and_then(Value::as_str) == Some(&*tenant)
            })
            .build()
            .unwrap()
    });
    let [acme, umbrella] = exporters;
    let builder = tracing_llm::layer().context_key("tenant").handler(acme).handler(umbrella);
    let (layer, callbacks) = builder.build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || {
        for tenant in &projects {
            let _request = info_span!("request", tenant = tenant.as_str()).entered();
            let _trace = info_span!("scope", trace_name = "ask").entered();
            let _query = event_span!(QUERY, "answer").entered();
            drop(event_span!(LLM, "chat", model = "gpt-5-mini").entered());
        }
    });
    callbacks.shutdown_blocking(LIMIT).unwrap();
    for project in &projects {
        let stored = await_spans(phoenix, project, 3);
        let mut names: Vec<_> =
            stored.values().map(|span| span["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["answer", "ask", "chat"], "{project}");
        for span in stored.values() {
            assert_eq!(span["attributes"]["tenant"], **project);
        }
    }
}

/// Over OTLP as a span of its own, and by REST beside the judged one.
fn feedback(phoenix: &str) {
    let project = project("feedback");
    let spans = exporter(phoenix, &project).build().unwrap();
    let feedback = spans.feedback();
    let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let ids = tracing::subscriber::with_default(subscriber, || {
        let _query = event_span!(QUERY, "answer").entered();
        tracing_llm::current().unwrap()
    });
    let judged = Annotation::new("brevity").with_score(0.5).with_annotator_kind("CODE");
    feedback.annotate(ids.trace_id, ids.span_id, judged).unwrap();
    callbacks.shutdown_blocking(LIMIT).unwrap();

    let stored = await_spans(phoenix, &project, 2);
    assert!(stored.contains_key(&ids.span_id.to_string()));
    let carrier = stored.values().find(|span| span["name"] == "brevity annotation").unwrap();
    assert_eq!(carrier["span_kind"], "EVALUATOR");
    let attributes = &carrier["attributes"];
    assert_eq!(attributes["annotations.0.annotation.name"], "brevity", "{attributes}");
    assert_eq!(attributes["annotations.0.annotation.score"], 0.5, "{attributes}");
    by_rest(phoenix, &project, ids);
}

fn by_rest(phoenix: &str, project: &str, ids: CurrentEvent) {
    let body = json!({"data": [{
        "span_id": ids.span_id, "name": "thumbs", "annotator_kind": "HUMAN",
        "result": {"label": "up"},
    }]});
    ureq::post(format!("{phoenix}/v1/span_annotations?sync=true"))
        .header("content-type", "application/json")
        .send(body.to_string())
        .unwrap();
    let span = ids.span_id;
    let url = format!("{phoenix}/v1/projects/{project}/span_annotations?span_ids={span}");
    let stored = get(&url);
    assert_eq!(stored["data"][0]["result"]["label"], "up", "{stored}");
}
