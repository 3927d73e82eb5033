//! OTLP messages → JSON.
//!
//! Each message is taken apart by its fields' names, so that one that a new version of the
//! protocol adds does not go unnoticed. What has its default value is left out, as
//! protobuf's JSON mapping allows.

use std::fmt::{self, Display};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A message as its JSON.
pub(super) struct Json<'a, T>(pub(super) &'a T);

/// The fields of a message; those with their default value are left out.
struct Fields<M>(M);

impl<M: SerializeMap> Fields<M> {
    fn text(&mut self, key: &'static str, text: &str) -> Result<(), M::Error> {
        if text.is_empty() { Ok(()) } else { self.0.serialize_entry(key, text) }
    }

    fn id(&mut self, key: &'static str, id: &[u8]) -> Result<(), M::Error> {
        if id.is_empty() { Ok(()) } else { self.0.serialize_entry(key, &Worded(Hex(id))) }
    }

    fn number<T: Serialize + Default + PartialEq>(
        &mut self,
        key: &'static str,
        number: T,
    ) -> Result<(), M::Error> {
        if number == T::default() { Ok(()) } else { self.0.serialize_entry(key, &number) }
    }

    fn nanos(&mut self, key: &'static str, nanos: u64) -> Result<(), M::Error> {
        if nanos == 0 { Ok(()) } else { self.0.serialize_entry(key, &Worded(nanos)) }
    }

    fn list<'a, T>(&mut self, key: &'static str, list: &'a [T]) -> Result<(), M::Error>
    where
        List<'a, T>: Serialize,
    {
        if list.is_empty() { Ok(()) } else { self.0.serialize_entry(key, &List(list)) }
    }
}

fn fields<S: Serializer>(serializer: S) -> Result<Fields<S::SerializeMap>, S::Error> {
    serializer.serialize_map(None).map(Fields)
}

/// Messages as a list of their JSON.
struct List<'a, T>(&'a [T]);

impl<T> Serialize for List<'_, T>
where
    for<'b> Json<'b, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            list.serialize_element(&Json(item))?;
        }
        list.end()
    }
}

impl Serialize for Json<'_, String> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl Serialize for Json<'_, Resource> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Resource { attributes, dropped_attributes_count, entity_refs } = self.0;
        let mut fields = fields(serializer)?;
        fields.list("attributes", attributes)?;
        fields.number("droppedAttributesCount", *dropped_attributes_count)?;
        fields.list("entityRefs", entity_refs)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, EntityRef> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let EntityRef { schema_url, r#type, id_keys, description_keys } = self.0;
        let mut fields = fields(serializer)?;
        fields.text("schemaUrl", schema_url)?;
        fields.text("type", r#type)?;
        fields.list("idKeys", id_keys)?;
        fields.list("descriptionKeys", description_keys)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, InstrumentationScope> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let InstrumentationScope { name, version, attributes, dropped_attributes_count } = self.0;
        let mut fields = fields(serializer)?;
        fields.text("name", name)?;
        fields.text("version", version)?;
        fields.list("attributes", attributes)?;
        fields.number("droppedAttributesCount", *dropped_attributes_count)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, Span> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Span {
            trace_id,
            span_id,
            trace_state,
            parent_span_id,
            flags,
            name,
            kind,
            start_time_unix_nano,
            end_time_unix_nano,
            attributes,
            dropped_attributes_count,
            events,
            dropped_events_count,
            links,
            dropped_links_count,
            status,
        } = self.0;
        let mut fields = fields(serializer)?;
        fields.id("traceId", trace_id)?;
        fields.id("spanId", span_id)?;
        fields.text("traceState", trace_state)?;
        fields.id("parentSpanId", parent_span_id)?;
        fields.number("flags", *flags)?;
        fields.text("name", name)?;
        fields.number("kind", *kind)?;
        fields.nanos("startTimeUnixNano", *start_time_unix_nano)?;
        fields.nanos("endTimeUnixNano", *end_time_unix_nano)?;
        fields.list("attributes", attributes)?;
        fields.number("droppedAttributesCount", *dropped_attributes_count)?;
        fields.list("events", events)?;
        fields.number("droppedEventsCount", *dropped_events_count)?;
        fields.list("links", links)?;
        fields.number("droppedLinksCount", *dropped_links_count)?;
        if let Some(status) = status {
            fields.0.serialize_entry("status", &Json(status))?;
        }
        fields.0.end()
    }
}

impl Serialize for Json<'_, Event> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Event { time_unix_nano, name, attributes, dropped_attributes_count } = self.0;
        let mut fields = fields(serializer)?;
        fields.nanos("timeUnixNano", *time_unix_nano)?;
        fields.text("name", name)?;
        fields.list("attributes", attributes)?;
        fields.number("droppedAttributesCount", *dropped_attributes_count)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, Link> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Link { trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags } =
            self.0;
        let mut fields = fields(serializer)?;
        fields.id("traceId", trace_id)?;
        fields.id("spanId", span_id)?;
        fields.text("traceState", trace_state)?;
        fields.list("attributes", attributes)?;
        fields.number("droppedAttributesCount", *dropped_attributes_count)?;
        fields.number("flags", *flags)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, Status> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Status { message, code } = self.0;
        let mut fields = fields(serializer)?;
        fields.text("message", message)?;
        fields.number("code", *code)?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, KeyValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A place in a table of texts that only profiles have.
        let KeyValue { key, value, key_strindex: _ } = self.0;
        let mut fields = fields(serializer)?;
        fields.0.serialize_entry("key", key)?;
        if let Some(value) = value {
            fields.0.serialize_entry("value", &Json(value))?;
        }
        fields.0.end()
    }
}

impl Serialize for Json<'_, AnyValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let AnyValue { value } = self.0;
        let mut fields = fields(serializer)?;
        // A value that is there is written even if it is empty: its type says something.
        match value {
            Some(Value::StringValue(text)) => fields.0.serialize_entry("stringValue", text)?,
            Some(Value::BoolValue(flag)) => fields.0.serialize_entry("boolValue", flag)?,
            Some(Value::IntValue(number)) => {
                fields.0.serialize_entry("intValue", &Worded(number))?;
            }
            Some(Value::DoubleValue(number)) => {
                fields.0.serialize_entry("doubleValue", &Double(*number))?;
            }
            Some(Value::ArrayValue(array)) => {
                fields.0.serialize_entry("arrayValue", &Json(array))?;
            }
            Some(Value::KvlistValue(list)) => {
                fields.0.serialize_entry("kvlistValue", &Json(list))?;
            }
            Some(Value::BytesValue(bytes)) => {
                let bytes = Base64Display::new(bytes, &STANDARD);
                fields.0.serialize_entry("bytesValue", &Worded(bytes))?;
            }
            Some(Value::StringValueStrindex(_)) | None => {}
        }
        fields.0.end()
    }
}

impl Serialize for Json<'_, ArrayValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ArrayValue { values } = self.0;
        let mut fields = fields(serializer)?;
        // Not every reader takes a list without its `values`.
        fields.0.serialize_entry("values", &List(values))?;
        fields.0.end()
    }
}

impl Serialize for Json<'_, KeyValueList> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let KeyValueList { values } = self.0;
        let mut fields = fields(serializer)?;
        fields.0.serialize_entry("values", &List(values))?;
        fields.0.end()
    }
}

/// What is shown as text: integers of 64 bits, ids, bytes.
struct Worded<T>(T);

impl<T: Display> Serialize for Worded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Bytes in lower-case hexadecimal.
struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A float: what is no number is a word.
struct Double(f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            number => serializer.serialize_f64(number),
        }
    }
}
