//! Recorded values, as they came: nothing is read here, only kept.

use crate::Text;
use crate::recognise::Known;
use crate::vocabulary::{Role, Scalar};

/// Texts longer than this are kept in an allocation of their own, so that the worker takes them
/// over without a copy; shorter ones share one buffer, so that recording them allocates nothing.
const LONG: usize = 4096;

/// Texts up to this length are kept under memory pressure: names, ids, numbers.
const SHED: usize = 256;

/// What the buffers of a new record hold before they grow.
const ROOM_FOR_TEXT: usize = 1024;
const ROOM_FOR_FIELDS: usize = 8;

/// What the buffer of a pooled record may keep.
const KEPT_TEXT: usize = 16 * 1024;
const KEPT_FIELDS: usize = 64;

#[derive(Debug)]
pub(crate) struct Field {
    known: &'static Known,
    value: Value,
}

impl Field {
    pub(crate) fn role(&self) -> Role {
        self.known.role
    }

    pub(crate) fn name(&self) -> &'static str {
        self.known.name
    }

    /// Its place among the names that decide the event type by being there.
    pub(crate) fn decisive(&self) -> Option<u8> {
        self.known.decisive
    }
}

#[derive(Debug)]
enum Value {
    I64(i64),
    U64(u64),
    F64(f64),
    Bool(bool),
    /// A range of the shared buffer.
    Short(u32, u32, Written),
    /// Boxed, so that a field stays small: one more allocation is nothing beside the copy.
    #[allow(clippy::box_collection, reason = "a slim pointer is what is wanted")]
    Long(Box<String>, Written),
}

/// Whether a text is as its owner has it, or as `Debug` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Plain,
    Debug,
}

/// Fields in the order in which they were recorded.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    list: Vec<Field>,
    text: String,
}

impl Fields {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first text of a new record makes room for those of most spans at once.
    #[inline]
    pub(crate) fn make_room(&mut self) {
        if self.text.capacity() == 0 {
            self.make_first_room();
        }
    }

    #[cold]
    fn make_first_room(&mut self) {
        self.text.reserve(ROOM_FOR_TEXT);
        self.list.reserve(ROOM_FOR_FIELDS);
    }

    fn push(&mut self, known: &'static Known, value: Value) {
        self.list.push(Field { known, value });
    }

    pub(crate) fn push_i64(&mut self, known: &'static Known, value: i64) {
        self.push(known, Value::I64(value));
    }

    pub(crate) fn push_u64(&mut self, known: &'static Known, value: u64) {
        self.push(known, Value::U64(value));
    }

    pub(crate) fn push_f64(&mut self, known: &'static Known, value: f64) {
        self.push(known, Value::F64(value));
    }

    pub(crate) fn push_bool(&mut self, known: &'static Known, value: bool) {
        self.push(known, Value::Bool(value));
    }

    pub(crate) fn push_str(&mut self, known: &'static Known, value: &str) {
        let value = if value.len() > LONG {
            Value::Long(Box::new(value.to_owned()), Written::Plain)
        } else {
            self.make_room();
            let from = self.text.len();
            self.text.push_str(value);
            short(from, self.text.len(), Written::Plain)
        };
        self.push(known, value);
    }

    /// Keeps what the closure writes. If it panics, what it wrote so far is kept.
    pub(crate) fn push_written(
        &mut self,
        known: &'static Known,
        written: Written,
        write: impl FnOnce(&mut String),
    ) {
        self.make_room();
        let from = self.text.len();
        write(&mut self.text);
        let value = if self.text.len() - from > LONG {
            Value::Long(Box::new(self.text.split_off(from)), written)
        } else {
            short(from, self.text.len(), written)
        };
        self.push(known, value);
    }

