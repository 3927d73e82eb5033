//! Spans and events of ordinary code are nothing: a corpus, with the targets, names and fields that
//! the libraries use.

use tracing::field::{Empty, display};
use tracing::{Level, debug, debug_span, error, info, info_span, span, trace_span, warn};

use crate::common::*;

/// tower-http 0.7 `TraceLayer`, and what axum's examples put in its place.
fn tower_http(inner: impl FnOnce()) {
    debug_span!(
        target: "tower_http::trace::make_span", "request",
        method = %"GET", uri = %"/chat", version = ?"HTTP/1.1",
    )
    .in_scope(|| {
        debug!(target: "tower_http::trace::on_request", "started processing request");
        let span = info_span!(
            "http_request", method = ?"GET", matched_path = "/chat/{id}", some_other_field = Empty,
        );
        span.record("some_other_field", display("x"));
        span.in_scope(inner);
        debug!(
            target: "tower_http::trace::on_response",
            latency = %"3 ms", status = 200, "finished processing request"
        );
        error!(
            target: "tower_http::trace::on_failure",
            classification = %"Status code: 500", latency = %"3 ms", "response failed"
        );
    });
}

/// tracing-actix-web, axum-tracing-opentelemetry, reqwest-tracing: HTTP in OpenTelemetry's words.
fn http_in_otel_words() {
    let span = info_span!(
        target: "axum_tracing_opentelemetry", "HTTP request",
        http.request.method = "POST", http.route = "/chat", network.protocol.version = "1.1",
        server.address = "localhost", client.address = Empty, user_agent.original = "curl",
        http.response.status_code = Empty, url.path = "/chat", url.query = Empty,
        url.scheme = "http", otel.name = "POST /chat", otel.kind = "server",
        otel.status_code = Empty, trace_id = Empty, request_id = Empty, exception.message = Empty,
        exception.details = Empty, "span.type" = "web",
    );
    span.record("http.response.status_code", 500);
    span.record("otel.status_code", "ERROR");
    span.record("exception.message", "boom");
    let span = info_span!(
        target: "reqwest_tracing::reqwest_otel_span_builder", "HTTP request",
        http.request.method = "POST", url.scheme = "https", server.address = "api.openai.com",
        server.port = 443, otel.kind = "client", otel.name = "POST", otel.status_code = Empty,
        error.message = Empty, error.cause_chain = Empty, http.response.status_code = Empty,
        user_agent.original = "x",
    );
    span.record("error.message", "timed out");
    span.record("http.response.status_code", 503);
}

/// hyper 1, hyper-util, h2 0.4, rustls, reqwest, tonic 0.14, tower's buffer.
fn network() {
    debug!(target: "hyper_util::client::legacy::connect::http", "connecting to 127.0.0.1:80");
    debug!(target: "hyper::proto::h1::io", "parsed {} headers", 3);
    debug_span!(target: "h2::proto::connection", "Connection", peer = %"Client").in_scope(|| {
        trace_span!(target: "h2::proto::connection", "poll").in_scope(|| {});
        debug!(target: "h2::codec::framed_write", frame = ?"Settings { flags: (0x0) }", "send");
        trace_span!(target: "h2::hpack::decoder", "Decoder::decode").in_scope(|| {});
    });
    debug!(target: "rustls::client::hs", "Using ciphersuite {:?}", "TLS13_AES_256_GCM_SHA384");
    debug!(target: "reqwest::connect", "starting new connection: https://api.openai.com/");
    debug!(target: "tonic::transport::channel::service::reconnect", error = ?"refused", "reconnect::poll_ready");
    debug!(target: "tower::buffer::worker", service_ready = true, "processing request");
    let span = info_span!(
        target: "tonic_tracing", "grpc", rpc.system = "grpc", rpc.service = "greet.Greeter",
        rpc.method = "SayHello", rpc.grpc.status_code = Empty, otel.kind = "server",
    );
    span.record("rpc.grpc.status_code", 0);
}

/// sqlx 0.8, sea-orm, redis, deadpool, tantivy, lapin, rdkafka: data.
fn data() {
    debug!(
        target: "sqlx::query", summary = "SELECT …", db.statement = "select * from nodes",
        rows_affected = 0, rows_returned = 3, elapsed = ?"3ms", elapsed_secs = 0.003,
    );
    warn!(target: "sqlx::query", summary = "SELECT …", slow_threshold = ?"1s", "slow statement");
    info_span!(
        target: "sea_orm::driver::sqlx_postgres", "sea_orm.execute", otel.name = "SELECT",
        db.system = "postgresql", db.statement = "select 1", sql = "select 1", rows = Empty,
    );
    info_span!(
        target: "app::db", "query", query = "select 1", level = 3, documents = 2, chunks = 5,
        db.query.text = "select 1", db.operation.name = "SELECT", error = Empty,
    )
    .record("error", "timeout");
    info!(target: "tantivy::indexer", "save metas");
    info_span!(
        target: "messaging", "publish", messaging.system = "kafka", messaging.operation.name = "send",
        messaging.destination.name = "documents",
    );
}

