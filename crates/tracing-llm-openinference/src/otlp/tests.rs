use std::collections::BTreeMap;
use std::sync::mpsc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tracing_llm::{Document, EventType, Message, Usage};

use super::*;
use crate::secret::Secret;
use crate::stats::Counts;
use crate::testing::{Collector, Reply, event, event_with_id, nowhere, span, tls};

fn settings(url: &str) -> OtlpSettings {
    OtlpSettings {
        headers: vec![("authorization".to_owned(), Secret::from("Bearer s3cret".to_owned()))],
        ..OtlpSettings::new(Endpoint::parse(url).unwrap())
    }
}

fn start(settings: &OtlpSettings) -> Otlp {
    let resource = Resource::builder_empty().with_service_name("docs").build();
    Otlp::new(settings, Limits::default(), &resource, Arc::default()).unwrap()
}

fn otlp(url: &str) -> Otlp {
    start(&settings(url))
}

fn numbered(id: u64) -> SpanData {
    span(&event_with_id(EventType::QUERY, "answer", id))
}

fn push(otlp: &Otlp, ids: impl IntoIterator<Item = u64>) {
    ids.into_iter().for_each(|id| otlp.push(numbered(id)));
}

fn flush(otlp: &Otlp) -> Result<(), Error> {
    otlp.flush(Duration::from_secs(20))
}

fn counts(otlp: &Otlp) -> Counts {
    let counts = otlp.shared.tally.counts();
    assert!(counts.balance(), "{counts:?}");
    counts
}

/// Exported, failed, dropped and waiting.
fn fates(otlp: &Otlp) -> [u64; 4] {
    let Counts { exported, failed, dropped, waiting, .. } = counts(otlp);
    [exported, failed, dropped, waiting]
}

/// What the collector holds is what the books say: all that is exported, and nothing twice
/// without being counted.
fn audit(otlp: &Otlp, taken: &BTreeMap<Vec<u8>, u64>) {
    let counts = counts(otlp);
    let distinct = taken.len() as u64;
    assert!(distinct >= counts.exported, "{distinct} taken, {counts:?}");
    assert!(taken.values().sum::<u64>() - distinct <= counts.resent, "{taken:?} {counts:?}");
}

#[test]
fn after_a_shutdown_the_spool_holds_whole_segments_and_the_next_run_sends_them() {
    let folder = std::env::temp_dir().join(format!("tracing-llm-otlp-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let spool = |url: &str| {
        let (max_bytes, max_age) = (1 << 20, Duration::from_secs(60));
        let spool = crate::config::SpoolSettings { folder: folder.clone(), max_bytes, max_age };
        start(&OtlpSettings { spool: Some(spool), ..settings(url) })
    };
    let away = spool(&format!("http://{}", nowhere()));
    push(&away, 1..=5);
    away.shutdown(Duration::from_secs(20)).unwrap();
    let before = counts(&away);
    assert_eq!((before.spooled, before.dropped), (5, 0), "{before}");
    // Not when it is dropped, which is when its user's program ends.
    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.ends_with(".jsonl")), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with(".open")), "{names:?}");

    // The one that was shut down still lives: handlers are dropped by a thread of their own.
    let collector = Collector::start(Vec::new());
    let back = spool(&collector.url());
    back.shutdown(Duration::from_secs(20)).unwrap();
    let after = counts(&back);
    assert_eq!((after.recovered, after.exported, after.resent), (5, 5, 0), "{after}");
    audit(&back, &collector.taken());
    drop((away, back));
    std::fs::remove_dir_all(&folder).unwrap();
}

fn status(code: u16) -> Reply {
    Reply::Status(code, b"not now".to_vec())
}

fn attributes(span: &Span) -> BTreeMap<&str, &Value> {
    let map: BTreeMap<&str, &Value> = span
        .attributes
        .iter()
        .filter_map(|pair| Some((pair.key.as_str(), pair.value.as_ref()?.value.as_ref()?)))
        .collect();
    assert_eq!(map.len(), span.attributes.len(), "a key stands twice or has no value");
    map
}

