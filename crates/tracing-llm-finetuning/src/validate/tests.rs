use serde_json::json;

use super::*;

fn rules(example: &serde_json::Value) -> Vec<Rule> {
    let report = Validator::openai().least_examples(1).check(&example.to_string());
    for problem in &report.problems {
        assert_eq!(problem.line, Some(1), "{problem}");
    }
    report.problems.into_iter().map(|problem| problem.rule).collect()
}

fn with(messages: serde_json::Value) -> serde_json::Value {
    json!({ "messages": messages })
}

fn user() -> serde_json::Value {
    json!({ "role": "user", "content": "?" })
}

fn said() -> serde_json::Value {
    json!({ "role": "assistant", "content": "5" })
}

fn calls(id: &str) -> serde_json::Value {
    let function = json!({ "name": "add", "arguments": "{}" });
    let calls = json!([{ "id": id, "type": "function", "function": function }]);
    json!({ "role": "assistant", "tool_calls": calls })
}

fn one_call() -> serde_json::Value {
    calls("c1")["tool_calls"][0].clone()
}

#[test]
fn what_the_provider_documents_as_valid_is_valid() {
    for messages in [
        json!([user(), said()]),
        json!([{ "role": "developer", "content": "Be terse." }, user(), said()]),
        json!([user(), { "role": "assistant", "content": "a", "weight": 0 }, user(), said()]),
        json!([user(), calls("c1"), { "role": "tool", "tool_call_id": "c1", "content": "5" }, said()]),
        json!([user(), calls("c1")]),
        json!([user(), { "role": "assistant", "content": null, "refusal": "No." }]),
        json!([user(), { "role": "assistant", "content": "5", "refusal": null, "function_call": null }]),
        // Models do not always generate valid JSON, says the API's description.
        json!([user(), { "role": "assistant", "function_call": {
            "name": "add", "arguments": "2 and 3"
        } }]),
        json!([
            user(),
            { "role": "assistant", "function_call": { "name": "add", "arguments": "{}" } },
            { "role": "function", "name": "add", "content": null },
            said(),
        ]),
        json!([
            { "role": "user", "name": "ann", "content": [
                { "type": "text", "text": "?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
            ] },
            said(),
        ]),
    ] {
        assert_eq!(rules(&with(messages.clone())), [], "{messages}");
    }
    let tool = json!({ "type": "function", "function": {
        "name": "add", "description": "Add", "parameters": { "type": "object" }, "strict": true
    } });
    let example = json!({
        "messages": [user(), said()], "tools": [tool], "parallel_tool_calls": false
    });
    assert_eq!(rules(&example), []);
}

#[test]
fn each_rule_is_named_when_it_is_not_kept() {
    let tool = |function: serde_json::Value| json!({ "messages": [user(), said()], "tools": [{ "type": "function", "function": function }] });
    let answer = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "5" });
    for (example, rule) in [
        (json!(["a list"]), Rule::Json),
        (json!({ "messages": [user(), said()], "model": "x" }), Rule::Keys),
        (with(json!([{ "role": "user", "content": "?", "weight": 1 }, said()])), Rule::Keys),
        (with(json!([user(), { "role": "assistant", "content": "5", "id": 1 }])), Rule::Keys),
        (json!({}), Rule::Messages),
        (with(json!([])), Rule::Messages),
        (with(json!(["?", said()])), Rule::Messages),
        (with(json!([{ "role": "human", "content": "?" }, said()])), Rule::Role),
        (with(json!([{ "role": "user" }, said()])), Rule::Content),
        (with(json!([{ "role": "user", "content": 5 }, said()])), Rule::Content),
        (with(json!([{ "role": "user", "content": [] }, said()])), Rule::Content),
        (
            with(json!([{ "role": "user", "content": [{ "type": "video" }] }, said()])),
            Rule::Content,
        ),
        (with(json!([{ "role": "user", "content": [{ "type": "text" }] }, said()])), Rule::Content),
        (with(json!([user(), { "role": "assistant", "content": null }])), Rule::Content),
        (with(json!([{ "role": "function", "content": "5" }, said()])), Rule::Content),
        (with(json!([said(), user()])), Rule::LastIsAssistant),
        (
            with(json!([user(), { "role": "assistant", "content": "5", "weight": 0.5 }])),
            Rule::Weight,
        ),
        (with(json!([user(), { "role": "assistant", "content": "5", "weight": 0 }])), Rule::Weight),
        (tool(json!({ "name": "add numbers" })), Rule::Tools),
        (tool(json!({ "name": "x".repeat(65) })), Rule::Tools),
        (tool(json!({ "name": "add", "parameters": "{}" })), Rule::Tools),
        (tool(json!({ "name": "add", "description": 1 })), Rule::Tools),
        (tool(json!({ "name": "add", "parameters": { "type": 5 } })), Rule::Tools),
        (tool(json!({ "name": "add", "parameters": { "properties": [] } })), Rule::Tools),
        (
            json!({ "messages": [user(), said()], "functions": [{ "name": "a" }, { "name": "a" }] }),
            Rule::Tools,
        ),
        (
            with(json!([user(), { "role": "assistant", "tool_calls": [one_call(), one_call()] }])),
            Rule::ToolCalls,
        ),
        (
            with(json!([{ "role": "user", "content": [
                { "type": "image_url", "image_url": "https://example.com/a.png" }
            ] }, said()])),
            Rule::Content,
        ),
        (
            with(json!([{ "role": "user", "content": [
                { "type": "text", "text": { "value": "?" } }
            ] }, said()])),
            Rule::Content,
        ),
        (with(json!([{ "role": "user", "content": "?", "name": 5 }, said()])), Rule::Content),
        (
            with(json!([user(), { "role": "assistant", "content": "5", "refusal": true }])),
            Rule::Content,
        ),
        (json!({ "messages": [user(), said()], "tools": [{ "name": "add" }] }), Rule::Tools),
        (json!({ "messages": [user(), said()], "functions": [] }), Rule::Tools),
        (json!({ "messages": [user(), said()], "parallel_tool_calls": "no" }), Rule::Tools),
        (with(json!([user(), calls("")])), Rule::ToolCalls),
        (with(json!([user(), { "role": "assistant", "tool_calls": [] }])), Rule::ToolCalls),
        (
            with(json!([user(), { "role": "assistant", "function_call": {
                "name": "add", "arguments": { "a": 2 }
            } }])),
            Rule::ToolCalls,
        ),
        (with(json!([user(), calls("c1"), answer("c2"), said()])), Rule::ToolAnswers),
        (with(json!([user(), calls("c1"), said()])), Rule::ToolAnswers),
        (with(json!([answer("c1"), said()])), Rule::ToolAnswers),
    ] {
        let found = rules(&example);
        assert!(found.contains(&rule), "{example}: {found:?}");
        assert!(found.len() <= 2, "{example}: {found:?}");
    }
}

