//! The parts that can be attached, one method each.

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, text: impl IntoText) -> &Self {
            self.attach_content(|| text.into_deferred(), |payload, text| {
                payload.$field = Some(text);
                Ok(())
            })
        }
    )*};
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident: $item:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, list: impl IntoList<$item>) -> &Self {
            self.attach_content(|| list.into_deferred(), |payload, list| {
                payload.$name = list;
                Ok(())
            })
        }
    )*};
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, name: impl Into<Text>) -> &Self {
            if !self.is_enabled() {
                return self;
            }
            let name = name.into();
            self.attach(move |payload| payload.$name = Some(name))
        }
    )*};
}

mod course;
mod feedback;
mod later;
mod model;
mod retrieval;
mod tools;

use serde::Serialize;
use serde_json::Value;

use super::EventHandle;
use super::input::Deferred;
use crate::Payload;

impl EventHandle {
    pub(super) fn content<T: Clone + Send + Sync + 'static>(
        &self,
        value: T,
        apply: impl FnOnce(&mut Payload, T) + Clone + Send + 'static,
    ) -> &Self {
        self.attach_content(
            || Deferred { make: Box::new(move || value), bytes: 0 },
            |payload, value| {
                apply(payload, value);
                Ok(())
            },
        )
    }

    pub(super) fn json<T: Serialize + Clone + Send + Sync + 'static>(
        &self,
        value: T,
        apply: impl FnOnce(&mut Payload, Value) + Clone + Send + 'static,
    ) -> &Self {
        self.attach_content(
            || Deferred { make: Box::new(move || value), bytes: 0 },
            |payload, value| {
                apply(payload, serde_json::to_value(&value)?);
                Ok(())
            },
        )
    }
}
