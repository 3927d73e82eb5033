//! Templates, tools, agents, and what has no part of its own.

use serde::Serialize;

use crate::event::{SubQuestion, Template, Text, Tool, ToolCall};
use crate::span::{EventHandle, IntoText};

/// What templates, tools and agents take and give.
impl EventHandle {
    /// The prompt template, its version and its values.
    pub fn template(&self, template: Template) -> &Self {
        self.content(template, |payload, template| payload.template = Some(template))
    }

    /// A part of a question; attached again with its answer, it replaces the first.
    pub fn sub_question(&self, part: SubQuestion) -> &Self {
        self.content(part, |payload, part| payload.sub_question = Some(part))
    }

    /// The tool that is called.
    pub fn tool(&self, tool: Tool) -> &Self {
        self.content(tool, |payload, tool| payload.tool = Some(tool))
    }

    /// The call: name, arguments, id.
    pub fn function_call(&self, call: ToolCall) -> &Self {
        self.content(call, |payload, call| payload.function_call = Some(call))
    }

    texts! {
        /// What the function gave back.
        function_output => function_output;
    }

    /// The main input, where no other part says it: serialized on the worker.
    pub fn input<T: Serialize + Clone + Send + Sync + 'static>(&self, input: T) -> &Self {
        self.json(input, |payload, json| payload.input = Some(json))
    }

    /// The main output, where no other part says it: serialized on the worker.
    pub fn output<T: Serialize + Clone + Send + Sync + 'static>(&self, output: T) -> &Self {
        self.json(output, |payload, json| payload.output = Some(json))
    }

    /// Anything else, by a name of its own: serialized on the worker.
    pub fn attribute<T: Serialize + Clone + Send + Sync + 'static>(
        &self,
        name: &'static str,
        value: T,
    ) -> &Self {
        self.json(value, move |payload, json| {
            payload.attributes.insert(Text::literal(name), json);
        })
    }
}
