//! What is never kept: keys in addresses, keys in the bodies of requests.

use serde_json::Value;

/// Members of a request's JSON that hold keys, or headers with keys: of remote tools (MCP), of
/// data sources (Azure), of gateways (LiteLLM). Written [plain].
const SECRET: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "authentication",
    "authorization",
    "authorizationtoken",
    "awssecretaccesskey",
    "awssessiontoken",
    "awswebidentitytoken",
    "azureadtoken",
    "azurepassword",
    "clientsecret",
    "extraheaders",
    "headers",
    "password",
    "secret",
    "vertexaicredentials",
    "vertexcredentials",
    "xapikey",
];

/// The same in the parameters of a data source, as Azure took them before `authentication`.
const SECRET_OF_SOURCE: &[&str] = &["connectionstring", "embeddingkey", "key"];

/// Takes such members out, at any depth, but not out of a JSON schema: there they are names of
/// parameters.
pub(crate) fn take_out(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(take_out),
        Value::Object(object) => {
            object.retain(|key, _| !SECRET.contains(&&*plain(key)));
            for (key, value) in object.iter_mut() {
                if key == "server_url" || key == "url" {
                    if let Value::String(url) = value {
                        *url = without_secrets(url);
                    }
                } else if key != "properties" && key != "schema" {
                    if plain(key) == "datasources" {
                        take_out_of_sources(value);
                    }
                    take_out(value);
                }
            }
        }
        _ => {}
    }
}

fn take_out_of_sources(sources: &mut Value) {
    for source in sources.as_array_mut().into_iter().flatten() {
        if let Some(Value::Object(parameters)) = source.get_mut("parameters") {
            parameters.retain(|key, _| !SECRET_OF_SOURCE.contains(&&*plain(key)));
        }
    }
}

/// Whether a parameter of a query holds a key, or a signature that stands for one.
pub(crate) fn is_key(name: &str) -> bool {
    let name = plain(name);
    let ends = |end: &&str| name.ends_with(*end);
    SECRET.contains(&&*name) || ["key", "token", "sig", "signature"].iter().any(ends)
}

/// A name in small letters without `-` and `_`: some write `apiKey`, some `api-key`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
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
    fn a_key_goes_however_its_name_is_written_and_wherever_it_stands() {
        for name in [
            "api_key",
            "api-key",
            "apiKey",
            "API_KEY",
            "x-api-key",
            "X-Api-Key",
            "x_api_key",
            "access_token",
            "authorization",
            "authorization_token",
            "authentication",
            "aws_secret_access_key",
            "aws-secret-access-key",
            "AWS_SESSION_TOKEN",
            "aws_session_token",
            "aws_web_identity_token",
            "azure_ad_token",
            "azure_password",
            "client_secret",
            "clientSecret",
            "extra_headers",
            "headers",
            "password",
            "secret",
            "vertex_credentials",
            "vertex_ai_credentials",
        ] {
            let held = json!({name: "sk-1", "kept": 1});
            let mut json = json!({"a": [{"b": held}], "extra_body": held, name: {"x": "sk-2"}});
            take_out(&mut json);
            assert_eq!(
                json,
                json!({"a": [{"b": {"kept": 1}}], "extra_body": {"kept": 1}}),
                "{name}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_key_stays() {
        let json = json!({"max_tokens": 1, "key": "k", "keys": [1], "aws_region_name": "eu",
            "token": "stop", "secretary": 1, "parameters": {"key": "k"}});
        let mut left = json.clone();
        take_out(&mut left);
        assert_eq!(left, json);
    }

    #[test]
    fn the_keys_of_a_data_source_go_and_what_it_is_stays() {
        for name in ["dataSources", "data_sources", "DATASOURCES"] {
            let mut json = json!({name: [{"type": "AzureCognitiveSearch", "parameters": {
                "endpoint": "https://search.example", "indexName": "i", "key": "sk-1",
                "embeddingKey": "sk-2", "connection_string": "sk-3", "apiKey": "sk-4",
            }}, 3, {"parameters": null}]});
            take_out(&mut json);
            let left = json!({"endpoint": "https://search.example", "indexName": "i"});
            assert_eq!(json[name][0]["parameters"], left, "{name}");
            assert_eq!(json[name][1], 3);
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