#[test]
fn spans_arrive_as_protobuf_with_integers_as_integers() {
    let collector = Collector::start(Vec::new());
    let otlp = otlp(&collector.url());
    let mut llm = event(EventType::LLM, "chat");
    llm.payload.usage = Some(Usage::new(120, 30));
    otlp.push(span(&llm));
    flush(&otlp).unwrap();
    assert_eq!(fates(&otlp), [1, 0, 0, 0]);

    let request = &collector.requests()[0];
    assert_eq!(request.path, "/v1/traces");
    assert_eq!(request.headers["content-type"], "application/x-protobuf");
    assert_eq!(request.headers["authorization"], "Bearer s3cret");
    assert!(!request.headers.contains_key("content-encoding"));
    assert!(request.headers["user-agent"].starts_with("tracing-llm-openinference/"));
    let decoded = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
    let resource = decoded.resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(resource.attributes[0].key, "service.name");
    let span = &request.spans()[0];
    assert_eq!(span.name, "chat");
    assert_eq!(attributes(span)["llm.token_count.prompt"], &Value::IntValue(120));
    assert_eq!(attributes(span)["llm.token_count.total"], &Value::IntValue(150));
    assert_eq!(span.dropped_attributes_count, 0);
}

#[test]
fn a_compressed_body_is_smaller_and_says_so() {
    let collector = Collector::start(Vec::new());
    let otlp = start(&OtlpSettings { gzip: true, ..settings(&collector.url()) });
    push(&otlp, 1..=100);
    flush(&otlp).unwrap();
    let request = &collector.requests()[0];
    assert_eq!(request.headers["content-encoding"], "gzip");
    let spans = request.spans();
    assert_eq!(spans.len(), 100);
    assert!(request.body.len() * 2 < spans.iter().map(Span::encoded_len).sum());
}

#[test]
fn a_span_with_two_thousand_messages_arrives_whole() {
    let collector = Collector::start(Vec::new());
    let otlp = otlp(&collector.url());
    let mut llm = event(EventType::LLM, "chat");
    llm.payload.messages = (0..2_000).map(|n| Message::user(format!("message {n}"))).collect();
    llm.payload.nodes =
        (0..100).map(|n| Document::new(format!("text {n}")).with_id(format!("n{n}"))).collect();
    otlp.push(span(&llm));
    flush(&otlp).unwrap();
    let spans = collector.spans();
    let attributes = attributes(&spans[0]);
    for n in 0..2_000 {
        let key = format!("llm.input_messages.{n}.message.content");
        assert_eq!(attributes[key.as_str()], &Value::StringValue(format!("message {n}")));
    }
    for n in 0..100 {
        let key = format!("retrieval.documents.{n}.document.id");
        assert_eq!(attributes[key.as_str()], &Value::StringValue(format!("n{n}")));
    }
    assert_eq!((counts(&otlp).shrunk, counts(&otlp).dropped_attributes), (0, 0));
}

#[test]
fn a_prompt_of_twenty_megabytes_arrives_marked() {
    let collector = Collector::start(Vec::new());
    let otlp = otlp(&collector.url());
    let mut llm = event(EventType::LLM, "chat");
    llm.payload.prompt = Some("x".repeat(20_000_000).into());
    otlp.push(span(&llm));
    flush(&otlp).unwrap();
    assert_eq!((fates(&otlp), counts(&otlp).shrunk), ([1, 0, 0, 0], 1));
    let request = &collector.requests()[0];
    assert!(request.body.len() < 4 * 1024 * 1024);
    let spans = request.spans();
    let Value::StringValue(prompt) = attributes(&spans[0])["input.value"] else { panic!() };
    assert!(prompt.len() > 1_000_000 && prompt.ends_with(" bytes cut]"));
}

#[test]
fn a_hundred_thousand_spans_all_arrive_once() {
    let collector = Collector::start(Vec::new());
    let otlp = otlp(&collector.url());
    let data = numbered(1);
    for id in 1..=100_000_u64 {
        let mut span = data.clone();
        span.span_context = opentelemetry::trace::SpanContext::new(
            span.span_context.trace_id(),
            opentelemetry::trace::SpanId::from(id),
            span.span_context.trace_flags(),
            false,
            Default::default(),
        );
        otlp.push(span);
    }
    flush(&otlp).unwrap();
    assert_eq!(fates(&otlp), [100_000, 0, 0, 0]);
    let taken = collector.taken();
    assert_eq!(taken.len(), 100_000);
    assert!(taken.values().all(|times| *times == 1));
}

