//! Draws traces.

use std::collections::HashMap;
use std::fmt::Write;

use super::capture::Captured;
use crate::{Event, Outcome, SpanId, Trace};

pub(super) fn draw(captured: &Captured) -> String {
    let mut traces: Vec<&Trace> = captured.traces.iter().map(|trace| &**trace).collect();
    traces.sort_by_key(|trace| {
        captured
            .trace_starts
            .iter()
            .position(|start| start.id == trace.id && start.start == trace.start)
    });
    let mut drawing = String::new();
    for trace in traces {
        let events: HashMap<SpanId, &Event> = captured
            .ends
            .iter()
            .filter(|event| event.trace_id == trace.id)
            .map(|event| (event.span_id, &**event))
            .collect();
        let _ = writeln!(drawing, "{}", trace.name);
        // Whether more siblings follow, for each level above.
        let mut open = Vec::new();
        let mut stack: Vec<(usize, SpanId, bool)> = Vec::new();
        push(&mut stack, 0, trace.map.roots());
        while let Some((depth, id, last)) = stack.pop() {
            open.truncate(depth);
            for more in &open {
                drawing.push_str(if *more { "│  " } else { "   " });
            }
            drawing.push_str(if last { "└─ " } else { "├─ " });
            match events.get(&id) {
                Some(event) => {
                    let _ = write!(drawing, "{} {}", event.event_type, event.name);
                    if event.outcome != Outcome::Unset {
                        let _ = write!(drawing, " [{}]", event.outcome.as_str());
                    }
                }
                None => drawing.push('?'),
            }
            drawing.push('\n');
            open.push(!last);
            push(&mut stack, depth + 1, trace.map.children(id));
        }
    }
    drawing
}

fn push(stack: &mut Vec<(usize, SpanId, bool)>, depth: usize, siblings: &[SpanId]) {
    let last = siblings.len().saturating_sub(1);
    stack.extend(siblings.iter().enumerate().rev().map(|(at, id)| (depth, *id, at == last)));
}
