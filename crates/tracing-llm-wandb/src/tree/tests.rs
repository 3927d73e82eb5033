use super::*;
use crate::testing::START;

fn span(name: &str, status: Option<Status>) -> Span {
    Span { name: name.to_owned(), status_code: status, ..Span::default() }
}

fn tree(spans: Vec<Span>) -> Tree {
    let mut tree =
        Tree::new("query".to_owned(), TraceId::FIRST, START, START + Duration::from_secs(2));
    tree.spans = spans;
    tree
}

#[test]
fn one_span_at_the_top_is_the_root_and_says_what_trace_it_is() {
    let root = tree(vec![span("answer", None)]).into_root();
    assert_eq!((root.name.as_str(), root.child_spans.len()), ("answer", 0));
    assert_eq!(root.attributes["trace_name"], "query");
    assert!(!root.attributes.contains_key("trace_end_seen"));
}

/// The original gave this root the times and the texts of its first child.
#[test]
fn several_at_the_top_get_a_root_with_the_times_of_the_trace() {
    let root = tree(vec![span("one", None), span("two", None)]).into_root();
    assert_eq!(root.name, "query");
    assert_eq!((root.start_time_ms, root.end_time_ms), (1_790_000_000_000, 1_790_000_002_000));
    let names: Vec<_> = root.child_spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(root.results, None);
}

#[test]
fn a_trace_failed_if_one_failed_and_went_well_if_all_did() {
    let (ok, error) = (Some(Status::Success), Some(Status::Error));
    for (spans, expected) in [
        (vec![], None),
        (vec![ok], ok),
        (vec![ok, ok], ok),
        (vec![ok, None], None),
        (vec![ok, None, error], error),
    ] {
        let spans = spans.into_iter().map(|status| span("s", status)).collect();
        assert_eq!(tree(spans).status(), expected);
    }
}

#[test]
fn thousands_of_spans_in_one_another_are_written_without_going_so_deep() {
    let placed = (0..50_000).map(|depth| (depth, span("s", None))).collect();
    let spans = nested(placed);
    let json = serde_json::to_string(&spans).unwrap();
    assert_eq!(json.matches(r#""name":"s""#).count(), 50_000);
    let mut depth = 0;
    let mut level = &spans;
    while let Some(span) = level.first() {
        (depth, level) = (depth + 1, &span.child_spans);
    }
    assert_eq!(depth, DEPTH + 1);
}