#[test]
fn the_end_of_a_trace_sends_what_waits() {
    let collector = Collector::start(Vec::new());
    let otlp = otlp(&collector.url());
    push(&otlp, 1..=1);
    otlp.trace_ended();
    // Nothing else is due for seconds; the sender tells nobody, so its books are watched.
    while counts(&otlp).exported == 0 {
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn a_collector_that_is_away_gets_the_spans_when_it_is_back() {
    let address = nowhere();
    let otlp = otlp(&format!("http://{address}/v1/traces"));
    push(&otlp, 1..=2);
    let error = flush(&otlp).unwrap_err();
    assert!(error.is_send());
    let expected = format!("could not send to http://{address}/v1/traces: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.to_string().ends_with(" (spans waiting: 2)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 0, 2]);

    let collector = Collector::start_at(address, Vec::new());
    push(&otlp, 3..=3);
    flush(&otlp).unwrap();
    assert_eq!(fates(&otlp), [3, 0, 0, 0]);
    let ids: Vec<_> = collector.spans().iter().map(|span| span.span_id[7]).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(counts(&otlp).resent, 0, "nothing had reached it");
    audit(&otlp, &collector.taken());
}

#[test]
fn every_fault_that_passes_ends_with_each_span_taken_and_counted() {
    let hang = Reply::Hang(Duration::from_secs(2));
    for (reply, perhaps_taken) in [
        (status(429), false),
        (Reply::Headed(429, "retry-after: 1"), false),
        (status(502), true),
        (status(503), false),
        (Reply::Headed(503, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT"), false),
        (status(504), true),
        (Reply::HangUp, true),
        (hang, true),
        (Reply::HalfStatus, true),
        (Reply::Reset, true),
        (Reply::Torn(503), false),
        (Reply::Slow, false),
        (Reply::Torn(200), false),
    ] {
        let collector = Collector::start(vec![reply.clone()]);
        // Only who does not answer is given up soon.
        let soon = matches!(reply, Reply::Hang(_)).then_some(Duration::from_millis(300));
        let timeout = soon.unwrap_or(Duration::from_secs(10));
        let otlp = start(&OtlpSettings { timeout, ..settings(&collector.url()) });
        push(&otlp, 1..=40);
        flush(&otlp).unwrap();
        assert_eq!(fates(&otlp), [40, 0, 0, 0], "{reply:?}");
        assert_eq!(counts(&otlp).resent > 0, perhaps_taken, "{reply:?}");
        assert_eq!(collector.taken().len(), 40, "{reply:?}");
        audit(&otlp, &collector.taken());
    }
}

#[test]
fn a_refusal_for_good_fails_its_batch_and_no_other() {
    for code in [301, 400, 401, 404, 408, 500] {
        let collector = Collector::start(vec![status(code)]);
        let otlp = otlp(&collector.url());
        push(&otlp, 1..=1);
        let error = flush(&otlp).unwrap_err();
        let expected = format!(": status {code} not now (spans refused: 1)");
        assert!(error.to_string().ends_with(&expected), "{error}");
        push(&otlp, 2..=2);
        flush(&otlp).unwrap();
        assert_eq!(fates(&otlp), [1, 1, 0, 0]);
        audit(&otlp, &collector.taken());
    }
}

#[test]
fn a_batch_that_is_too_large_arrives_in_halves() {
    let collector = Collector::start(vec![status(413), status(413)]);
    let otlp = otlp(&collector.url());
    push(&otlp, 1..=8);
    flush(&otlp).unwrap();
    let sizes: Vec<_> = collector.requests().iter().map(|request| request.spans().len()).collect();
    assert_eq!(sizes, [8, 4, 2, 2, 4]);
    assert_eq!(fates(&otlp), [8, 0, 0, 0]);
    audit(&otlp, &collector.taken());
}

#[test]
fn spans_that_are_rejected_out_of_a_batch_are_counted() {
    let collector = Collector::start(vec![Reply::Partial(2)]);
    let otlp = otlp(&collector.url());
    push(&otlp, 1..=5);
    let error = flush(&otlp).unwrap_err();
    assert!(error.to_string().ends_with(": too old (spans rejected: 2)"), "{error}");
    assert_eq!(fates(&otlp), [3, 2, 0, 0]);
}

#[test]
fn a_collector_that_hangs_keeps_nobody_who_pushes() {
    let collector = Collector::start(vec![Reply::Hang(Duration::from_secs(60)); 2]);
    let timeout = Duration::from_secs(60);
    let otlp = start(&OtlpSettings { timeout, ..settings(&collector.url()) });
    push(&otlp, 1..=512);
    while collector.requests().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let (done, pushed) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            push(&otlp, 513..=2_000);
            done.send(()).unwrap();
        });
        // It is done while the collector still holds the first batch.
        pushed.recv_timeout(Duration::from_secs(30)).unwrap();
    });
    assert_eq!(collector.requests().len(), 1);
    let error = otlp.flush(Duration::from_millis(100)).unwrap_err();
    assert!(error.to_string().ends_with("(spans waiting: 2000)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 0, 2_000]);
}

#[test]
fn a_collector_killed_and_restarted_under_load_misses_nothing_that_is_not_counted() {
    let first = Collector::start(Vec::new());
    let address = first.address();
    let otlp = otlp(&first.url());
    push(&otlp, 1..=3_000);
    let mut taken = first.kill();
    push(&otlp, 3_001..=5_000);
    let second = Collector::start_at(address, vec![Reply::HangUp]);
    push(&otlp, 5_001..=8_000);
    // While the collector is known to be away, a flush tries once.
    let _ = flush(&otlp);
    flush(&otlp).unwrap();
    for (id, times) in second.taken() {
        *taken.entry(id).or_default() += times;
    }
    assert_eq!(fates(&otlp), [8_000, 0, 0, 0]);
    audit(&otlp, &taken);
}

#[test]
fn what_cannot_be_sent_at_shutdown_is_dropped_and_so_is_what_comes_after() {
    let otlp = otlp(&format!("http://{}/", nowhere()));
    push(&otlp, 1..=1);
    let error = otlp.shutdown(Duration::from_secs(20)).unwrap_err();
    assert!(error.to_string().ends_with(" (spans dropped: 1)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 1, 0]);
    push(&otlp, 2..=2);
    let error = otlp.shutdown(Duration::from_secs(20)).unwrap_err();
    assert!(error.to_string().ends_with(" (spans dropped: 1)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 2, 0]);
    otlp.shutdown(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_shutdown_while_the_collector_hangs_ends_within_its_limit() {
    let collector = Collector::start(vec![Reply::Hang(Duration::from_secs(30))]);
    let otlp = otlp(&collector.url());
    push(&otlp, 1..=600);
    while collector.requests().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let error = otlp.shutdown(Duration::from_millis(50)).unwrap_err();
    assert!(error.to_string().ends_with("(spans waiting: 512, dropped: 88)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 88, 512]);
}

#[test]
fn it_works_inside_a_runtime_and_under_another_executor() {
    let collector = Collector::start(vec![status(503)]);
    let url = collector.url();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let otlp = otlp(&url);
        push(&otlp, 1..=1);
        flush(&otlp).unwrap();
        assert_eq!(fates(&otlp), [1, 0, 0, 0]);
    });
}

#[test]
fn a_bad_certificate_gets_no_span_and_one_that_is_trusted_gets_all() {
    let collector = Collector::start_tls(tls::server(false));
    let stranger = otlp(&collector.url());
    push(&stranger, 1..=3);
    let error = flush(&stranger).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(error.to_string().ends_with("(spans waiting: 3)"), "{error}");
    assert!(collector.requests().is_empty());
    assert_eq!(counts(&stranger).resent, 0);

    let certificate = Some(tls::path("server.pem"));
    let friend = start(&OtlpSettings { certificate, ..settings(&collector.url()) });
    push(&friend, 1..=3);
    flush(&friend).unwrap();
    assert_eq!(collector.spans().len(), 3);
    audit(&friend, &collector.taken());
}

#[test]
fn a_client_certificate_proves_who_we_are() {
    let collector = Collector::start_tls(tls::server(true));
    let certificate = Some(tls::path("server.pem"));
    let unknown = OtlpSettings { certificate, ..settings(&collector.url()) };
    let identity = Some((tls::path("client.pem"), tls::path("client.key")));
    let known = OtlpSettings { identity, ..unknown.clone() };

    let otlp = start(&unknown);
    push(&otlp, 1..=1);
    assert!(flush(&otlp).is_err());
    assert!(collector.requests().is_empty());

    let otlp = start(&known);
    push(&otlp, 1..=1);
    flush(&otlp).unwrap();
    assert_eq!(collector.spans().len(), 1);
}
