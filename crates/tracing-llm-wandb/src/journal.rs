//! The records of a run, in order. Pure: values in, bytes out.

use std::collections::BTreeMap;

use prost::Message;
use serde_json::{Value, json};
use tracing_llm::Timestamp;

use crate::history::{Row, TRACE};
use crate::record::{
    ConfigRecord, FilesItem, FilesRecord, HeaderRecord, HistoryRecord, HistoryStep, Item, Kind,
    Record, RecordInfo, RunExitRecord, RunRecord, SummaryRecord, VersionInfo,
};
use crate::settings::Arguments;

/// The oldest `wandb` that may read the file: what `wandb` 0.31 itself writes there.
const MIN_CONSUMER: &str = "0.70.0";

/// Numbers records and steps, and keeps the summary: the last value of each name.
pub(crate) struct Journal {
    id: String,
    start: Timestamp,
    /// Of the last row.
    latest: Timestamp,
    records: i64,
    steps: i64,
    /// What the summary does not say yet.
    changed: BTreeMap<String, Value>,
    has_tree: bool,
}

impl Journal {
    pub(crate) fn new(id: &str, start: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            start,
            latest: start,
            records: 0,
            steps: 0,
            changed: BTreeMap::new(),
            has_tree: false,
        }
    }

    /// The first two records: who writes, and what run it is.
    pub(crate) fn begin(&mut self, arguments: &Arguments) -> [Vec<u8>; 2] {
        let producer = concat!("tracing-llm-wandb-", env!("CARGO_PKG_VERSION")).to_owned();
        let version = VersionInfo { producer, min_consumer: MIN_CONSUMER.to_owned() };
        let header = Kind::Header(HeaderRecord { version_info: Some(version) });
        let Arguments { id, entity, project, group, job_type, name, notes, tags, host, config } =
            arguments;
        let mut update = vec![config_item("_wandb", &json!({}))];
        update.extend(config.iter().map(|(key, value)| config_item(key, value)));
        let run = Kind::Run(RunRecord {
            run_id: id.clone(),
            entity: entity.clone(),
            project: project.clone(),
            config: Some(ConfigRecord { update }),
            run_group: group.clone(),
            job_type: job_type.clone(),
            display_name: name.clone(),
            notes: notes.clone(),
            tags: tags.clone(),
            host: host.clone(),
            start_time: Some(moment(self.start)),
        });
        [self.record(header), self.record(run)]
    }

    /// The step of the next row.
    pub(crate) fn step(&self) -> i64 {
        self.steps
    }

    /// A row of the history; its values become the last ones. Its time is never before that of the
    /// row before it: charts may have time for their axis.
    pub(crate) fn row(&mut self, mut row: Row, at: Timestamp) -> Vec<u8> {
        self.latest = self.latest.max(at);
        let at = self.latest;
        let step = self.steps;
        self.steps += 1;
        let seconds = at.as_unix_nanos() as f64 / 1e9;
        row.push(("_timestamp".to_owned(), json!(seconds)));
        row.push(("_runtime".to_owned(), json!(at.since(self.start).as_secs_f64())));
        row.push(("_step".to_owned(), json!(step)));
        let mut item = Vec::new();
        for (name, value) in &row {
            items(name, value, &mut item);
        }
        self.changed.extend(row);
        let step = Some(HistoryStep { num: step });
        self.record(Kind::History(HistoryRecord { item, step }))
    }

    /// A value of the summary that is in no row.
    pub(crate) fn set(&mut self, name: String, value: Value) {
        self.changed.insert(name, value);
    }

    /// What has changed in the summary; none if nothing has.
    ///
    /// The last tree is as large as all else together, and is written a second time here: so it
    /// goes into the summary with the first trace, and then when the `whole` is asked for.
    pub(crate) fn summary(&mut self, whole: bool) -> Option<Vec<u8>> {
        let held = if whole || !self.has_tree { None } else { self.changed.remove_entry(TRACE) };
        let changed = std::mem::take(&mut self.changed);
        self.has_tree |= changed.contains_key(TRACE);
        let mut update = Vec::new();
        for (name, value) in &changed {
            items(name, value, &mut update);
        }
        self.changed.extend(held);
        (!update.is_empty()).then(|| self.record(Kind::Summary(SummaryRecord { update })))
    }

    /// A file below `files/` goes up with the run.
    pub(crate) fn file(&mut self, path: &str) -> Vec<u8> {
        let files = vec![FilesItem { path: path.to_owned() }];
        self.record(Kind::Files(FilesRecord { files }))
    }

    /// The last record.
    pub(crate) fn exit(&mut self, at: Timestamp) -> Vec<u8> {
        let runtime = at.since(self.start).as_secs();
        let runtime = i32::try_from(runtime).unwrap_or(i32::MAX);
        self.record(Kind::Exit(RunExitRecord { exit_code: 0, runtime }))
    }

    fn record(&mut self, kind: Kind) -> Vec<u8> {
        self.records += 1;
        let info = Some(RecordInfo { stream_id: self.id.clone() });
        Record { num: self.records, kind: Some(kind), info }.encode_to_vec()
    }
}

fn config_item(key: &str, value: &Value) -> Item {
    Item { key: key.to_owned(), nested_key: Vec::new(), value_json: value.to_string() }
}

/// A value by its name; of an object each value inside, by the names on the way to it.
fn items(name: &str, value: &Value, all: &mut Vec<Item>) {
    let mut open = vec![(vec![name.to_owned()], value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let inner = map.iter().rev().map(|(key, value)| {
                    let mut path = path.clone();
                    path.push(key.clone());
                    (path, value)
                });
                open.extend(inner);
            }
            value => all.push(Item {
                key: String::new(),
                nested_key: path,
                value_json: value.to_string(),
            }),
        }
    }
}

fn moment(time: Timestamp) -> crate::record::Timestamp {
    let nanos = time.as_unix_nanos();
    crate::record::Timestamp {
        // A u64 of nanoseconds is at most 584 years of seconds.
        seconds: (nanos / 1_000_000_000) as i64,
        nanos: (nanos % 1_000_000_000) as i32,
    }
}

#[cfg(test)]
mod tests;
