use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use super::*;
use crate::endpoint::Endpoint;
use crate::handler::OpenInference;
use crate::json::{self, Envelope};
use crate::testing::{Collector, Reply, nowhere};

fn span(number: u8) -> Span {
    let name = number.to_string();
    Span { trace_id: vec![1; 16], span_id: vec![number; 8], name, ..Span::default() }
}

fn lines(spans: &[Span]) -> String {
    let envelope = Envelope::new(&Default::default(), &Default::default()).unwrap();
    let lines = envelope.lines(spans, 1).unwrap();
    lines.into_iter().map(|line| String::from_utf8(line.bytes).unwrap()).collect()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("tracing-llm-resend-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(file);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs without a collector: the closure answers the names of a request's spans.
fn run(
    path: &Path,
    batch_bytes: usize,
    mut answer: impl FnMut(&[String]) -> Fate + 'static,
) -> (Result<ResendReport, Error>, Vec<Vec<String>>, Vec<Duration>) {
    let requests = Rc::<RefCell<Vec<Vec<String>>>>::default();
    let waits = Rc::<RefCell<Vec<Duration>>>::default();
    let (seen, waited) = (Rc::clone(&requests), Rc::clone(&waits));
    let endpoint = Endpoint::parse("http://127.0.0.1:1/v1/traces").unwrap();
    let settings = OtlpSettings { batch_bytes, ..OtlpSettings::new(endpoint) };
    let post: Post = Box::new(move |body| {
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|origin| origin.scope_spans);
        let names: Vec<String> =
            scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect();
        let fate = answer(&names);
        seen.borrow_mut().push(names);
        fate
    });
    let sleep = Box::new(move |wait| waited.borrow_mut().push(wait));
    let result = Resend::new(&settings, post, sleep).run(path);
    (result, requests.take(), waits.take())
}

const TAKEN: Fate = Fate::Taken { rejected: 0 };

#[test]
fn the_spans_of_a_file_reach_the_collector_whole() {
    let collector = Collector::start(Vec::new());
    let folder = Folder::new("whole");
    let path = folder.write("spans.jsonl", lines(&[span(1), span(2)]));
    let builder = OpenInference::builder().endpoint(collector.url()).header("api-key", "k");
    let report = builder.resend(&path).unwrap();
    assert_eq!(report.to_string(), "2 of 2 spans in 1 file");
    assert_eq!(collector.spans(), [span(1), span(2)]);
    let requests = collector.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].headers["content-type"], "application/x-protobuf");
    assert_eq!(requests[0].headers["api-key"], "k");
}

#[test]
fn answers_of_a_collector_are_understood() {
    let folder = Folder::new("answers");
    let path = folder.write("spans.jsonl", lines(&[span(1), span(2)]));
    let replies = vec![
        Reply::Status(413, Vec::new()),
        Reply::Status(200, Vec::new()),
        Reply::Status(400, b"bad".to_vec()),
    ];
    let collector = Collector::start(replies);
    let report = OpenInference::builder().endpoint(collector.url()).resend(&path).unwrap();
    assert_eq!(report.to_string(), "1 of 2 spans in 1 file, 1 failed");
    let collector = Collector::start(vec![Reply::Status(401, b"no key".to_vec())]);
    let error = OpenInference::builder().endpoint(collector.url()).resend(&path).unwrap_err();
    assert!(error.to_string().contains("status 401 no key (stopped at "), "{error}");
    assert!(error.to_string().ends_with("spans.jsonl:1; spans taken before: 0)"), "{error}");
}

#[test]
fn the_files_of_a_folder_are_sent_by_name_and_others_left_alone() {
    let folder = Folder::new("folder");
    folder.write("b.jsonl", lines(&[span(2)]));
    folder.write("a.jsonl", lines(&[span(1)]));
    folder.write("c.jsonl.open", lines(&[span(3)]));
    let (report, requests, _) = run(&folder.0, usize::MAX, |_| TAKEN);
    assert_eq!(report.unwrap().to_string(), "2 of 2 spans in 2 files");
    assert_eq!(requests, [["1", "2"]]);
}

#[test]
fn batches_keep_to_the_size_and_a_longer_line_is_split() {
    let folder = Folder::new("size");
    let one = |spans: &[Span]| {
        let envelope = Envelope::new(&Default::default(), &Default::default()).unwrap();
        envelope.lines(spans, usize::MAX).unwrap().remove(0).bytes
    };
    let mut text = one(&[span(1), span(2), span(3), span(4), span(5)]);
    text.extend(one(&[span(6)]));
    let path = folder.write("spans.jsonl", text);
    let limit = encoded(&json::read(&one(&[span(1), span(2)])).unwrap());
    let (report, requests, _) = run(&path, limit, |_| TAKEN);
    assert_eq!(report.unwrap().exported, 6);
    assert_eq!(requests, [vec!["1", "2"], vec!["3"], vec!["4", "5"], vec!["6"]]);
}

