//! What is asked.

use serde_json::Value;
use tracing_llm::{Payload, Text, Tool};

use super::{Object, Unread, take, take_text};
use crate::capture::Captured;
use crate::{Api, anthropic, openai, partial, secrets};

/// Reads the body of a request into the payload.
pub(crate) fn read_request(
    api: Api,
    captured: &Captured,
    payload: &mut Payload,
) -> Result<(), Unread> {
    let head = captured.head();
    let Some(tail) = &captured.tail else {
        let Ok(Value::Object(body)) = serde_json::from_slice(&head) else { return Err(Unread) };
        whole(api, body, payload);
        return Ok(());
    };
    // Of a request that is larger than the bound, what names it.
    let model = partial::first(&head, "model", Value::is_string)
        .or_else(|| partial::last(tail, "model", Value::is_string));
    payload.model = model.as_ref().and_then(Value::as_str).map(Text::from);
    Ok(())
}

fn whole(api: Api, mut body: Object, payload: &mut Payload) {
    payload.model = take_text(&mut body, "model");
    match api {
        Api::Messages => anthropic::request(&mut body, payload),
        _ => openai::request(api, &mut body, payload),
    }
    let mut tools = take(&mut body, "tools");
    if tools.is_null() {
        tools = take(&mut body, "functions");
    }
    secrets::take_out(&mut tools);
    payload.tools = Tool::list_from_json(tools).into();
    let mut parameters = Value::Object(body);
    secrets::take_out(&mut parameters);
    if parameters.as_object().is_some_and(|parameters| !parameters.is_empty()) {
        payload.parameters = Some(parameters);
    }
}
