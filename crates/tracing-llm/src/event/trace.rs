//! Traces and their maps.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Context, SpanId, Text, Timestamp, TraceId};

/// A trace: a named scope and all events below it.
///
/// An event that stands in no scope is a trace of its own, named by the value
/// of its type (`query`).
///
/// ```
/// use tracing_llm::{Timestamp, Trace, TraceId};
///
/// let trace = Trace::new(TraceId::new(1).unwrap(), "query", Timestamp::from_unix_nanos(0));
/// assert!(trace.map.roots().is_empty());
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The W3C trace id.
    pub id: TraceId,
    /// Its name: `index_construction`, `query` …
    pub name: Text,
    /// The span of the scope, if a scope opened the trace; the top events have no parent all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<SpanId>,
    /// The span of another process that the trace continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_parent: Option<SpanId>,
    /// Whether that other process samples the trace; none if there is none, or if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<bool>,
    /// The vendors' list that goes along with the trace, as the header `tracestate`
    /// ([W3C Trace Context](https://www.w3.org/TR/trace-context-2/#tracestate-header)) has it; none if
    /// nothing came, or no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<Text>,
    /// When it began.
    pub start: Timestamp,
    /// From its start to its end; zero while it runs.
    #[serde(default)]
    pub elapsed: Duration,
    /// What its scope carries: session, user, tags …
    #[serde(default)]
    pub context: Arc<Context>,
    /// Parent → children; empty while it runs.
    #[serde(default)]
    pub map: TraceMap,
}

impl Trace {
    /// A trace that begins now.
    #[must_use]
    pub fn new(id: TraceId, name: impl Into<Text>, start: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            scope_id: None,
            remote_parent: None,
            sampled: None,
            tracestate: None,
            start,
            elapsed: Duration::ZERO,
            context: Arc::default(),
            map: TraceMap::default(),
        }
    }

    /// When it ended; its start while it runs.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.elapsed
    }
}

/// Parent → children of a trace, each list in the order in which the events began.
///
/// Serialized as an object of span ids with `"root"` for the top.
///
/// ```
/// use tracing_llm::{SpanId, TraceMap};
///
/// let (query, llm) = (SpanId::new(1).unwrap(), SpanId::new(2).unwrap());
/// let mut map = TraceMap::default();
/// map.insert(None, query);
/// map.insert(Some(query), llm);
/// assert_eq!(map.roots(), [query]);
/// assert_eq!(map.children(query), [llm]);
/// assert_eq!(map.walk().collect::<Vec<_>>(), [(0, query), (1, llm)]);
/// ```
#[derive(Clone, Debug, Default, Eq)]
pub struct TraceMap {
    children: HashMap<Option<SpanId>, Vec<SpanId>>,
    order: Vec<Option<SpanId>>,
    len: usize,
    omitted: u64,
}

impl TraceMap {
    /// Adds an event below its parent; none is the top.
    pub fn insert(&mut self, parent: Option<SpanId>, child: SpanId) {
        self.children
            .entry(parent)
            .or_insert_with(|| {
                self.order.push(parent);
                Vec::new()
            })
            .push(child);
        self.len += 1;
    }

    /// The events at the top.
    #[must_use]
    pub fn roots(&self) -> &[SpanId] {
        self.children.get(&None).map_or(&[], Vec::as_slice)
    }

    /// The events right below this one.
    #[must_use]
    pub fn children(&self, parent: SpanId) -> &[SpanId] {
        self.children.get(&Some(parent)).map_or(&[], Vec::as_slice)
    }

    /// How many events are in the map.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the map holds no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// How many events are missing since the map was full.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Counts an event that is left out of the map.
    pub fn omit(&mut self) {
        self.omitted += 1;
    }

    /// All events depth-first, each with its depth; the top has depth 0.
    pub fn walk(&self) -> impl Iterator<Item = (usize, SpanId)> + '_ {
        let mut stack: Vec<(usize, SpanId)> =
            self.roots().iter().rev().map(|id| (0, *id)).collect();
        std::iter::from_fn(move || {
            let (depth, id) = stack.pop()?;
            stack.extend(self.children(id).iter().rev().map(|child| (depth + 1, *child)));
            Some((depth, id))
        })
    }
}

/// The order of the parents among each other has no meaning: JSON tools may sort them.
impl PartialEq for TraceMap {
    fn eq(&self, other: &Self) -> bool {
        self.children == other.children && self.omitted == other.omitted
    }
}

impl Serialize for TraceMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.order.iter().filter_map(|parent| {
            let key = parent.map_or_else(|| "root".to_owned(), |id| id.to_string());
            self.children.get(parent).map(|children| (key, children))
        }))
    }
}

/// In the order in which the parents are written, so that it is written again the same.
impl<'de> Deserialize<'de> for TraceMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parents;

        impl<'de> Visitor<'de> for Parents {
            type Value = TraceMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of span ids, or \"root\", to lists of span ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut parents: A) -> Result<TraceMap, A::Error> {
                let mut map = TraceMap::default();
                while let Some((parent, children)) = parents.next_entry::<String, Vec<SpanId>>()? {
                    let parent = match parent.as_str() {
                        "root" => None,
                        id => Some(id.parse().map_err(A::Error::custom)?),
                    };
                    for child in children {
                        map.insert(parent, child);
                    }
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(Parents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_reads_back_as_it_was_written() {
        let mut map = TraceMap::default();
        for parent in 1..50 {
            map.insert(SpanId::new(parent - 1), SpanId::new(parent).unwrap());
        }
        let text = serde_json::to_string(&map).unwrap();
        let read: TraceMap = serde_json::from_str(&text).unwrap();
        assert_eq!(read, map);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let sorted: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::from_value::<TraceMap>(sorted).unwrap(), map);
    }

    #[test]
    fn a_parent_that_is_no_id_is_an_error_and_not_the_top() {
        let map = serde_json::from_str::<TraceMap>(r#"{"e1": ["0000000000000001"]}"#);
        assert!(map.unwrap_err().to_string().starts_with("\"e1\" is no valid SpanId"));
    }
}
