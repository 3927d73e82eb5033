//! Which model was asked for, and which one answered.

use super::Key;
use crate::{Payload, Text};

/// Sorts out the names of models.
///
/// OpenInference's `llm.model_name` is the model that answered if that is known, else the one
/// that was asked for. Beside a name that says which it is, it is the other one, in whatever
/// order they come.
#[derive(Debug, Default)]
pub(super) struct Models {
    either: Option<Text>,
    asked: bool,
    answered: bool,
}

impl Models {
    /// Takes the name of a model.
    pub(super) fn set(&mut self, payload: &mut Payload, key: Key, name: Text) {
        match key {
            Key::RequestModel => {
                self.asked = true;
                payload.model = Some(name);
            }
            Key::ResponseModel => {
                self.answered = true;
                payload.response_model = Some(name);
            }
            Key::ModelName if self.asked => self.either = Some(name),
            Key::ModelName => {
                self.either = Some(name.clone());
                payload.model = Some(name);
            }
            _ => return,
        }
        if self.asked && !self.answered && self.either.is_some() && self.either != payload.model {
            payload.response_model.clone_from(&self.either);
        }
    }
}
