//! Any order of pushes, answers, pauses and flushes.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Answer(Answer),
    Wait(u8),
    Flush,
    Fill(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u8..40).prop_map(Step::Push),
        1 => Just(Step::Answer(later())),
        2 => Just(Step::Answer(lost())),
        1 => Just(Step::Answer(after(3))),
        1 => Just(Step::Answer(Answer::TooLarge { why: "413".into() })),
        1 => Just(Step::Answer(Answer::Malformed { why: "400".into() })),
        1 => Just(Step::Answer(Answer::Refused { why: "401".into() })),
        1 => (0u64..5).prop_map(|rejected| {
            Step::Answer(Answer::Accepted { rejected, message: String::new() })
        }),
        2 => (0u8..20).prop_map(Step::Wait),
        1 => Just(Step::Flush),
        1 => any::<bool>().prop_map(Step::Fill),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_each_span_has_one_fate(
        steps in prop::collection::vec(step(), 1..40),
        spool in any::<bool>(),
        kept_bytes in 500usize..20_000,
    ) {
        let mut rig = Rig::with(Vec::new(), spool.then(Shelf::default), kept_bytes);
        let mut next = 0;
        for step in steps {
            match step {
                Step::Push(count) => {
                    rig.push(next + 1..=next + u64::from(count));
                    next += u64::from(count);
                }
                Step::Answer(answer) => rig.told().answers.push_back(answer),
                Step::Wait(seconds) => {
                    rig.run(Duration::from_secs(seconds.into()));
                }
                Step::Flush => {
                    let _ = rig.flush();
                }
                Step::Fill(full) => {
                    if let Some(shelf) = &rig.shelf {
                        shelf.0.lock().unwrap().full = full;
                    }
                }
            }
            rig.audit();
        }
        let _ = rig.shutdown();
        let counts = rig.counts();
        prop_assert_eq!(counts.produced, next);
        prop_assert_eq!(counts.waiting, 0);
        prop_assert!(spool || counts.spooled == 0);
        if spool {
            // A packet that was sent in part and could not be put in anew stands there whole.
            prop_assert!(rig.shelved().len() as u64 >= counts.spooled);
        }
        let mut taken = rig.told().taken.clone();
        let all = taken.len() as u64;
        taken.sort_unstable();
        taken.dedup();
        prop_assert!(taken.len() as u64 >= counts.exported);
        prop_assert!(all - taken.len() as u64 <= counts.resent);
    }
}
