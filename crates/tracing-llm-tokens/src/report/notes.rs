//! The lines around the table: the totals above, and below what a table does not say.

use super::Report;
use crate::format::{counted, decimals, number, usd};
use crate::sums::Sums;

/// The totals.
pub(super) fn headline(report: &Report) -> Vec<String> {
    let (llm, embedding) = (&report.llm, &report.embedding);
    let mut lines = Vec::new();
    if llm.calls > 0 {
        let (total, calls) = (number(llm.total), counted(llm.calls, "LLM call"));
        let (input, output) = (number(llm.input), number(llm.output));
        lines.push(format!("{total} tokens in {calls}: {input} prompt, {output} completion"));
    }
    if embedding.calls > 0 {
        let calls = counted(embedding.calls, "embedding call");
        lines.push(format!("{} tokens in {calls}", number(embedding.total)));
    }
    let both = both(report);
    if let Some(cost) = both.cost() {
        let cost = usd(cost, decimals(cost));
        let unpriced = (both.unpriced > 0)
            .then(|| format!("{} of no known price", counted(both.unpriced, "token")));
        let partly = (both.partly_priced_calls > 0)
            .then(|| format!("a part of {}", counted(both.partly_priced_calls, "call")));
        let missing: Vec<String> = unpriced.into_iter().chain(partly).collect();
        lines.push(match missing.is_empty() {
            true => cost,
            false => format!("{cost}, without {}", missing.join(" and ")),
        });
    }
    lines
}

/// Parts, estimates, calls without a count or a price, and where the prices are from.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let both = both(report);
    let mut lines = Vec::new();
    if report.rows.is_empty() {
        lines.push(format!("no rows by {}: too many other context keys have sums", report.by));
    }
    let parts: Vec<String> = [
        (report.llm.cache_read, "of the prompts read from a cache"),
        (report.llm.cache_write, "of the prompts written to a cache"),
        (report.llm.reasoning, "of the completions spent on reasoning"),
    ]
    .into_iter()
    .filter(|(tokens, _)| *tokens > 0)
    .map(|(tokens, what)| format!("{} {what}", number(tokens)))
    .collect();
    if !parts.is_empty() {
        lines.push(parts.join(", "));
    }

    let all = counted(both.calls, "call");
    let of_all = |tokens: u64, calls: u64| {
        format!("{} tokens in {} of {all}", number(tokens), number(calls))
    };
    if both.estimated_calls > 0 {
        let estimated = of_all(both.estimated, both.estimated_calls);
        lines.push(format!("~ estimated, not reported by the provider: {estimated}"));
    }
    for (encoding, calls) in &report.fallbacks {
        let calls = counted(*calls, "call");
        lines.push(format!("counted with {encoding} for want of their own encoding: {calls}"));
    }
    if both.unknown_calls > 0 {
        let unknown = number(both.unknown_calls);
        lines.push(format!("not counted, for nothing is known of them: {unknown} of {all}"));
    }
    if both.unpriced_calls > 0 {
        // The mark stands in the column of costs, which is not there without any.
        let mark = if both.cost().is_some() { "? " } else { "" };
        let unpriced = of_all(both.unpriced, both.unpriced_calls);
        lines.push(format!("{mark}no price is known: {unpriced}"));
    }
    if both.partly_priced_calls > 0 {
        let calls = number(both.partly_priced_calls);
        lines.push(format!(
            "? priced in part, for a prompt or completion was not counted: {calls} of {all}"
        ));
    }
    if !report.prices.is_empty() {
        lines.push(format!("prices: {}", report.prices.join("; ")));
    }
    lines
}

fn both(report: &Report) -> Sums {
    let mut both = report.llm.clone();
    both.merge(&report.embedding);
    both
}
