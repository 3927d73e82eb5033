//! The events of a trace → its rows. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing_llm::{Event, EventType, Message, Text, Trace};

use super::iso8601;
use super::row::{NodeRow, QueryRow};

/// Whether rows are made of such an event.
pub(super) fn is_used(event: &Event) -> bool {
    [
        EventType::QUERY,
        EventType::LLM,
        EventType::RETRIEVE,
        EventType::EMBEDDING,
        EventType::NODE_PARSING,
    ]
    .contains(&event.event_type)
}

/// The rows of a trace. A trace that asks, retrieves and answers nothing, such as one that
/// builds an index, has no query row.
pub(super) fn rows(trace: &Trace, events: &[Arc<Event>]) -> (Option<QueryRow>, Vec<NodeRow>) {
    // Ends come from the inside out; of two that began together the outer one stands first.
    let mut events: Vec<&Event> = events.iter().rev().map(|event| &**event).collect();
    events.sort_by_key(|event| event.start);
    let vectors = Vectors::of(&events);
    (query_row(trace, &events, &vectors), node_rows(&events, &vectors))
}

/// The events of a type, by their start.
fn of_type<'a>(
    events: &'a [&'a Event],
    event_type: EventType,
) -> impl DoubleEndedIterator<Item = &'a Event> + Clone {
    events.iter().copied().filter(move |event| event.event_type == event_type)
}

fn query_row(trace: &Trace, events: &[&Event], vectors: &Vectors<'_>) -> Option<QueryRow> {
    let llm = || of_type(events, EventType::LLM);
    let query = of_type(events, EventType::QUERY).next();
    let retrieved =
        of_type(events, EventType::RETRIEVE).flat_map(|event| event.payload.nodes.iter());

    let asked = query.and_then(|event| {
        let payload = &event.payload;
        payload.query.clone().or_else(|| payload.input_text())
    });
    let query_text = asked
        .or_else(|| llm().find_map(|event| event.payload.messages.last()).map(Message::text))
        .or_else(|| {
            of_type(events, EventType::RETRIEVE).find_map(|event| event.payload.query.clone())
        });
    let messages = llm().rev().map(|event| &event.payload.messages).find(|list| !list.is_empty());
    let row = QueryRow {
        id: id(trace),
        timestamp: iso8601::format(trace.start),
        query_embedding: vectors.of_query(query_text.as_ref()),
        query_text,
        llm_prompt: llm().rev().find_map(|event| event.payload.prompt.clone()),
        llm_messages: messages.map(|list| {
            list.iter().map(|message| (message.role.clone(), message.text())).collect()
        }),
        response_text: query
            .and_then(|event| event.payload.output_text())
            .or_else(|| llm().rev().find_map(|event| event.payload.output_text())),
        node_ids: retrieved.clone().map(|node| node.id.clone()).collect(),
        scores: retrieved.map(|node| node.score).collect(),
    };
    let has_content = row.query_text.is_some()
        || row.llm_prompt.is_some()
        || row.response_text.is_some()
        || !row.node_ids.is_empty();
    has_content.then_some(row)
}

/// Unique also where several traces of this process continue one of another process.
fn id(trace: &Trace) -> String {
    match trace.scope_id.or_else(|| trace.map.roots().first().copied()) {
        Some(top) => format!("{}-{top}", trace.id),
        None => trace.id.to_string(),
    }
}

fn node_rows(events: &[&Event], vectors: &Vectors<'_>) -> Vec<NodeRow> {
    let with_nodes = events
        .iter()
        .filter(|event| matches!(event.event_type, EventType::RETRIEVE | EventType::NODE_PARSING));
    let mut seen = HashSet::new();
    with_nodes
        .flat_map(|event| event.payload.nodes.iter())
        .filter(|node| node.id.as_ref().is_none_or(|id| seen.insert(id)))
        .map(|node| NodeRow {
            id: node.id.clone(),
            node_text: node.content.clone(),
            node_embedding: vectors.of_text(&node.content),
        })
        .collect()
}

/// The vectors of a trace.
struct Vectors<'a> {
    by_text: HashMap<&'a Text, &'a Arc<[f32]>>,
    /// The first one of the last event that has any.
    last: Option<&'a Arc<[f32]>>,
}

impl<'a> Vectors<'a> {
    fn of(events: &[&'a Event]) -> Self {
        let embeddings = |event: &'a Event| {
            let pairs = event.payload.embeddings.iter();
            pairs.filter_map(|one| Some((one.text.as_ref(), one.vector.as_ref()?)))
        };
        let events: Vec<&'a Event> = events
            .iter()
            .copied()
            .filter(|event| event.event_type == EventType::EMBEDDING)
            .collect();
        let texts = events.iter().flat_map(|event| embeddings(event));
        Self {
            by_text: texts.filter_map(|(text, vector)| Some((text?, vector))).collect(),
            last: events.iter().rev().find_map(|event| Some(embeddings(event).next()?.1)),
        }
    }

    fn of_text(&self, text: &Text) -> Option<Arc<[f32]>> {
        self.by_text.get(text).map(|vector| Arc::clone(vector))
    }

    fn of_query(&self, query: Option<&Text>) -> Option<Arc<[f32]>> {
        query.and_then(|text| self.of_text(text)).or_else(|| self.last.cloned())
    }
}
