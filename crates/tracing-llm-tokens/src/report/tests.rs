use super::*;

fn sums(calls: u64, input: u64, output: u64) -> TokenSums {
    let mut sums = TokenSums::default();
    (sums.calls, sums.input, sums.output, sums.total) = (calls, input, output, input + output);
    sums
}

fn row(event_type: EventType, model: &str, sums: TokenSums) -> ModelSums {
    ModelSums { event_type, model: Some(Text::from(model)), sums }
}

#[test]
fn a_full_report_reads_well() {
    let mut llm = sums(14, 1_012_480, 3_211);
    (llm.cache_read, llm.reasoning) = (900_000, 1_200);
    (llm.estimated_calls, llm.estimated, llm.unknown_calls) = (4, 1_491, 1);
    let embedding = sums(3, 8_120, 0);
    let mut claude = sums(4, 1_280, 211);
    (claude.estimated_calls, claude.estimated) = (4, 1_491);
    let mut failed = sums(1, 0, 0);
    failed.unknown_calls = 1;
    let report = Report::new(
        llm,
        embedding,
        vec![
            row(EventType::EMBEDDING, "text-embedding-3-small", embedding),
            ModelSums { event_type: EventType::LLM, model: None, sums: failed },
            row(EventType::LLM, "claude-sonnet-4-5", claude),
            row(EventType::LLM, "gpt-5-mini", sums(9, 1_011_200, 3_000)),
        ],
    );
    let expected = "\
1,015,691 tokens in 14 LLM calls: 1,012,480 prompt, 3,211 completion
8,120 tokens in 3 embedding calls

model                   calls     prompt  completion      total
gpt-5-mini                  9  1,011,200       3,000  1,014,200
claude-sonnet-4-5           4      1,280         211      1,491 ~
(no model)                  1          0           0          0
text-embedding-3-small      3      8,120                  8,120

900,000 of the prompts read from a cache, 1,200 of the completions spent on reasoning
~ estimated, not reported by the provider: 1,491 tokens in 4 of 17 calls
not counted, for nothing is known of them: 1 of 17 calls
";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn a_report_of_nothing_says_so() {
    assert_eq!(Report::default().to_string(), "no LLM or embedding calls\n");
}

#[test]
fn a_report_of_reported_usage_alone_has_no_notes() {
    let llm = sums(1, 11, 7);
    let report = Report::new(llm, TokenSums::default(), vec![row(EventType::LLM, "m", llm)]);
    let expected = "\
18 tokens in 1 LLM call: 11 prompt, 7 completion

model  calls  prompt  completion  total
m          1      11           7     18
";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn a_model_s_name_is_shown_not_executed() {
    assert_eq!(shown("gpt\u{1b}[31m\n-5"), "gpt\\u{1b}[31m\\n-5");
    assert_eq!(shown("gpt-é"), "gpt-é");
    assert_eq!(shown(&"x".repeat(500)), format!("{}…", "x".repeat(NAME)));
}

#[test]
fn numbers_have_commas() {
    let shown = [0, 12, 999, 1_000, 12_345, 1_234_567, u64::MAX].map(number);
    assert_eq!(
        shown,
        ["0", "12", "999", "1,000", "12,345", "1,234,567", "18,446,744,073,709,551,615"]
    );
}
