//! JSON → OTLP messages.
//!
//! As tolerant as protobuf's JSON mapping: fields that are not known are ignored, `null`
//! stands for a field's default, and a number may be text. Ids may have upper-case letters.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// A field that may be `null`, which is its default.
struct Lax<T>(T);

impl<T: Default> Default for Lax<T> {
    fn default() -> Self {
        Self(T::default())
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lax<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|field| Self(field.unwrap_or_default()))
    }
}

/// A list, each of its items made a message.
fn all<T, M: From<T>>(list: Lax<Vec<T>>) -> Vec<M> {
    list.0.into_iter().map(M::from).collect()
}

/// Declares a message's JSON and how it becomes the message.
macro_rules! message {
    ($json:ident => $message:ty { $($field:ident: $type:ty => $into:expr,)* }) => {
        #[derive(Default, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub(super) struct $json {
            $($field: Lax<$type>,)*
        }

        impl From<$json> for $message {
            fn from(json: $json) -> Self {
                let $json { $($field,)* } = json;
                #[allow(clippy::needless_update, reason = "some messages have more fields")]
                Self { $($field: $into($field),)* ..Self::default() }
            }
        }
    };
}

fn plain<T>(field: Lax<T>) -> T {
    field.0
}

fn number<T>(field: Lax<Number<T>>) -> T {
    field.0.0
}

fn bytes(field: Lax<Hex>) -> Vec<u8> {
    field.0.0
}

fn one<T, M: From<T>>(field: Lax<Option<T>>) -> Option<M> {
    field.0.map(M::from)
}

message!(TracesData => trace::TracesData {
    resource_spans: Vec<ResourceSpans> => all,
});

message!(ResourceSpans => trace::ResourceSpans {
    resource: Option<Resource> => one,
    scope_spans: Vec<ScopeSpans> => all,
    schema_url: String => plain,
});

message!(Resource => resource::Resource {
    attributes: Vec<KeyValue> => all,
    dropped_attributes_count: Number<u32> => number,
    entity_refs: Vec<EntityRef> => all,
});

message!(EntityRef => common::EntityRef {
    schema_url: String => plain,
    r#type: String => plain,
    id_keys: Vec<String> => plain,
    description_keys: Vec<String> => plain,
});

message!(ScopeSpans => trace::ScopeSpans {
    scope: Option<Scope> => one,
    spans: Vec<Span> => all,
    schema_url: String => plain,
});

message!(Scope => common::InstrumentationScope {
    name: String => plain,
    version: String => plain,
    attributes: Vec<KeyValue> => all,
    dropped_attributes_count: Number<u32> => number,
});

message!(Span => trace::Span {
    trace_id: Hex => bytes,
    span_id: Hex => bytes,
    trace_state: String => plain,
    parent_span_id: Hex => bytes,
    flags: Number<u32> => number,
    name: String => plain,
    kind: Number<i32> => number,
    start_time_unix_nano: Number<u64> => number,
    end_time_unix_nano: Number<u64> => number,
    attributes: Vec<KeyValue> => all,
    dropped_attributes_count: Number<u32> => number,
    events: Vec<Event> => all,
    dropped_events_count: Number<u32> => number,
    links: Vec<Link> => all,
    dropped_links_count: Number<u32> => number,
    status: Option<Status> => one,
});

message!(Event => trace::span::Event {
    time_unix_nano: Number<u64> => number,
    name: String => plain,
    attributes: Vec<KeyValue> => all,
    dropped_attributes_count: Number<u32> => number,
});

message!(Link => trace::span::Link {
    trace_id: Hex => bytes,
    span_id: Hex => bytes,
    trace_state: String => plain,
    attributes: Vec<KeyValue> => all,
    dropped_attributes_count: Number<u32> => number,
    flags: Number<u32> => number,
});

message!(Status => trace::Status {
    message: String => plain,
    code: Number<i32> => number,
});

message!(KeyValue => common::KeyValue {
    key: String => plain,
    value: Option<AnyValue> => one,
});

message!(List => common::ArrayValue {
    values: Vec<AnyValue> => all,
});

message!(Pairs => common::KeyValueList {
    values: Vec<KeyValue> => all,
});

/// A value; empty if it has none of the known types.
#[derive(Default)]
struct AnyValue(Option<Value>);

impl From<AnyValue> for common::AnyValue {
    fn from(json: AnyValue) -> Self {
        Self { value: json.0 }
    }
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = AnyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            let value = match &*key {
                "stringValue" => map.next_value::<Option<_>>()?.map(Value::StringValue),
                "boolValue" => map.next_value::<Option<_>>()?.map(Value::BoolValue),
                "intValue" => map.next_value::<Option<Number<_>>>()?.map(|n| Value::IntValue(n.0)),
                "doubleValue" => {
                    map.next_value::<Option<Double>>()?.map(|n| Value::DoubleValue(n.0))
                }
                "arrayValue" => {
                    map.next_value::<Option<List>>()?.map(|list| Value::ArrayValue(list.into()))
                }
                "kvlistValue" => {
                    map.next_value::<Option<Pairs>>()?.map(|list| Value::KvlistValue(list.into()))
                }
                "bytesValue" => {
                    map.next_value::<Option<Base64>>()?.map(|bytes| Value::BytesValue(bytes.0))
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            found = value.or(found);
        }
        Ok(AnyValue(found))
    }
}

/// An integer, as a number or as text.
#[derive(Default)]
struct Number<T>(T);

impl<'de, T: FromStr + TryFrom<u64> + TryFrom<i64>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Integer(PhantomData)).map(Self)
    }
}

struct Integer<T>(PhantomData<T>);

impl<T: FromStr + TryFrom<u64> + TryFrom<i64>> Visitor<'_> for Integer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer in range, as a number or as text")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::custom("an integer is out of range"))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::custom("an integer is out of range"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_| E::custom("a text is no integer in range"))
    }
}

/// A float, as a number or as text, which may be `NaN`, `Infinity` or `-Infinity`.
struct Double(f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number)),
            // Rust's own reading knows the three words, too.
            Form::Text(text) => text.parse().map(Self).map_err(D::Error::custom),
        }
    }
}

/// An id or other bytes in hexadecimal.
#[derive(Default)]
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
            _ => None,
        });
        // The text may be anything: it is not repeated.
        bytes
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| D::Error::custom("an id is not in hexadecimal"))
    }
}

/// Bytes in Base64, with or without padding.
struct Base64(Vec<u8>);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(|_| D::Error::custom("bytes are not in Base64"))
    }
}