#[test]
fn one_span_that_spoils_a_request_is_found_and_the_others_arrive() {
    let folder = Folder::new("spoils");
    let path = folder.write("spans.jsonl", lines(&(1..=8).map(span).collect::<Vec<_>>()));
    let (report, requests, _) = run(&path, usize::MAX, |names| {
        let spoiled = names.iter().any(|name| name == "5");
        if spoiled { Fate::Split { why: "?".into() } } else { TAKEN }
    });
    let report = report.unwrap();
    assert_eq!((report.exported, report.failed), (7, 1));
    let last: Vec<_> = requests.last().unwrap().clone();
    assert_eq!(last, ["7", "8"]);
}

#[test]
fn rejected_spans_count_as_failed() {
    let folder = Folder::new("rejected");
    let path = folder.write("spans.jsonl", lines(&[span(1), span(2), span(3)]));
    let (report, ..) = run(&path, usize::MAX, |_| Fate::Taken { rejected: 2 });
    assert_eq!(report.unwrap().to_string(), "1 of 3 spans in 1 file, 2 failed");
}

#[test]
fn lines_that_cannot_be_read_and_spans_without_valid_ids_are_counted_and_passed_over() {
    let folder = Folder::new("unreadable");
    let nameless = Span { span_id: vec![0; 8], ..span(9) };
    let short = Span { parent_span_id: vec![1; 7], ..span(9) };
    let text =
        format!("?\n\n{}{}", lines(&[span(1), nameless, short]), lines(&[span(2)]).trim_end());
    let path = folder.write("spans.jsonl", text + "\n{\"resourceSp");
    let (report, requests, _) = run(&path, usize::MAX, |_| TAKEN);
    assert_eq!(report.unwrap().to_string(), "2 of 4 spans in 1 file, 2 failed, 2 lines unreadable");
    assert_eq!(requests, [["1", "2"]]);
}

#[test]
fn a_last_line_without_its_newline_is_sent_if_it_is_whole() {
    let folder = Folder::new("last");
    let path = folder.write("spans.jsonl", lines(&[span(1)]).trim_end());
    let (report, ..) = run(&path, usize::MAX, |_| TAKEN);
    assert_eq!(report.unwrap().to_string(), "1 of 1 spans in 1 file");
}

#[test]
fn a_collector_that_comes_back_is_waited_for_and_one_that_does_not_is_an_error() {
    let folder = Folder::new("away");
    let path = folder.write("spans.jsonl", lines(&[span(1), span(2)]));
    let mut calls = 0;
    let (report, _, waits) = run(&path, usize::MAX, move |_| {
        calls += 1;
        if calls < 4 { Fate::Later { why: "status 503".into() } } else { TAKEN }
    });
    assert_eq!(report.unwrap().exported, 2);
    assert_eq!(waits, WAITS);

    let (report, requests, _) = run(&path, 1, |names| {
        if names == ["1"] { TAKEN } else { Fate::Later { why: "status 503".into() } }
    });
    let error = report.unwrap_err();
    assert!(error.is_send());
    let expected = format!(
        "could not send to http://127.0.0.1:1/v1/traces: status 503 \
         (stopped at {}:2; spans taken before: 1)",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(requests.len(), 1 + 4);
}

#[test]
fn a_collector_that_takes_nothing_is_an_error_before_all_is_tried_one_by_one() {
    let folder = Folder::new("nothing");
    let path = folder.write("spans.jsonl", lines(&(1..=100).map(span).collect::<Vec<_>>()));
    let (report, ..) = run(&path, usize::MAX, |_| Fate::Split { why: "status 400".into() });
    assert!(report.unwrap_err().to_string().contains("status 400"));
}

#[test]
fn what_cannot_be_begun_is_a_clear_error() {
    let folder = Folder::new("begun");
    let error = OpenInference::builder().resend("spans.jsonl").unwrap_err();
    assert!(error.is_setting());
    let url = format!("http://{}/v1/traces", nowhere());
    let missing = folder.0.join("missing.jsonl");
    let error = OpenInference::builder().endpoint(url).resend(&missing).unwrap_err();
    assert!(error.is_file());
    assert!(error.to_string().starts_with("could not read "), "{error}");
}
