//! The spool beside a queue in memory, under random use.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Append(u64),
    /// Sends about so many bytes; the packet is then done, or let go.
    Send(usize, bool),
    Close,
    Restart,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..20u64).prop_map(Step::Append),
        4 => (1..200usize, any::<bool>()).prop_map(|(bytes, done)| Step::Send(bytes, done)),
        1 => Just(Step::Close),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(steps in prop::collection::vec(step(), 1..40)) {
        let folder = Folder::new();
        let (mut spool, mut tally) = open(&folder);
        let mut model = VecDeque::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Append(count) => {
                    spool.append(&spans(next..next + count)).unwrap();
                    model.extend(next..next + count);
                    next += count;
                }
                Step::Send(bytes, done) => {
                    let packet = spool.next(bytes).unwrap();
                    prop_assert_eq!(packet.is_none(), model.is_empty());
                    let Some(packet) = packet else { continue };
                    let given = numbers(&packet);
                    prop_assert!(given.iter().eq(model.iter().take(given.len())));
                    if done {
                        model.drain(..given.len());
                        spool.done(packet.ticket).unwrap();
                    }
                }
                Step::Close => spool.close().unwrap(),
                Step::Restart | Step::Crash => {
                    match step {
                        Step::Crash => crash(spool),
                        _ => drop(spool),
                    }
                    prop_assert_eq!(tally.counts().dropped, 0);
                    (spool, tally) = open(&folder);
                    prop_assert_eq!(tally.counts().recovered, model.len() as u64);
                }
            }
            prop_assert_eq!(spool.is_empty(), model.is_empty());
        }
        prop_assert_eq!(drain(&mut spool), model.into_iter().collect::<Vec<_>>());
        drop(spool);
        prop_assert_eq!(folder.files(), [""; 0]);
        prop_assert_eq!((tally.counts().dropped, tally.counts().torn_lines), (0, 0));
    }
}
