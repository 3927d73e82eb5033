use std::time::Duration;

use proptest::prelude::*;
use tracing_llm::Text;

use super::*;

fn id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

#[test]
fn floats_are_written_as_python_writes_them() {
    for (number, text) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.25, "0.25"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.005_331, "0.005331"),
        (1e-4, "0.0001"),
        (9.9e-5, "9.9e-05"),
        (4e-5, "4e-05"),
        (4.1e-5, "4.1e-05"),
        (1e-6, "1e-06"),
        (123_456_789.125, "123456789.125"),
        (1e15, "1000000000000000.0"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        // Halfway between .2 and .3: the even digit.
        (8_228_753_810_263_809.0 / 4.0, "2057188452565952.2"),
        (1e16, "1e+16"),
        (1.5e20, "1.5e+20"),
        (1e100, "1e+100"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::NAN, "nan"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(python_float(number), text);
    }
}

#[test]
fn seconds_are_the_difference_of_times_in_whole_microseconds() {
    let mut event = Event::new(EventType::LLM, "chat");
    event.start = Timestamp::from_unix_nanos(1_700_000_000_000_000_900);
    event.elapsed = Duration::from_nanos(40_050);
    // .000000 to .000040950: the clock that the original reads has no nanoseconds.
    assert_eq!(seconds(&event), 4e-5);
    event.elapsed = Duration::from_nanos(40_100);
    assert_eq!(seconds(&event), 4.1e-5);
}

#[test]
fn an_ignored_event_leaves_its_children_where_they_are() {
    let mut map = TraceMap::default();
    map.insert(None, id(1));
    map.insert(Some(id(1)), id(2));
    map.insert(Some(id(2)), id(3));
    let text =
        compat_text("query", &map, |event| (event != id(2)).then_some((EventType::EMBEDDING, 0.0)));
    assert_eq!(
        text,
        "**********\nTrace: query\n    |_CBEventType.EMBEDDING -> 0.0 seconds\n        \
         |_CBEventType.EMBEDDING -> 0.0 seconds\n**********\n"
    );
}

#[test]
fn a_trace_without_events_has_its_frame_only() {
    let text = compat_text("query", &TraceMap::default(), |_| None);
    assert_eq!(text, "**********\nTrace: query\n**********\n");
}

#[test]
fn control_characters_in_names_are_shown() {
    let mut map = TraceMap::default();
    map.insert(None, id(1));
    let text =
        compat_text("a\nb\u{1b}[2J", &map, |_| Some((EventType::custom("PLAN\u{202e}"), 0.0)));
    assert_eq!(
        text,
        "**********\nTrace: a\\nb\\u{1b}[2J\n    |_CBEventType.PLAN\\u{202e} -> 0.0 seconds\n\
         **********\n"
    );
}

#[test]
fn a_map_that_runs_in_a_circle_ends() {
    let map: TraceMap = serde_json::from_str(
        r#"{"root": ["0000000000000001"], "0000000000000001": ["0000000000000001"]}"#,
    )
    .unwrap();
    let text = compat_text("query", &map, |_| Some((EventType::LLM, 0.0)));
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn a_very_deep_tree_stays_within_reason() {
    let mut map = TraceMap::default();
    map.insert(None, id(1));
    for depth in 1..10_000 {
        map.insert(Some(id(depth)), id(depth + 1));
    }
    let text = compat_text("query", &map, |_| Some((EventType::LLM, 0.0)));
    assert_eq!(text.lines().count(), 10_003);
    assert!(text.len() < 25_000_000);
}

proptest! {
    #[test]
    fn a_float_reads_back_as_the_same_number(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let text = python_float(number);
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{}", text);
    }

    #[test]
    fn only_very_large_and_small_floats_have_an_exponent_and_it_has_two_digits(
        number in prop_oneof![any::<f64>(), -1e17..1e17, -1e-3..1e-3],
    ) {
        prop_assume!(number.is_finite());
        let text = python_float(number);
        let size = number.abs();
        let plain = size == 0.0 || (1e-4..1e16).contains(&size);
        match text.split_once('e') {
            None => {
                prop_assert!(plain, "{}", text);
                prop_assert!(text.contains('.'), "{}", text);
            }
            Some((digits, exponent)) => {
                prop_assert!(!plain, "{}", text);
                prop_assert!(exponent.starts_with(['+', '-']) && exponent.len() >= 3, "{}", text);
                prop_assert!(!digits.ends_with(".0"), "{}", text);
            }
        }
    }

    #[test]
    fn a_name_puts_no_control_character_into_the_text(name in "(?s).*") {
        let text = compat_text(&Text::from(name), &TraceMap::default(), |_| None);
        prop_assert!(text.lines().count() == 3);
        prop_assert!(!text.chars().any(|c| crate::escape::is_control(c) && c != '\n'));
    }
}
