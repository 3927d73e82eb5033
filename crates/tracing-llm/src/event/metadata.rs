//! A payload without its content.

use super::{Annotation, Payload, Text, Tool, ToolCall};

/// Leaves out all content, as [`CaptureContent::Metadata`](crate::CaptureContent) keeps it out
/// from the start: what was read out of something that had both.
///
/// Attributes and the texts of an error are left out later, behind what else comes.
pub(crate) fn leave_out_content(payload: &mut Payload) {
    let Payload {
        model,
        response_model,
        provider,
        system,
        parameters: _,
        messages: _,
        replies: _,
        prompt: _,
        completion: _,
        response: _,
        finish_reason,
        response_id,
        tools: _,
        usage,
        cost,
        stream,
        query: _,
        top_k,
        documents: _,
        nodes: _,
        chunks: _,
        embeddings,
        dimensions,
        summaries: _,
        level,
        template,
        sub_question: _,
        tool,
        function_call,
        function_output: _,
        agent,
        input: _,
        input_mime_type,
        output: _,
        output_mime_type,
        serialized: _,
        additional_kwargs: _,
        exception,
        annotations,
        attributes,
    } = std::mem::take(payload);
    let length = embeddings.iter().find_map(super::Embedding::dimensions);
    *payload = Payload {
        model,
        response_model,
        provider,
        system,
        finish_reason,
        response_id,
        usage,
        cost,
        stream,
        top_k,
        dimensions: dimensions.or(length.map(|length| length as u64)),
        level,
        template: template.map(|template| super::Template {
            version: template.version,
            id: template.id,
            ..super::Template::default()
        }),
        tool: tool.map(|tool| Tool::new(tool.name)),
        function_call: function_call
            .map(|call| ToolCall { id: call.id, ..ToolCall::new(call.name, Text::default()) }),
        agent,
        input_mime_type,
        output_mime_type,
        exception,
        annotations: annotations.iter().cloned().filter_map(Annotation::without_content).collect(),
        attributes,
        ..Payload::default()
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Annotation, Message, Usage};

    #[test]
    fn what_is_said_goes_and_what_is_counted_stays() {
        let mut payload = Payload {
            model: Some("m".into()),
            usage: Some(Usage::new(1, 2)),
            messages: [Message::user("secret")].into(),
            replies: [Message::assistant("secret")].into(),
            output: Some("secret".into()),
            parameters: Some("secret".into()),
            embeddings: [super::super::Embedding::new("secret", vec![0.5, 1.0])].into(),
            annotations: [
                Annotation::new("helpful").with_score(1.0).with_explanation("secret"),
                Annotation::new("polite").with_explanation("secret"),
                Annotation::new("right").with_label("yes").with_metadata("secret".into()),
            ]
            .into(),
            ..Payload::default()
        };
        leave_out_content(&mut payload);
        assert!(!format!("{payload:?}").contains("secret"), "{payload:?}");
        assert_eq!(payload.model.as_deref(), Some("m"));
        assert_eq!(payload.usage, Some(Usage::new(1, 2)));
        assert_eq!(payload.dimensions, Some(2));
        let kept = [
            Annotation::new("helpful").with_score(1.0),
            Annotation::new("right").with_label("yes"),
        ];
        assert_eq!(payload.annotations, kept.into());
    }
}
