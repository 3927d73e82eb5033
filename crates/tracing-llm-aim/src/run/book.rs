//! The run as the server knows it, and the instructions that bring a value into it.

use std::collections::HashMap;

use super::About;
use super::instruction::{Instruction, Target};
use super::layout::{BY_HASH, BY_STEP, Layout};
use super::series::{Series, of_step};
use crate::encode::{Key, Node, hash};
use crate::track::{Context, Track, Value};

/// Writes a run. All that it says may be said twice: each value has its place.
///
/// Of texts nothing is remembered: each has a context of its own, with the id of its event.
#[derive(Debug)]
pub(crate) struct Book {
    layout: Layout,
    about: About,
    opened: bool,
    series: HashMap<(i64, &'static str), Series>,
    /// The context of the value before.
    context: Option<i64>,
}

impl Book {
    pub(crate) fn new(run: &str, about: About) -> Self {
        let layout = Layout::new(run);
        Self { layout, about, opened: false, series: HashMap::new(), context: None }
    }

    /// The server may not know what it was told before: it lost it, or never took it.
    pub(crate) fn doubt(&mut self) {
        self.context = None;
        for series in self.series.values_mut() {
            series.announced = false;
        }
    }

    /// The run begins, or goes on with a server that may not know it.
    pub(crate) fn opening(&self) -> Vec<Instruction> {
        let mut to = Vec::new();
        if !self.opened {
            // Later it would take away what others have said of the run.
            let empty = || Node::Object(Vec::new());
            to.push(self.meta(["attrs".into()], empty()));
            to.push(meta_of_all(["attrs".into()], empty()));
        }
        to.push(self.meta(["end_time".into()], Node::Null));
        for (name, value) in &self.about.parameters {
            let name = || Key::Str(name.into());
            to.push(self.meta(["attrs".into(), name()], value.into()));
            to.push(meta_of_all(["attrs".into(), name()], value.into()));
        }
        let of_run =
            [("experiment.setter", &self.about.experiment), ("name.setter", &self.about.name)];
        for (method, value) in of_run {
            to.extend(value.iter().map(|value| Instruction::property(method, value)));
        }
        to.extend(self.about.tags.iter().map(|tag| Instruction::property("add_tag", tag)));
        to
    }

    /// The server has taken the opening.
    pub(crate) fn opened(&mut self) {
        self.opened = true;
    }

    /// Whether the server has the run, and it has not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.opened
    }

    /// The run has ended, at this time in seconds since 1970.
    pub(crate) fn closing(&self, time: f64) -> Vec<Instruction> {
        vec![self.meta(["end_time".into()], Node::Float(time))]
    }

    /// A value comes into the run.
    pub(crate) fn track(&mut self, track: &Track) -> Vec<Instruction> {
        let mut to = Vec::new();
        self.context(&track.context, &mut to);
        match &track.value {
            Value::Text(text) => self.text(track, Node::Text(text.clone()), &mut to),
            Value::Number(number) => self.number(track, *number, &mut to),
        }
        to
    }

    fn context(&mut self, context: &Context, to: &mut Vec<Instruction>) {
        if self.context.replace(context.id()) != Some(context.id()) {
            let path = || ["contexts".into(), context.id().into()];
            to.push(meta_of_all(path(), context.node().clone()));
            to.push(self.meta(path(), context.node().clone()));
        }
    }

    fn text(&self, track: &Track, text: Node, to: &mut Vec<Instruction>) {
        let step = || of_step(track.step);
        let all = Node::object([
            ("dtype", Node::literal("aim.text")),
            ("version", Node::Int(BY_STEP)),
            ("first", text.clone()),
            ("first_step", step()),
            ("last", text.clone()),
            ("last_step", step()),
        ]);
        self.announce(track, BY_STEP, ["aim.text", "texts"], &["val", "epoch", "time"], all, to);
        let key = i64::try_from(track.step).unwrap_or(i64::MAX);
        self.value(track, BY_STEP, key, [("val", text)], to);
    }

    fn number(&mut self, track: &Track, number: f64, to: &mut Vec<Instruction>) {
        let context = track.context.id();
        let series = self.series.entry((context, track.name));
        let series = series.or_insert_with(|| Series::new(track.step, number));
        let changes = series.take(track.step, number);
        if std::mem::replace(&mut series.announced, true) {
            let path = |what: &'static str| {
                ["traces".into(), context.into(), track.name.into(), what.into()]
            };
            to.extend(changes.into_iter().map(|(what, value)| self.meta(path(what), value)));
        } else {
            let all = Node::object([
                ("dtype", Node::literal("float")),
                ("version", Node::Int(BY_HASH)),
                ("first", Node::Float(series.first.1)),
                ("first_step", of_step(series.first.0)),
                ("last", Node::Float(series.last.1)),
                ("last_step", of_step(series.last.0)),
                ("max", Node::Float(series.max)),
                ("min", Node::Float(series.min)),
            ]);
            let columns = &["step", "val", "epoch", "time"];
            self.announce(track, BY_HASH, ["float", "metric"], columns, all, to);
        }
        let step = of_step(track.step);
        let values = [("val", Node::Float(number)), ("step", step.clone())];
        self.value(track, BY_HASH, hash(&step), values, to);
    }

    /// A series begins: its lists, and what it is.
    fn announce(
        &self,
        track: &Track,
        version: i64,
        [dtype, explorer]: [&'static str; 2],
        columns: &[&'static str],
        all: Node,
        to: &mut Vec<Instruction>,
    ) {
        let (context, name) = (|| track.context.id().into(), || track.name.into());
        for column in columns {
            let path = self.layout.series(version, [context(), name(), (*column).into()]);
            to.push(Instruction::make_array(Target::Series, path));
        }
        let one = || Node::Int(1);
        let types = ["traces_types".into(), dtype.into(), context(), name()];
        to.push(meta_of_all(types, one()));
        to.push(self.meta(["traces".into(), context(), name()], all));
        to.push(self.meta(["typed_traces".into(), explorer.into(), context(), name()], one()));
    }

    /// A value in its place in a series.
    fn value<const N: usize>(
        &self,
        track: &Track,
        version: i64,
        key: i64,
        values: [(&'static str, Node); N],
        to: &mut Vec<Instruction>,
    ) {
        let of_all = [("epoch", Node::Null), ("time", Node::Float(track.time))];
        for (column, value) in values.into_iter().chain(of_all) {
            let path = [track.context.id().into(), track.name.into(), column.into(), key.into()];
            let path = self.layout.series(version, path);
            to.push(Instruction::set(Target::Series, path, value));
        }
    }

    fn meta<const N: usize>(&self, path: [Key; N], value: Node) -> Instruction {
        Instruction::set(Target::Meta, self.layout.run(path), value)
    }
}

fn meta_of_all<const N: usize>(path: [Key; N], value: Node) -> Instruction {
    Instruction::set(Target::Meta, Layout::all(path), value)
}