    /// Moves all fields of `other` behind these.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let shift = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&other.text);
        other.text.clear();
        self.list.extend(other.list.drain(..).map(|mut field| {
            if let Value::Short(from, to, _) = &mut field.value {
                *from = from.saturating_add(shift);
                *to = to.saturating_add(shift);
            }
            field
        }));
    }

    /// The bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        let long = |field: &Field| match &field.value {
            Value::Long(text, _) => text.len(),
            _ => 0,
        };
        self.text.len() + self.list.iter().map(long).sum::<usize>()
    }

    /// The text of a field of these.
    pub(crate) fn text<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        match &field.value {
            Value::Short(from, to, _) => self.text.get(*from as usize..*to as usize),
            Value::Long(text, _) => Some(text),
            _ => None,
        }
    }

    /// The same without the quotation marks that `Debug` has put around a plain text (`?"LLM"`).
    #[inline]
    pub(crate) fn unquoted<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        let text = self.text(field)?;
        let is_debug = matches!(
            field.value,
            Value::Short(.., Written::Debug) | Value::Long(_, Written::Debug)
        );
        let quoted = || text.strip_prefix('"')?.strip_suffix('"');
        if is_debug { quoted().or(Some(text)) } else { Some(text) }
    }

    /// A copy of a field's value.
    pub(crate) fn scalar(&self, field: &Field) -> Scalar {
        match field.value {
            Value::I64(value) => Scalar::I64(value),
            Value::U64(value) => Scalar::U64(value),
            Value::F64(value) => Scalar::F64(value),
            Value::Bool(value) => Scalar::Bool(value),
            Value::Short(..) | Value::Long(..) => {
                Scalar::Text(Text::from(self.text(field).unwrap_or("")))
            }
        }
    }

    pub(crate) fn last(&self) -> Option<&Field> {
        self.list.last()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.list.iter()
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.list.retain(keep);
    }

    /// Takes the first fields out, as the worker reads them.
    pub(crate) fn take_first(&mut self, count: usize) -> Vec<(Role, &'static str, Scalar)> {
        let count = count.min(self.list.len());
        let text = &self.text;
        let taken = self
            .list
            .drain(..count)
            .map(|field| {
                let value = match field.value {
                    Value::Short(from, to, Written::Debug) => {
                        let text = text.get(from as usize..to as usize).unwrap_or("");
                        Scalar::Text(unquote(text).map_or_else(|| Text::from(text), Text::from))
                    }
                    Value::Long(text, Written::Debug) => {
                        Scalar::Text(Text::from(unquote(&text).unwrap_or(*text)))
                    }
                    Value::I64(value) => Scalar::I64(value),
                    Value::U64(value) => Scalar::U64(value),
                    Value::F64(value) => Scalar::F64(value),
                    Value::Bool(value) => Scalar::Bool(value),
                    Value::Short(from, to, Written::Plain) => {
                        Scalar::Text(Text::from(text.get(from as usize..to as usize).unwrap_or("")))
                    }
                    Value::Long(text, Written::Plain) => Scalar::Text(Text::from(*text)),
                };
                (field.known.role, field.known.name, value)
            })
            .collect();
        if self.list.is_empty() {
            self.text.clear();
        }
        taken
    }

    /// Lets go of all texts that are longer than a word or an id; gives back how many bytes those were.
    pub(crate) fn shed(&mut self) -> usize {
        let before = self.bytes();
        let Self { list, text } = self;
        let mut kept = String::new();
        list.retain_mut(|field| match &mut field.value {
            Value::Short(from, to, written) => {
                let here = text.get(*from as usize..*to as usize).unwrap_or("");
                if here.len() > SHED {
                    return false;
                }
                let start = kept.len();
                kept.push_str(here);
                field.value = short(start, kept.len(), *written);
                true
            }
            Value::Long(text, _) => text.len() <= SHED,
            _ => true,
        });
        *text = kept;
        before - self.bytes()
    }

    /// Empties them; the buffers keep their room unless it is a lot.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.list.shrink_to(KEPT_FIELDS);
        self.text.clear();
        self.text.shrink_to(KEPT_TEXT);
    }
}

/// The text that `Debug` wrote as a quoted one: `?question` says the same as `%question`.
fn unquote(text: &str) -> Option<String> {
    let quoted = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(next) = rest.next() {
        match next {
            '"' => return None,
            '\\' => plain.push(match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'u' => {
                    let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                }
                itself @ ('\\' | '"' | '\'') => itself,
                _ => return None,
            }),
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn short(from: usize, to: usize, written: Written) -> Value {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Value::Short(narrow(from), narrow(to), written)
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn a_text_that_debug_wrote_is_read_back() {
        for text in
            ["", "plain", "a \"quote\" and \\ and '", "line\nbreak\t\r\0", "é 🦀 \u{202e} \u{1}"]
        {
            assert_eq!(unquote(&format!("{text:?}")).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_single_quoted_text_stays() {
        for text in ["", "\"", "Some(\"a\")", "\"a\", \"b\"", "[\"a\"]", "\"a\\\""] {
            assert_eq!(unquote(text), None, "{text}");
        }
    }
}
