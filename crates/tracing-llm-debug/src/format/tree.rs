//! A trace as a tree.

use std::fmt::Write as _;

use tracing_llm::Outcome;

use super::line::{self, End, GAP};
use super::units::{count, human, thousands};
use super::{Look, MAX_INDENT, content};
use crate::log::{Node, TraceView};

/// The whole trace: a line of its own, then its events.
pub(crate) fn trace(view: &TraceView, look: Look) -> String {
    let paint = look.paint;
    let mut text = header(view, look);
    text.push('\n');
    let depths: Vec<usize> = view.nodes.iter().map(|n| n.shown_depth.min(MAX_INDENT)).collect();
    let branches = branches(&depths, view.missing > 0);
    let mut below = depths.iter().skip(1).copied();
    for ((node, &depth), branch) in view.nodes.iter().zip(&depths).zip(branches) {
        let has_children = below.next().is_some_and(|next| next > depth);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}{}", paint.faint(&branch.own()), event(node, look));
        if let Some(flow) = content::flow(node.pair.event(), look.preview) {
            let guide = branch.under(has_children);
            let _ = writeln!(text, "{}", paint.faint(&format!("{guide}{flow}")));
        }
    }
    if view.missing > 0 {
        let events = if view.missing == 1 { "event" } else { "events" };
        let missing = format!("⋯ {} {events} not shown", thousands(view.missing));
        let _ = writeln!(text, "{}{}", paint.faint("└─ "), paint.warning(&missing));
    }
    text
}

/// Name, id and time of the trace, how many events there are and how many went wrong.
fn header(view: &TraceView, look: Look) -> String {
    let paint = look.paint;
    let trace = &view.trace;
    let outcomes = |wanted: Outcome| {
        let events = view.nodes.iter().map(|node| node.pair.event());
        let counted = events.filter(|event| {
            let repeated = event.payload.exception.as_ref().is_some_and(|e| e.propagated);
            event.outcome == wanted && !repeated
        });
        counted.count()
    };
    let name = paint.strong(&line::name(&trace.name));
    let sign = if view.ended { "●".to_owned() } else { paint.warning("◌") };
    let mut facts = vec![format!("{sign} {name}"), paint.faint(&line::short(trace.id))];
    facts.push(match view.ended {
        true => paint.number(&human(trace.elapsed)),
        false => paint.warning("unfinished"),
    });
    let omitted = usize::try_from(trace.map.omitted()).unwrap_or(usize::MAX);
    facts.push(count(trace.map.len().saturating_add(omitted), "event", "events"));
    match outcomes(Outcome::Error) {
        0 => {}
        errors => facts.push(paint.error(&format!("✗ {}", count(errors, "error", "errors")))),
    }
    for (sign, outcome) in [("⊘", Outcome::Cancelled), ("◌", Outcome::Incomplete)] {
        match outcomes(outcome) {
            0 => {}
            number => {
                let word = outcome.as_str();
                facts.push(paint.warning(&format!("{sign} {number} {word}")));
            }
        }
    }
    facts.join(GAP)
}

fn event(node: &Node, look: Look) -> String {
    let end = if node.pair.end().is_some() { End::Known } else { End::Unknown };
    let facts = line::facts(node.pair.event(), end, look);
    match node.shown_depth {
        0..=MAX_INDENT => facts,
        depth => format!("{}{GAP}{facts}", look.paint.faint(&format!("(depth {depth})"))),
    }
}

/// The lines to the left of an event.
#[derive(Clone, Copy)]
struct Branch {
    depth: usize,
    /// A bit for each level at which more is to come.
    open: u64,
}

/// From the last event to the first: a level stays open until something less deep is met.
fn branches(depths: &[usize], more: bool) -> Vec<Branch> {
    let mut open = u64::from(more);
    let mut branches = Vec::with_capacity(depths.len());
    for &depth in depths.iter().rev() {
        open &= (2 << depth) - 1;
        branches.push(Branch { depth, open });
        open |= 1 << depth;
    }
    branches.reverse();
    branches
}

impl Branch {
    /// To the left of the event itself.
    fn own(self) -> String {
        let last = if self.is_open(self.depth) { "├─ " } else { "└─ " };
        self.guides(self.depth) + last
    }

    /// To the left of a line that belongs to the event.
    fn under(self, has_children: bool) -> String {
        self.guides(self.depth + 1) + if has_children { "│ " } else { "  " }
    }

    fn guides(self, levels: usize) -> String {
        (0..levels).map(|level| if self.is_open(level) { "│  " } else { "   " }).collect()
    }

    fn is_open(self, level: usize) -> bool {
        self.open & (1 << level) != 0
    }
}

#[cfg(test)]
mod tests;
