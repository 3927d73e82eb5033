//! What is never kept: keys in addresses, keys in the bodies of requests.

use serde_json::Value;

/// Members of a request's JSON that hold keys, or headers with keys: of remote tools (MCP), of
/// data sources (Azure), of gateways (LiteLLM).
const SECRET: &[&str] = &[
    "api_key",
    "apikey",
    "authorization",
    "authorization_token",
    "authentication",
    "access_token",
    "extra_headers",
    "headers",
    "password",
    "secret",
];

/// Takes such members out, at any depth, but not out of a JSON schema: there they are names of
/// parameters.
pub(crate) fn take_out(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(take_out),
        Value::Object(object) => {
            object.retain(|key, _| !SECRET.iter().any(|name| key.eq_ignore_ascii_case(name)));
            for (key, value) in object.iter_mut() {
                if key == "server_url" || key == "url" {
                    if let Value::String(url) = value {
                        *url = without_secrets(url);
                    }
                } else if key != "properties" && key != "schema" {
                    take_out(value);
                }
            }
        }
        _ => {}
    }
}

/// A text in which every http address has lost its query, its fragment and its user: errors of
/// clients show the address that they failed at, and `?key=` is how some providers take keys.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | '>' | '<' | '`'))
            .unwrap_or(after.len());
        let (address, behind) = after.split_at(end);
        let cut = address.find(['?', '#']).unwrap_or(address.len());
        let kept = address.get(..cut).unwrap_or_default();
        let host_ends = kept.find('/').unwrap_or(kept.len());
        let user_ends =
            kept.get(..host_ends).and_then(|host| host.rfind('@')).map_or(0, |at| at + 1);
        shown.push_str(kept.get(user_ends..).unwrap_or_default());
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_loses_query_fragment_and_user() {
        for (text, shown) in [
            (
                "error sending request for url (http://u:p@h:1/v1/x?key=sk-1&a=b): refused",
                "error sending request for url (http://h:1/v1/x): refused",
            ),
            ("https://h#sk-1 and https://h?key=sk-2", "https://h and https://h"),
            ("http://h/a@b", "http://h/a@b"),
            ("no address?key=1", "no address?key=1"),
            ("://", "://"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    #[test]
    fn keys_of_remote_tools_and_data_sources_go_and_schemas_stay() {
        let mut json = json!([
            {"type": "mcp", "server_url": "https://u:sk-0@mcp.example/x?token=sk-1",
             "headers": {"Authorization": "Bearer sk-2"}, "authorization": "sk-3"},
            {"type": "azure_search", "parameters": {"authentication": {"key": "sk-4"}, "index": "i"}},
            {"function": {"parameters": {"properties": {"headers": {"type": "object"}}}}},
        ]);
        take_out(&mut json);
        assert!(!json.to_string().contains("sk-"), "{json}");
        assert_eq!(json[0]["server_url"], "https://mcp.example/x");
        assert_eq!(json[1]["parameters"]["index"], "i");
        assert_eq!(json[2]["function"]["parameters"]["properties"]["headers"]["type"], "object");
    }
}
