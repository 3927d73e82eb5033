//! The table: cells, and how they stand beside each other.

use tracing_llm::EventType;

use super::{Report, Row};
use crate::format::{counted, decimals, name, number, time, usd};
use crate::sums::Sums;

/// A table whose first column is text and whose others are numbers.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A column: its head, its cell in a row, and whether a row has something to show there.
struct Column {
    head: &'static str,
    cell: fn(&Row, usize) -> String,
    shown: fn(&Sums) -> bool,
}

const COLUMNS: [Column; 8] = [
    Column { head: "calls", cell: |row, _| number(row.sums.calls), shown: |_| true },
    Column {
        head: "errors",
        cell: |row, _| number(row.sums.errors),
        shown: |sums| sums.errors > 0,
    },
    Column { head: "prompt", cell: |row, _| number(row.sums.input), shown: |_| true },
    Column { head: "completion", cell: completion, shown: |_| true },
    Column { head: "total", cell: total, shown: |_| true },
    Column { head: "cost", cell: cost, shown: |sums| sums.cost().is_some() },
    Column { head: "p50", cell: |row, _| times(row.sums.elapsed.p50()), shown: has_times },
    Column { head: "p95", cell: |row, _| times(row.sums.elapsed.p95()), shown: has_times },
];

impl Table {
    pub(super) fn of(report: &Report) -> Self {
        let columns: Vec<&Column> = COLUMNS
            .iter()
            .filter(|column| report.rows.iter().any(|row| (column.shown)(&row.sums)))
            .collect();
        // One number of decimals for the whole column: as many as its smallest amount needs.
        let costs = report.rows.iter().filter_map(|row| row.sums.cost());
        let decimals = costs.map(decimals).max().unwrap_or_default();
        let rows = report.rows.iter().map(|row| {
            let cells = columns.iter().map(|column| (column.cell)(row, decimals));
            std::iter::once(key(report, row)).chain(cells).collect()
        });
        let heads = columns.iter().map(|column| column.head.to_owned());
        Self {
            head: std::iter::once(name(&report.by.to_string())).chain(heads).collect(),
            rows: rows.collect(),
        }
    }

    /// Columns side by side, numbers to the right. Marks stand in a place of their own, so that the
    /// digits are below each other.
    pub(super) fn text(&self) -> String {
        let lines: Vec<Vec<(String, &str)>> =
            self.lines().map(|line| line.iter().map(|cell| split_mark(cell)).collect()).collect();
        let count = self.head.len();
        let width = |at: usize, part: fn(&(String, &str)) -> usize| {
            lines.iter().filter_map(|line| line.get(at)).map(part).max().unwrap_or_default()
        };
        let widths: Vec<(usize, usize)> = (0..count)
            .map(|at| {
                let digits = width(at, |(cell, _)| cell.chars().count());
                (digits, width(at, |(_, mark)| mark.len()))
            })
            .collect();
        let mut text = String::new();
        for line in &lines {
            let mut shown = String::new();
            for (at, ((cell, mark), (digits, marks))) in line.iter().zip(&widths).enumerate() {
                if at == 0 {
                    shown.push_str(&format!("{cell:digits$}"));
                } else {
                    shown.push_str(&format!("  {cell:>digits$}{mark:marks$}"));
                }
            }
            text.push_str(shown.trim_end());
            text.push('\n');
        }
        text
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        for (at, line) in self.lines().enumerate() {
            let cells = line.iter().map(|cell| cell.replace('\\', "\\\\").replace('|', "\\|"));
            text.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
            if at == 0 {
                let rules = (0..line.len()).map(|at| if at == 0 { ":--" } else { "--:" });
                text.push_str(&format!("| {} |\n", rules.collect::<Vec<_>>().join(" | ")));
            }
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.head).chain(&self.rows)
    }
}

fn key(report: &Report, row: &Row) -> String {
    match (&row.key, row.others) {
        (_, Some(keys)) => format!("({})", counted(keys, &format!("other {}", report.by))),
        (Some(key), None) => name(key),
        (None, None) => format!("(no {})", report.by),
    }
}

fn completion(row: &Row, _: usize) -> String {
    match row.event_type {
        Some(EventType::EMBEDDING) => String::new(),
        _ => number(row.sums.output),
    }
}

fn total(row: &Row, _: usize) -> String {
    let mark = if row.sums.estimated_calls > 0 { "~" } else { "" };
    format!("{}{mark}", number(row.sums.total))
}

fn cost(row: &Row, decimals: usize) -> String {
    match (row.sums.cost(), row.sums.unpriced_calls + row.sums.partly_priced_calls) {
        (Some(cost), 0) => usd(cost, decimals),
        (Some(cost), _) => format!("{}?", usd(cost, decimals)),
        (None, 0) => String::new(),
        (None, _) => String::from("?"),
    }
}

fn times(duration: Option<std::time::Duration>) -> String {
    duration.map(time).unwrap_or_default()
}

fn has_times(sums: &Sums) -> bool {
    sums.elapsed.count() > 0
}

/// A cell without the mark at its end, and the mark.
fn split_mark(cell: &str) -> (String, &str) {
    let plain = cell.trim_end_matches(['~', '?']);
    if plain.is_empty() { (cell.to_owned(), "") } else { (plain.to_owned(), &cell[plain.len()..]) }
}
