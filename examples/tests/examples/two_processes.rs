use std::path::Path;

use serde_json::Value;

use crate::run::{Run, example, folder};

/// All spans of a file, in whatever envelope they stand.
fn spans(file: &Path) -> Vec<Value> {
    fn collect(json: &Value, found: &mut Vec<Value>) {
        match json {
            Value::Object(object) if object.contains_key("spanId") => found.push(json.clone()),
            Value::Object(object) => object.values().for_each(|inner| collect(inner, found)),
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        collect(&serde_json::from_str(line).unwrap(), &mut found);
    }
    found
}

#[test]
fn two_processes_are_one_trace() {
    let folder = folder("two_processes");
    let run = Run::from(example("two_processes", &folder).output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (asker, retriever) =
        (spans(&folder.join("asker.jsonl")), spans(&folder.join("retriever.jsonl")));
    let ([answer], [search]) = (&asker[..], &retriever[..]) else {
        panic!("{asker:#?} {retriever:#?}")
    };
    assert_eq!((&answer["name"], &search["name"]), (&"answer".into(), &"search".into()));
    assert_eq!(search["traceId"], answer["traceId"]);
    assert_eq!(search["parentSpanId"], answer["spanId"]);
    assert!(run.stdout.contains(answer["traceId"].as_str().unwrap()), "{}", run.stdout);
    // The session came in the baggage.
    assert!(search["attributes"].to_string().contains("two-processes"), "{search:#}");
}
