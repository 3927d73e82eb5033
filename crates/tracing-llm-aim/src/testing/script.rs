//! A server in memory that answers by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::{Failure, Server};
use crate::encode::Node;
use crate::run::Instruction;

/// What was asked of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    Connect,
    /// The steps of the values that stand in the instructions.
    Write(Vec<i64>),
    Beat,
    Close,
}

/// What the server has been asked, and what it answers next; when the script is over, yes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    answers: VecDeque<Result<(), Failure>>,
    always: Option<Failure>,
}

impl Script {
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Result<(), Failure>>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    /// From now on, this failure for all that the script does not say.
    pub(crate) fn always(&self, failure: Option<Failure>) {
        self.0.lock().unwrap().always = failure;
    }

    /// The calls since this was asked last.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    pub(crate) fn server(&self) -> Box<dyn Server> {
        Box::new(ScriptedServer(self.clone()))
    }

    fn called(&self, call: Call) -> Result<(), Failure> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(call);
        let always = state.always.clone();
        state.answers.pop_front().unwrap_or_else(|| always.map_or(Ok(()), Err))
    }
}

struct ScriptedServer(Script);

impl Server for ScriptedServer {
    fn connect(&mut self, _: Duration) -> Result<(), Failure> {
        self.0.called(Call::Connect)
    }

    fn write(&mut self, instructions: Vec<Instruction>, _: Duration) -> Result<(), Failure> {
        self.0.called(Call::Write(instructions.iter().filter_map(step).collect()))
    }

    fn beat(&mut self, _: Duration) -> Result<(), Failure> {
        self.0.called(Call::Beat)
    }

    fn close(&mut self, _: Duration) -> Result<(), Failure> {
        self.0.called(Call::Close)
    }
}

/// The step that an instruction sets, if it is one that does: `…/step/KEY = step`.
fn step(instruction: &Instruction) -> Option<i64> {
    let [Node::Array(path), Node::Int(step)] = &instruction.arguments[..] else { return None };
    let [.., Node::Str(column), _] = &path[..] else { return None };
    (column.as_str() == "step").then_some(*step)
}
