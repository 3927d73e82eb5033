use std::fmt::Write;

use serde_json::json;

use super::*;
use crate::encode::Node;
use crate::testing::{number, text, track};
use crate::track::Value as Tracked;

fn book() -> Book {
    let about = About {
        experiment: Some("rag".to_owned()),
        name: Some("first".to_owned()),
        tags: vec!["nightly".to_owned()],
        parameters: vec![("retrieval".to_owned(), json!({ "top_k": 4 }))],
    };
    Book::new("RUN", about)
}

/// One line an instruction: `target method path = value`.
fn lines(instructions: &[Instruction]) -> String {
    let mut lines = String::new();
    for Instruction { target, method, arguments } in instructions {
        let _ = write!(lines, "{target:?} {method} ");
        let shown: Vec<String> = arguments.iter().map(show).collect();
        let _ = writeln!(lines, "{}", shown.join(" = "));
    }
    lines
}

fn show(node: &Node) -> String {
    match node {
        Node::Array(keys) => keys.iter().map(show).collect::<Vec<_>>().join("/"),
        Node::Str(text) => text.to_string(),
        Node::Text(text) => format!("Text({text})"),
        Node::Int(number) => number.to_string(),
        Node::Float(number) => format!("{number:?}"),
        Node::Null => "null".to_owned(),
        Node::Object(fields) => {
            let field = |(key, value): &(crate::encode::Key, Node)| {
                format!("{}: {}", show(&key.clone().into()), show(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Node::Bool(flag) => flag.to_string(),
    }
}

#[test]
fn a_run_begins_with_what_is_said_of_it() {
    let mut book = book();
    let said = "\
Meta __setitem__ meta/chunks/RUN/end_time = null
Meta __setitem__ meta/chunks/RUN/attrs/retrieval = {top_k: 4}
Meta __setitem__ meta/attrs/retrieval = {top_k: 4}
Properties experiment.setter rag
Properties name.setter first
Properties add_tag nightly
";
    let first = "\
Meta __setitem__ meta/chunks/RUN/attrs = {}
Meta __setitem__ meta/attrs = {}
";
    assert_eq!(lines(&book.opening()), format!("{first}{said}"));
    assert!(!book.is_open());
    book.opened();
    assert_eq!(lines(&book.opening()), said, "what others said of it stays");
    assert!(book.is_open());
}

#[test]
fn a_run_ends_with_its_time() {
    let end = lines(&book().closing(12.5));
    assert_eq!(end, "Meta __setitem__ meta/chunks/RUN/end_time = 12.5\n");
}

#[test]
fn a_text_stands_where_aims_client_puts_it() {
    let written = lines(&book().track(&text(7, "why?")));
    let context = text(0, "").context.id();
    let expected = "\
Meta __setitem__ meta/contexts/C = {event_type: llm}
Meta __setitem__ meta/chunks/RUN/contexts/C = {event_type: llm}
Series make_array seqs/chunks/RUN/C/prompt/val
Series make_array seqs/chunks/RUN/C/prompt/epoch
Series make_array seqs/chunks/RUN/C/prompt/time
Meta __setitem__ meta/traces_types/aim.text/C/prompt = 1
Meta __setitem__ meta/chunks/RUN/traces/C/prompt = {dtype: aim.text, version: 1, first: Text(why?), first_step: 7, last: Text(why?), last_step: 7}
Meta __setitem__ meta/chunks/RUN/typed_traces/texts/C/prompt = 1
Series __setitem__ seqs/chunks/RUN/C/prompt/val/7 = Text(why?)
Series __setitem__ seqs/chunks/RUN/C/prompt/epoch/7 = null
Series __setitem__ seqs/chunks/RUN/C/prompt/time/7 = 1700000000.5
";
    assert_eq!(written, expected.replace('C', &context.to_string()));
}

/// `hash(0)` and `hash(1)` are Aim's own.
#[test]
fn numbers_stand_where_aims_client_puts_them_and_are_announced_once() {
    let mut book = book();
    let context = number(0).context.id().to_string();
    let first = "\
Meta __setitem__ meta/contexts/C = {event_type: llm}
Meta __setitem__ meta/chunks/RUN/contexts/C = {event_type: llm}
Series make_array seqs/v2/chunks/RUN/C/latency/step
Series make_array seqs/v2/chunks/RUN/C/latency/val
Series make_array seqs/v2/chunks/RUN/C/latency/epoch
Series make_array seqs/v2/chunks/RUN/C/latency/time
Meta __setitem__ meta/traces_types/float/C/latency = 1
Meta __setitem__ meta/chunks/RUN/traces/C/latency = {dtype: float, version: 2, first: 0.5, first_step: 0, last: 0.5, last_step: 0, max: 0.5, min: 0.5}
Meta __setitem__ meta/chunks/RUN/typed_traces/metric/C/latency = 1
Series __setitem__ seqs/v2/chunks/RUN/C/latency/val/487590686800389010 = 0.5
Series __setitem__ seqs/v2/chunks/RUN/C/latency/step/487590686800389010 = 0
Series __setitem__ seqs/v2/chunks/RUN/C/latency/epoch/487590686800389010 = null
Series __setitem__ seqs/v2/chunks/RUN/C/latency/time/487590686800389010 = 1700000000.5
";
    assert_eq!(lines(&book.track(&number(0))), first.replace('C', &context));
    let second = "\
Meta __setitem__ meta/chunks/RUN/traces/C/latency/last = 2.0
Meta __setitem__ meta/chunks/RUN/traces/C/latency/last_step = 1
Meta __setitem__ meta/chunks/RUN/traces/C/latency/max = 2.0
Series __setitem__ seqs/v2/chunks/RUN/C/latency/val/6813614137041369426 = 2.0
Series __setitem__ seqs/v2/chunks/RUN/C/latency/step/6813614137041369426 = 1
Series __setitem__ seqs/v2/chunks/RUN/C/latency/epoch/6813614137041369426 = null
Series __setitem__ seqs/v2/chunks/RUN/C/latency/time/6813614137041369426 = 1700000000.5
";
    let written = lines(&book.track(&track("latency", 1, Tracked::Number(2.0))));
    assert_eq!(written, second.replace('C', &context));
}

#[test]
fn after_a_doubt_a_series_is_announced_again_with_all_that_was_in_it() {
    let mut book = book();
    for (step, number) in [(0, 0.5), (1, 2.0), (2, 0.25)] {
        book.track(&track("latency", step, Tracked::Number(number)));
    }
    book.doubt();
    // The value before the last is sent once more: it is not the newest.
    let again = lines(&book.track(&track("latency", 1, Tracked::Number(2.0))));
    let all = "{dtype: float, version: 2, first: 0.5, first_step: 0, \
               last: 0.25, last_step: 2, max: 2.0, min: 0.25}";
    assert!(again.contains(all), "{again}");
    assert!(again.contains("meta/contexts/"), "{again}");
    let next = lines(&book.track(&track("latency", 3, Tracked::Number(1.0))));
    assert!(!next.contains("make_array") && !next.contains("/contexts/"), "{next}");
}
