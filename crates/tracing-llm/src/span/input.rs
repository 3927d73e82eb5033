//! What may be handed over as a text or a list.

use std::sync::Arc;

use crate::Text;
use crate::event::{Content, Document, Embedding, Message, Tool};

/// Something that becomes a text: a `String`, an `Arc<str>`, a [`Text`], a borrowed `&str`
/// (which is copied), or a closure that gives a `String` and runs on the worker.
///
/// ```
/// use tracing_llm::prelude::*;
///
/// let span = event_span!(LLM, "complete");
/// span.llm().prompt(String::from("taken over as it is"));
/// span.llm().prompt(|| format!("formatted on the {}", "worker"));
/// ```
pub trait IntoText {
    /// The text, or what makes it.
    fn into_deferred(self) -> Deferred<Text>;
}

/// Something that becomes a list: a `Vec`, an array, an `Arc<[T]>`, an `Arc<Vec<T>>`, or a
/// closure that gives a `Vec` and runs on the worker.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::prelude::*;
///
/// let history: Arc<[Message]> = Arc::new([Message::user("Hello")]);
/// let span = event_span!(LLM, "chat");
/// span.llm().messages(Arc::clone(&history)); // nothing is copied
/// ```
pub trait IntoList<T> {
    /// The list, or what makes it.
    fn into_deferred(self) -> Deferred<Arc<[T]>>;
}

/// A value that is there, or that is made on the worker.
pub struct Deferred<T> {
    pub(super) make: Box<dyn FnOnce() -> T + Send>,
    /// The bytes of its texts; 0 where they are not known yet.
    pub(super) bytes: usize,
}

impl<T: Send + 'static> Deferred<T> {
    fn now(value: T, bytes: usize) -> Self {
        Self { make: Box::new(move || value), bytes }
    }
}

macro_rules! text {
    ($($type:ty),*) => {$(
        impl IntoText for $type {
            fn into_deferred(self) -> Deferred<Text> {
                let text = Text::from(self);
                let bytes = text.len();
                Deferred::now(text, bytes)
            }
        }
    )*};
}

text!(Text, &Text, String, &String, &str, Arc<str>, Arc<String>, Box<str>);

impl<F: FnOnce() -> String + Send + 'static> IntoText for F {
    fn into_deferred(self) -> Deferred<Text> {
        Deferred { make: Box::new(move || Text::from(self())), bytes: 0 }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static> IntoList<T> for Vec<T> {
    fn into_deferred(self) -> Deferred<Arc<[T]>> {
        let bytes = self.iter().map(Weigh::bytes).sum();
        Deferred { make: Box::new(move || Arc::from(self)), bytes }
    }
}

impl IntoList<Text> for Vec<String> {
    fn into_deferred(self) -> Deferred<Arc<[Text]>> {
        let bytes = self.iter().map(String::len).sum();
        Deferred { make: Box::new(move || self.into_iter().map(Text::from).collect()), bytes }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static, const N: usize> IntoList<T> for [T; N] {
    fn into_deferred(self) -> Deferred<Arc<[T]>> {
        let bytes = self.iter().map(Weigh::bytes).sum();
        Deferred { make: Box::new(move || Arc::from(self)), bytes }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static> IntoList<T> for Arc<[T]> {
    fn into_deferred(self) -> Deferred<Arc<[T]>> {
        let bytes = self.iter().map(Weigh::bytes).sum();
        Deferred { make: Box::new(move || self), bytes }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static> IntoList<T> for Arc<Vec<T>> {
    fn into_deferred(self) -> Deferred<Arc<[T]>> {
        let bytes = self.iter().map(Weigh::bytes).sum();
        Deferred { make: Box::new(move || Arc::from(Arc::unwrap_or_clone(self))), bytes }
    }
}

impl<T: Weigh + Clone + Send + Sync + 'static, F: FnOnce() -> Vec<T> + Send + 'static> IntoList<T>
    for F
{
    fn into_deferred(self) -> Deferred<Arc<[T]>> {
        Deferred { make: Box::new(move || Arc::from(self())), bytes: 0 }
    }
}

/// Something whose texts count in the budget of bytes.
pub trait Weigh {
    /// The bytes of its texts, about.
    fn bytes(&self) -> usize;
}

impl Weigh for Text {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Weigh for Message {
    fn bytes(&self) -> usize {
        let contents: usize = self
            .contents
            .iter()
            .map(|content| match content {
                Content::Text(text)
                | Content::Image { url: text, .. }
                | Content::Video { url: text } => text.len(),
                Content::Document(document) => document.bytes(),
                Content::Audio { url, .. } => url.as_deref().map_or(0, str::len),
                Content::Reasoning { text, encrypted, .. } => {
                    text.as_deref().map_or(0, str::len) + encrypted.as_deref().map_or(0, str::len)
                }
                Content::ToolUse(call) => call.arguments.len(),
            })
            .sum();
        contents + self.tool_calls.iter().map(|call| call.arguments.len()).sum::<usize>()
    }
}

impl Weigh for Document {
    fn bytes(&self) -> usize {
        self.content.len() + self.url.as_deref().map_or(0, str::len)
    }
}

impl Weigh for Embedding {
    fn bytes(&self) -> usize {
        let vector = self.vector.as_ref().map_or(0, |vector| size_of_val(&**vector));
        self.text.as_deref().map_or(0, str::len) + vector
    }
}

impl Weigh for Tool {
    fn bytes(&self) -> usize {
        self.description.as_deref().map_or(0, str::len)
    }
}