#[test]
fn problems_say_the_line_and_the_whole_file_is_checked_too() {
    let good = with(json!([user(), said()]));
    let bad = with(json!([said(), user()]));
    let report = Validator::openai().check(&format!("{good}\n{bad}\n\nno json"));
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2: the last message is from user, not from the assistant",
            "line 3: the line is empty",
            "line 4: no JSON: expected ident at line 1 column 2",
            "4 examples, 10 are needed",
        ]
    );
    assert_eq!(report.statistics.examples, 2);
    assert!(!report.is_valid());
    assert!(report.to_string().starts_with("line 2: "));
}

#[test]
fn a_line_that_is_no_utf_8_is_a_problem_of_that_line_alone() {
    let path = std::env::temp_dir().join(format!("finetuning-bytes-{}", std::process::id()));
    let good = with(json!([user(), said()])).to_string();
    let bad = good.replace('?', "\u{fffd}").into_bytes();
    let bad: Vec<u8> = bad.split(|byte| *byte == 0xef).flatten().copied().collect();
    let file = [good.as_bytes(), b"\r\n", &bad, b"\n", good.as_bytes()].concat();
    std::fs::write(&path, file).unwrap();
    let report = Validator::openai().least_examples(1).check_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let at = bad.iter().position(|byte| !byte.is_ascii()).unwrap();
    assert_eq!(told, [format!("line 2: no UTF-8 behind byte {at}")]);
    assert_eq!((report.problems[0].rule, report.statistics.examples), (Rule::Json, 2));
}

#[test]
fn tokens_are_counted_by_the_providers_rule_and_checked() {
    let words = |text: &str| text.split_whitespace().count();
    let messages = json!([
        { "role": "user", "name": "ann", "content": "one two three" },
        { "role": "assistant", "content": "four five" },
    ]);
    let text = with(messages).to_string();
    let validator = Validator::openai().least_examples(1).tokenizer(words);
    let tokens = validator.check(&text).statistics.tokens.unwrap();
    // For each message 3 and its role; a name and 1 for it; the texts; 3 for the answer.
    assert_eq!(tokens.max, (3 + 1) * 2 + (1 + 1) + 3 + 2 + 3);
    let report = validator.max_tokens(17).check(&text);
    assert_eq!(report.problems[0].to_string(), "line 1: 18 tokens, 17 are allowed");
    assert_eq!(report.statistics.assistant_tokens.unwrap().max, 3);
}

#[test]
fn no_problem_shows_a_text_of_the_messages() {
    let long = "secret ".repeat(20);
    let example = with(json!([{ "role": "user", "content": { "secret": long } }, said()]));
    let report = Validator::openai().check(&example.to_string());
    assert!(!report.problems.is_empty());
    assert!(report.problems.iter().all(|problem| !problem.reason.contains("secret")));
}
