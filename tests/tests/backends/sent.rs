//! What was sent, as the exporter's file has it: the truth to compare a server's answer with.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

/// A span, its attributes as plain JSON values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) events: Vec<(String, BTreeMap<String, Value>)>,
}

impl Span {
    pub(crate) fn kind(&self) -> &str {
        self.attributes["openinference.span.kind"].as_str().unwrap()
    }
}

/// The spans of a file of OTLP JSON lines, in its order.
pub(crate) fn read(file: &Path) -> Vec<Span> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.flat_map(|line| spans(&line)).collect()
}

/// The spans of a `TracesData` in OTLP JSON.
pub(crate) fn spans(data: &Value) -> Vec<Span> {
    let scopes = data["resourceSpans"].as_array().unwrap().iter().flat_map(|resource| {
        resource["scopeSpans"].as_array().unwrap().iter().flat_map(|scope| {
            scope["spans"].as_array().unwrap().iter().map(span).collect::<Vec<_>>()
        })
    });
    scopes.collect()
}

fn span(span: &Value) -> Span {
    let text = |name: &str| span[name].as_str().unwrap_or_default().to_owned();
    let events = span["events"].as_array().cloned().unwrap_or_default();
    Span {
        trace: text("traceId"),
        id: text("spanId"),
        parent: Some(text("parentSpanId")).filter(|parent| !parent.is_empty()),
        name: text("name"),
        status: match span["status"]["code"].as_u64() {
            Some(1) => "OK",
            Some(2) => "ERROR",
            _ => "UNSET",
        },
        attributes: attributes(&span["attributes"]),
        events: events
            .iter()
            .map(|event| {
                let name = event["name"].as_str().unwrap_or_default().to_owned();
                (name, attributes(&event["attributes"]))
            })
            .collect(),
    }
}

fn attributes(list: &Value) -> BTreeMap<String, Value> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let count = list.len();
    let map: BTreeMap<String, Value> = list
        .iter()
        .map(|pair| (pair["key"].as_str().unwrap().to_owned(), plain(&pair["value"])))
        .collect();
    assert_eq!(map.len(), count, "a key stands twice: {list:?}");
    map
}

/// An OTLP value as the JSON value that it stands for.
fn plain(value: &Value) -> Value {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "stringValue" | "boolValue" | "doubleValue" => value.clone(),
        "intValue" => {
            let number = value.as_str().expect("OTLP JSON has 64-bit integers as text");
            json!(number.parse::<i64>().unwrap())
        }
        "arrayValue" => value["values"]
            .as_array()
            .map(|values| values.iter().map(plain).collect())
            .unwrap_or_else(|| json!([])),
        other => panic!("an attribute of kind {other}"),
    }
}
