//! Spans as protobuf, by the exact byte. Pure.
//!
//! A span is encoded once; a request is put together from encoded spans, so that its size is
//! known beforehand and a batch that is sent again costs no encoding.

use std::sync::LazyLock;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use prost::{DecodeError, Message, encode_length_delimiter, length_delimiter_len};

/// The fields of `ExportTraceServiceRequest`, `ResourceSpans` and `ScopeSpans` that hold what
/// is inside: their number, and the wire type of length-delimited data.
const RESOURCE_SPANS: u8 = 1 << 3 | 2;
const SCOPE_SPANS: u8 = 2 << 3 | 2;
const SPANS: u8 = 2 << 3 | 2;

/// An encoded span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed(Vec<u8>);

impl Packed {
    pub(crate) fn new(span: &Span) -> Self {
        Self(span.encode_to_vec())
    }

    /// The bytes that it takes in a request.
    pub(crate) fn size(&self) -> usize {
        framed(self.0.len())
    }

    /// The span again, as the spool and the shrinking of a refused span need it.
    pub(crate) fn span(&self) -> Result<Span, DecodeError> {
        Span::decode(self.0.as_slice())
    }
}

/// What spans come from: resource and scope, encoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `ResourceSpans` without scopes.
    resource: Vec<u8>,
    /// `ScopeSpans` without spans.
    scope: Vec<u8>,
}

impl Origin {
    /// These two, whatever spans they hold.
    pub(crate) fn new(resource: ResourceSpans, scope: ScopeSpans) -> Self {
        let resource = ResourceSpans { scope_spans: Vec::new(), ..resource };
        let scope = ScopeSpans { spans: Vec::new(), ..scope };
        Self { resource: resource.encode_to_vec(), scope: scope.encode_to_vec() }
    }

    /// This program, and this crate.
    pub(crate) fn of(resource: &opentelemetry_sdk::Resource) -> Self {
        let with_schema = ResourceAttributesWithSchema::from(resource);
        let resource = ResourceSpans {
            resource: Some(self::resource(resource)),
            scope_spans: Vec::new(),
            schema_url: with_schema.schema_url.unwrap_or_default(),
        };
        Self::new(resource, ScopeSpans { scope: Some(SCOPE.clone()), ..ScopeSpans::default() })
    }
}

/// A resource as OTLP has it. It has no order of its own; what is sorted can be compared.
pub(crate) fn resource(resource: &opentelemetry_sdk::Resource) -> Resource {
    let mut attributes = ResourceAttributesWithSchema::from(resource).attributes.0;
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    Resource { attributes, ..Resource::default() }
}

/// What produced the spans, as OTLP has it.
pub(crate) static SCOPE: LazyLock<InstrumentationScope> =
    LazyLock::new(|| (&*crate::convert::SCOPE, None).into());

/// The encoded `ExportTraceServiceRequest` of some spans.
pub(crate) fn request(origin: &Origin, spans: &[Packed]) -> Vec<u8> {
    let scope = origin.scope.len() + spans.iter().map(Packed::size).sum::<usize>();
    let resource = origin.resource.len() + framed(scope);
    let mut body = Vec::with_capacity(framed(resource));
    open(&mut body, RESOURCE_SPANS, resource);
    body.extend_from_slice(&origin.resource);
    open(&mut body, SCOPE_SPANS, scope);
    body.extend_from_slice(&origin.scope);
    for span in spans {
        open(&mut body, SPANS, span.0.len());
        body.extend_from_slice(&span.0);
    }
    body
}

/// The key and the length that stand before a message.
fn open(body: &mut Vec<u8>, key: u8, length: usize) {
    body.push(key);
    // A vector grows; there is nothing that could fail.
    let _ = encode_length_delimiter(length, body);
}

/// The size of a message with its key and length.
fn framed(length: usize) -> usize {
    1 + length_delimiter_len(length) + length
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use tracing_llm::EventType;

    use super::*;
    use crate::testing::{event_with_id, span};

    fn numbered(id: u64, bytes: usize) -> Span {
        let mut event = event_with_id(EventType::QUERY, "answer", id);
        event.payload.response = Some("x".repeat(bytes).into());
        Span::from(span(&event))
    }

    #[test]
    fn a_request_is_what_the_typed_message_encodes_to() {
        let resource =
            opentelemetry_sdk::Resource::builder_empty().with_service_name("docs").build();
        let origin = Origin::of(&resource);
        for spans in [vec![], vec![numbered(1, 3)], vec![numbered(2, 70_000), numbered(3, 0)]] {
            let packed: Vec<Packed> = spans.iter().map(Packed::new).collect();
            let body = request(&origin, &packed);
            let typed = ExportTraceServiceRequest {
                resource_spans: vec![ResourceSpans {
                    resource: Some(super::resource(&resource)),
                    scope_spans: vec![ScopeSpans {
                        scope: Some(SCOPE.clone()),
                        spans,
                        schema_url: String::new(),
                    }],
                    schema_url: String::new(),
                }],
            };
            assert_eq!(body, typed.encode_to_vec());
            assert_eq!(body.capacity(), body.len());
        }
    }

    #[test]
    fn schema_addresses_of_spans_from_elsewhere_stay() {
        let resource = ResourceSpans { schema_url: "https://a".into(), ..ResourceSpans::default() };
        let scope = ScopeSpans { schema_url: "https://b".into(), ..ScopeSpans::default() };
        let origin = Origin::new(resource, scope);
        let body = request(&origin, &[Packed::new(&numbered(1, 1))]);
        let decoded = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        assert_eq!(decoded.resource_spans[0].schema_url, "https://a");
        assert_eq!(decoded.resource_spans[0].scope_spans[0].schema_url, "https://b");
        assert_eq!(decoded.resource_spans[0].scope_spans[0].spans, [numbered(1, 1)]);
    }

    #[test]
    fn a_packed_span_can_be_had_back() {
        let span = numbered(7, 10);
        let packed = Packed::new(&span);
        assert_eq!(packed.size(), 3 + span.encoded_len());
        assert_eq!(packed.span().unwrap(), span);
    }
}
