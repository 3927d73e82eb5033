use super::*;

#[test]
fn what_waits_is_bounded_and_what_does_not_fit_is_an_error() {
    let run = Run::new("run7", Path::new("/r"), Path::new("/r/run-run7.wandb"));
    for _ in 0..WAITING {
        run.log([("a", 1)]).unwrap();
    }
    assert!(run.log([("a", 1)]).unwrap_err().is_full());
    assert!(run.summarize("a", 1).unwrap_err().is_full());
    assert_eq!(run.waiting(false).rows.len(), WAITING);
    run.summarize("a", 1).unwrap();
}

#[test]
fn the_names_of_w_and_b_are_not_taken() {
    let run = Run::new("run7", Path::new("/r"), Path::new("/r/run-run7.wandb"));
    for name in ["", "_step", "_runtime"] {
        assert!(run.log([("fine", 1), (name, 1)]).unwrap_err().is_setting(), "{name}");
    }
    assert!(run.waiting(false).rows.is_empty());
}

#[test]
fn counts_say_what_is_missing() {
    let mut counts = RunCounts { traces: 3, calls: 12, records: 40, ..RunCounts::default() };
    assert_eq!(counts.to_string(), "3 traces, 12 calls, 40 records");
    (counts.failed, counts.spans_left_out, counts.traces_cut) = (2, 7, 1);
    assert_eq!(
        counts.to_string(),
        "3 traces, 12 calls, 40 records, 2 not written, 7 spans left out, 1 trace cut"
    );
    let one = RunCounts { traces: 1, calls: 1, records: 1, ..RunCounts::default() };
    assert_eq!(one.to_string(), "1 trace, 1 call, 1 record");
}
