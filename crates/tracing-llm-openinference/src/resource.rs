//! What the spans come from: service, project, SDK.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use crate::names;

/// The parts of the resource that a user sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) service_name: Option<String>,
    pub(crate) project: Option<String>,
    /// As in `OTEL_RESOURCE_ATTRIBUTES`; the two above win over it.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Origin {
    /// The resource. `process` stands in where no service is named, as OpenTelemetry's
    /// resource conventions ask.
    pub(crate) fn resource(&self, process: Option<&str>) -> Resource {
        let unknown = match process {
            Some(process) => format!("unknown_service:{process}"),
            None => "unknown_service".to_owned(),
        };
        let named = |key: &'static str, value: &Option<String>| {
            value.clone().map(|value| KeyValue::new(key, value))
        };
        // Later attributes replace earlier ones.
        Resource::builder_empty()
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_attribute(KeyValue::new(SERVICE_NAME, unknown))
            .with_attributes(
                self.attributes
                    .iter()
                    .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
            )
            .with_attributes(named(SERVICE_NAME, &self.service_name))
            .with_attributes(named(names::PROJECT_NAME, &self.project))
            .build()
    }
}

const SERVICE_NAME: &str = "service.name";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(resource: &Resource, key: &'static str) -> Option<String> {
        resource.get(&key.into()).map(|value| value.to_string())
    }

    #[test]
    fn a_set_name_wins_over_the_attributes_and_those_over_the_process() {
        let mut origin = Origin::default();
        assert_eq!(
            text(&origin.resource(Some("rag")), "service.name").as_deref(),
            Some("unknown_service:rag")
        );
        origin.attributes = vec![
            ("service.name".into(), "from attributes".into()),
            ("openinference.project.name".into(), "theirs".into()),
        ];
        assert_eq!(
            text(&origin.resource(None), "service.name").as_deref(),
            Some("from attributes")
        );
        origin.service_name = Some("docs".into());
        origin.project = Some("ours".into());
        let resource = origin.resource(None);
        assert_eq!(text(&resource, "service.name").as_deref(), Some("docs"));
        assert_eq!(text(&resource, "openinference.project.name").as_deref(), Some("ours"));
        assert_eq!(text(&resource, "telemetry.sdk.language").as_deref(), Some("rust"));
        assert_eq!(text(&resource, "telemetry.sdk.name").as_deref(), Some("opentelemetry"));
    }
}
