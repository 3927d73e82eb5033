//! What is content, and what is only metadata.

use crate::vocabulary::{CallPart, ContextKey, Key, Role, TemplatePart, TextPart, ToolPart};

/// Whether a field's value is content, which [`CaptureContent::Metadata`](super::CaptureContent)
/// leaves out from the start. A name that we do not know may hold anything: it is content.
pub(crate) fn is_content(role: Role) -> bool {
    match role {
        // The worker empties the texts of an error once it has compared them.
        Role::Tag(_) | Role::TraceName | Role::Name | Role::Error(_) => false,
        Role::Context(ContextKey::Template(part)) => matches!(
            part,
            TemplatePart::Template
                | TemplatePart::Variables
                | TemplatePart::SystemPrompt
                | TemplatePart::QueryWrapperPrompt
        ),
        Role::Context(_) => false,
        Role::Other => true,
        Role::Payload { key, .. } => !matches!(
            key,
            Key::Count(_)
                | Key::ModelName
                | Key::RequestModel
                | Key::ResponseModel
                | Key::ProviderName
                | Key::Tokens(_)
                | Key::Cost(_)
                | Key::Usage
                | Key::FirstToken
                | Key::FinishReason
                | Key::Tool(ToolPart::Name)
                | Key::Call(CallPart::Id | CallPart::Name)
                | Key::Template(TemplatePart::Version | TemplatePart::Id)
                | Key::Text(
                    TextPart::Provider
                        | TextPart::System
                        | TextPart::ResponseId
                        | TextPart::Agent
                        | TextPart::InputMimeType
                        | TextPart::OutputMimeType
                )
        ),
    }
}
