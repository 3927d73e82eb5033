//! Lists that are flattened over many names: `llm.input_messages.0.message.content` …

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{Object, insert};
use super::{Key, Scalar};

/// A list that may come flattened, as `<name>.<index>.<path>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct List {
    /// The name before the index.
    pub(super) name: &'static str,
    /// The part that the list is; as JSON it comes whole under the name of a row of the table.
    pub(super) key: Key,
}

/// More steps than any vocabulary has (eight); beyond them nobody means a list of ours.
const MAX_STEPS: usize = 16;

impl List {
    /// The path from the list down to a field, beginning with the index.
    fn path(self, name: &str) -> Option<&str> {
        let path = name.strip_prefix(self.name)?.strip_prefix('.')?;
        let index = path.split('.').next()?;
        let is_index = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
        (is_index && path.split('.').count() <= MAX_STEPS).then_some(path)
    }

    /// Whether a field of this name belongs to the list.
    pub(super) fn holds(self, name: &str) -> bool {
        self.path(name).is_some()
    }
}

/// The fields of all flattened lists of one event.
///
/// An index is only a key here, so an absurd one costs nothing; the items are put in the order
/// of their indexes, without gaps.
#[derive(Debug, Default)]
pub(super) struct Flattened {
    lists: BTreeMap<&'static List, Fields>,
}

#[derive(Debug, Default)]
struct Fields {
    by_name: BTreeMap<&'static str, Scalar>,
    changed: bool,
}

/// Lists that got fields.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Each list as one JSON value.
    pub(super) lists: Vec<(Key, Value)>,
    /// Fields that contradict others: one is a text where another says that there are parts.
    pub(super) odd: Vec<(&'static str, Scalar)>,
}

impl Flattened {
    /// Takes a field; gives it back if its name is not one of the list.
    pub(super) fn set(
        &mut self,
        list: &'static List,
        name: &'static str,
        value: Scalar,
    ) -> Result<(), Scalar> {
        if !list.holds(name) {
            return Err(value);
        }
        let fields = self.lists.entry(list).or_default();
        fields.by_name.insert(name, value);
        fields.changed = true;
        Ok(())
    }

    /// Forgets the fields of a part that came whole.
    pub(super) fn forget(&mut self, key: Key) {
        self.lists.retain(|list, _| list.key != key);
    }

    /// What changed since the last call.
    pub(super) fn take_changed(&mut self) -> Changed {
        let mut changed = Changed::default();
        for (list, fields) in &mut self.lists {
            if !std::mem::take(&mut fields.changed) {
                continue;
            }
            let mut items = Object::new();
            for (name, value) in &fields.by_name {
                let Some(path) = list.path(name) else { continue };
                if insert(&mut items, path, value.clone().into_value()).is_err() {
                    changed.odd.push((*name, value.clone()));
                }
            }
            changed.lists.push((list.key, Value::Object(items)));
        }
        changed
    }
}
