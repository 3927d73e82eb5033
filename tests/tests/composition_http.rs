//! The HTTP watcher and OpenTelemetry's metrics: what one sees the other counts.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing_llm_http::{LlmHttp, RequestBody};
use tracing_llm_otel::Metrics;
use tracing_subscriber::prelude::*;

#[tokio::test]
async fn the_metrics_of_a_call_name_the_server_that_was_asked() {
    let memory = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(memory.clone()).build();
    let metrics = Metrics::new(&provider);
    let (layer, callbacks) = tracing_llm::layer().handler(metrics).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let _default = tracing::subscriber::set_default(subscriber);

    let answer = async |_: Request<RequestBody<Full<Bytes>>>| {
        let said = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(said)))
    };
    let client = ServiceBuilder::new().layer(LlmHttp::new()).service(service_fn(answer));
    let request = Request::post("https://api.openai.com/v1/chat/completions");
    let asked = Full::from(r#"{"model":"m","messages":[]}"#);
    let response = client.oneshot(request.body(asked).unwrap()).await.unwrap();
    response.into_body().collect().await.unwrap();
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
    provider.force_flush().unwrap();

    let exported = memory.get_finished_metrics().unwrap();
    let all =
        exported.iter().flat_map(ResourceMetrics::scope_metrics).flat_map(ScopeMetrics::metrics);
    let durations = all.filter(|metric| metric.name() == "gen_ai.client.operation.duration");
    let attributes: Vec<_> = durations
        .flat_map(|metric| match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(data)) => data.data_points(),
            other => panic!("{other:?}"),
        })
        .flat_map(HistogramDataPoint::attributes)
        .map(|pair| format!("{}={}", pair.key, pair.value))
        .collect();
    for pair in ["server.address=api.openai.com", "server.port=443"] {
        assert!(attributes.iter().any(|it| it == pair), "{pair}: {attributes:#?}");
    }
}
