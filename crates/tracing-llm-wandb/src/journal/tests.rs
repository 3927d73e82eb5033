use super::*;
use crate::testing::{START, summary};

fn journal() -> Journal {
    Journal::new("run7", START)
}

fn row(pairs: &[(&str, Value)]) -> Row {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same records, encoded by W&B's own messages: `wandb.proto` of `wandb` 0.31.0, in Python.
#[test]
fn the_bytes_of_a_record_are_those_of_w_and_b() {
    let mut journal = journal();
    journal.steps = 2;
    let history = journal.row(row(&[("a/b", json!(2)), ("t", json!({ "_type": "x" }))]), START);
    assert_eq!(
        hex(&history),
        "0801125d0a091203612f62820101320a1012017412055f747970658201032278220a1b120a5f74696d6573\
         74616d7082010c313739303030303030302e300a1012085f72756e74696d65820103302e300a0b12055f73\
         7465708201013212020802c20c060a0472756e37"
    );
    let arguments = Arguments {
        id: "run7".into(),
        project: "rag".into(),
        name: "base".into(),
        tags: vec!["a".into(), "b".into()],
        config: [("top_k".to_owned(), json!(3))].into_iter().collect(),
        ..Arguments::default()
    };
    journal.records = 0;
    let [_, run] = journal.begin(&arguments);
    assert_eq!(
        hex(&run),
        "08028a013e0a0472756e371a03726167221c0a0d0a065f77616e64628201027b7d0a0b0a05746f705f6b82\
         0101334204626173655201615201628a01060880f7c4d506c20c060a0472756e37"
    );
    let exit = journal.exit(START + std::time::Duration::from_secs(5));
    assert_eq!(hex(&exit), "08039201021005c20c060a0472756e37");
    let file = journal.file("media/table/t.json");
    assert_eq!(
        hex(&file),
        "080432160a140a126d656469612f7461626c652f742e6a736f6ec20c060a0472756e37"
    );
}

#[test]
fn the_time_of_a_row_is_never_before_that_of_the_row_before_it() {
    let mut journal = journal();
    let second = std::time::Duration::from_secs(1);
    journal.row(row(&[]), START + second);
    journal.row(row(&[]), START);
    assert_eq!(journal.changed["_runtime"], json!(1.0));
    journal.row(row(&[]), START + 2 * second);
    assert_eq!(journal.changed["_runtime"], json!(2.0));
}

#[test]
fn values_inside_an_object_have_the_names_on_the_way_to_them() {
    let mut all = Vec::new();
    items("t", &json!({ "a": { "b": 1, "c": [2] }, "d": {} }), &mut all);
    let shown: Vec<_> =
        all.iter().map(|item| (item.nested_key.join("."), item.value_json.as_str())).collect();
    let expected =
        [("t.a.b".to_owned(), "1"), ("t.a.c".to_owned(), "[2]"), ("t.d".to_owned(), "{}")];
    assert_eq!(shown, expected);
}

#[test]
fn the_summary_says_what_has_changed_once() {
    let mut journal = journal();
    assert_eq!(journal.summary(true), None);
    journal.row(row(&[("a", json!(1))]), START);
    journal.row(row(&[("a", json!(2)), ("b", json!(3))]), START);
    let record = Record::decode(&*journal.summary(false).unwrap()).unwrap();
    let said = summary(&[record]);
    assert_eq!((&said["a"], &said["b"], &said["_step"]), (&json!(2), &json!(3), &json!(1)));
    assert_eq!(journal.summary(true), None);
}

#[test]
fn a_moment_keeps_its_nanoseconds() {
    let time = moment(Timestamp::from_unix_nanos(1_790_000_000_123_456_789));
    assert_eq!((time.seconds, time.nanos), (1_790_000_000, 123_456_789));
}