/// tokio, tokio-console, async-graphql, kube, AWS's SDK, rmcp, cargo's own instrument.
fn others() {
    span!(
        target: "tokio::task", Level::TRACE, "runtime.spawn", kind = "task", task.name = "x",
        task.id = 3, loc.file = "src/main.rs", loc.line = 3, loc.col = 5,
    );
    span!(
        target: "tokio::sync::mutex", Level::TRACE, "runtime.resource", concrete_type = "Mutex",
        kind = "Sync", is_internal = true,
    );
    info_span!(target: "async_graphql::graphql", "request").in_scope(|| {
        info_span!(
            target: "async_graphql::graphql", "field", path = "user.name", parent_type = "User",
            return_type = "String",
        );
    });
    info_span!(
        target: "kube_client::client::builder", "HTTP", http.method = %"GET",
        http.url = %"https://k8s", http.status_code = Empty, otel.name = "list pods",
        otel.kind = "client", otel.status_code = Empty,
    );
    info_span!(
        target: "aws_smithy_runtime::client::orchestrator", "invoke", service = "s3",
        operation = "PutObject", sdk_invocation_id = 3,
    )
    .in_scope(|| {
        debug_span!(target: "aws_smithy_runtime::client::orchestrator", "try_attempt", attempt = 1);
    });
    info_span!(target: "rmcp::service", "serve_inner");
    info_span!(target: "rmcp::transport::streamable_http_server", "streamable_http_session", id = "a");
    warn!(target: "async_openai::client", "Rate limited: {}", "slow down");
}

/// Business code that uses words of ours for other things.
fn business() {
    info_span!(
        "order",
        model = "T-800",
        provider = "cyberdyne",
        query = "q",
        prompt = "p",
        response = "r",
        usage = "u",
        messages = 3,
        template = "t",
        tool = "hammer",
        completion = 0.5,
        nodes = 7,
        documents = "d",
        level = 3,
        top_k = 5,
        summaries = 1,
        tool_name = "saw",
        operation = "chat",
        kind = "LLM",
        r#type = "GENERATION",
        "span.kind" = "LLM",
        input = "i",
        output = "o",
        total_tokens = 3,
        embeddings = 1,
    )
    .in_scope(|| {
        error!(error = "jammed", "failed");
    });
    // A name of a known library's span, in other code.
    info_span!("llm.generate", provider = "x", model = "y");
    info_span!("complete");
    info_span!("then_answer", query = ?"q");
    info_span!("invoke_agent", agent = "smith");
    info_span!("chat", room = "lobby");
    // Declared, and never filled.
    let empty: Option<&str> = None;
    info_span!("proxied", gen_ai.request.model = Empty, gen_ai.operation.name = empty);
}

/// What is in a context, and no event.
fn context() {
    info_span!(
        "request",
        session.id = "s",
        user.id = "u",
        metadata = "{}",
        traceparent = "no",
        langfuse.session.id = "s",
    );
}

/// Has emitted the whole corpus.
fn emit() {
    tower_http(|| {
        http_in_otel_words();
        network();
        data();
        others();
        business();
        context();
    });
}

#[test]
fn ordinary_spans_and_events_make_no_event() {
    in_both_forms(|stage| {
        emit();
        // Inside an event of the same crate these words would be meant for it (rule 5).
        info!(response = "shipped", model = "T-800", usage = 3, "shipped");
        let captured = stage.flushed();
        assert_eq!(captured.calls, ["flush"]);
        let stats = stage.stats();
        assert_eq!((stats.starts, stats.ends, stats.unknown_tags), (0, 0, 0));
    });
}

#[test]
fn ordinary_spans_inside_an_event_bring_it_nothing() {
    use tracing_llm::prelude::*;

    in_both_forms(|stage| {
        let call = event_span!(LLM, "call");
        call.in_scope(emit);
        drop(call);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM call\n");
        let event = captured.event("call");
        let mut payload = event.payload.clone();
        payload.attributes.clear();
        assert_eq!(payload, tracing_llm::Payload::default());
        assert!(event.payload.attributes.is_empty(), "{:?}", event.payload.attributes);
        assert_eq!(event.outcome, Outcome::Unset);
        assert_eq!(event.logs.len(), 2, "the ERROR lines are kept as such");
    });
}
