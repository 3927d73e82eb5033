//! The policy under a script and a clock that is told.

use std::fmt;
use std::sync::Mutex;

use tracing_subscriber::prelude::*;

use super::*;
use crate::client::Failure;
use crate::run::About;
use crate::testing::{Call, Script, number};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than any rest.
const LONG: Duration = Duration::from_secs(60);

struct Test {
    script: Script,
    shared: Arc<Shared>,
    policy: Policy,
    now: Instant,
}

impl Test {
    fn new() -> Self {
        Self::keeping(1_000)
    }

    fn keeping(values: usize) -> Self {
        let script = Script::default();
        let queue = Queue::new(values, 1 << 30);
        let shared = Arc::new(Shared::new(queue, AimStats::default()));
        let policy = Policy::new(
            Arc::clone(&shared),
            script.server(),
            Book::new("run", About::default()),
            10 * SECOND,
            Backoff::new(1),
            "aim://test".to_owned(),
        );
        Self { script, shared, policy, now: Instant::now() }
    }

    fn push(&self, steps: std::ops::Range<u64>) {
        self.shared.push(steps.map(number).collect(), self.now);
    }

    /// Turns until there is nothing to do at this moment.
    fn run(&mut self) -> Turn {
        for _ in 0..1_000 {
            match self.policy.turn(self.now) {
                Turn::Again => {}
                other => return other,
            }
        }
        panic!("it does not come to rest: {:?}", self.script.calls());
    }

    /// Lets time pass to when the policy wants to be woken, so often.
    fn run_on(&mut self, times: usize) {
        for _ in 0..times {
            match self.run() {
                Turn::Sleep(Some(until)) => self.now = self.now.max(until),
                _ => return,
            }
        }
    }

    fn order(&mut self, closing: bool) {
        let mut state = self.shared.state();
        state.flush = Some(self.now + FLUSH_LIMIT);
        state.closing |= closing;
    }

    fn told(&self) -> String {
        let waiting = self.shared.stats.counts().waiting;
        let told = self.shared.state().losses.tell("aim://test", waiting);
        told.err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn counts(&self) -> String {
        let counts = self.shared.stats.counts();
        assert!(counts.balance(), "{counts:?}");
        counts.to_string()
    }
}

fn away() -> Failure {
    Failure::Away("gone".to_owned())
}

fn refused() -> Failure {
    Failure::Refused("KeyError: no".to_owned())
}

/// A connection and its opening, which holds no values.
fn opened() -> Vec<Call> {
    vec![Call::Connect, Call::Write(vec![])]
}

#[test]
fn nothing_is_opened_before_there_is_a_value_and_values_are_sent_together() {
    let mut test = Test::new();
    assert_eq!(test.run(), Turn::Sleep(None));
    test.push(0..2);
    let Turn::Sleep(Some(due)) = test.run() else { panic!("it has no time to wake up at") };
    assert_eq!(test.script.calls(), [], "a batch has time to grow");
    test.push(2..3);
    test.now = due;
    test.run();
    assert_eq!(test.script.calls(), [opened(), vec![Call::Write(vec![0, 1, 2])]].concat());
    assert_eq!(test.counts(), "3 of 3 values");
}

#[test]
fn a_batch_that_is_full_waits_for_nothing() {
    let mut test = Test::new();
    test.push(0..8);
    test.run();
    assert_eq!(test.counts(), "8 of 8 values");
}

#[test]
fn an_idle_connection_says_that_it_lives() {
    let mut test = Test::new();
    test.push(0..8);
    test.run();
    test.script.calls();
    test.run_on(3);
    assert_eq!(test.script.calls(), [Call::Beat, Call::Beat]);
}

#[test]
fn after_a_failure_it_rests_and_sends_the_same_values_again() {
    let mut test = Test::new();
    test.script.answers([Ok(()), Ok(()), Err(away()), Err(away())]);
    test.push(0..8);
    assert!(matches!(test.run(), Turn::Sleep(Some(until)) if until > test.now));
    assert_eq!(test.counts(), "0 of 8 values, 8 waiting");
    test.run_on(3);
    let calls = test.script.calls();
    let all: Vec<i64> = (0..8).collect();
    assert_eq!(calls[..4], [opened(), vec![Call::Write(all), Call::Connect]].concat());
    // A smaller batch first, in case that the server is slow.
    let half = Call::Write((0..4).collect());
    assert_eq!(calls[4..7], [opened(), vec![half]].concat());
    test.run_on(9);
    let counts = test.shared.stats.counts();
    assert_eq!((counts.written, counts.resent, counts.connections), (8, 4, 2));
    assert_eq!(counts.send_failures, 2);
}

#[test]
fn while_it_rests_a_value_that_comes_makes_no_attempt() {
    let mut test = Test::new();
    test.script.always(Some(away()));
    test.push(0..8);
    test.run();
    test.script.calls();
    test.push(8..32);
    test.run();
    assert_eq!(test.script.calls(), []);
}

#[test]
fn a_refusal_is_asked_anew_on_another_connection_at_once() {
    let mut test = Test::new();
    test.script.answers([Ok(()), Ok(()), Err(refused())]);
    test.push(0..8);
    test.run();
    let all = || vec![Call::Write((0..8).collect())];
    assert_eq!(test.script.calls(), [opened(), all(), opened(), all()].concat());
    assert_eq!(test.counts(), "8 of 8 values, 8 resent");
    assert_eq!(test.shared.stats.counts().send_failures, 1);
    assert_eq!(test.told(), "");
}

#[test]
fn one_value_that_is_refused_costs_no_other() {
    let mut test = Test::new();
    let no = || Err(refused());
    // The batch twice, then its first value alone, twice.
    test.script.answers([Ok(()), Ok(()), no(), Ok(()), Ok(()), no()]);
    test.script.answers([Ok(()), Ok(()), no()]);
    test.push(0..8);
    test.run_on(20);
    let counts = test.shared.stats.counts();
    assert_eq!((counts.written, counts.refused, counts.waiting), (7, 1, 0));
    assert_eq!(test.told(), "could not send to aim://test: KeyError: no (values refused: 1)");
    assert_eq!(test.told(), "", "it is told once");
}

#[test]
fn a_server_that_refuses_everything_is_not_stormed() {
    let mut test = Test::new();
    test.push(0..8);
    test.script.answers([Ok(()), Ok(())]);
    test.script.always(Some(refused()));
    let began = test.now;
    test.run_on(12);
    assert!(test.script.calls().len() < 40);
    assert!(test.now - began > 10 * SECOND, "it rests ever longer");
}

#[test]
fn what_is_kept_is_bounded_and_the_oldest_are_dropped() {
    let mut test = Test::keeping(100);
    test.script.always(Some(away()));
    test.push(0..300);
    test.run();
    test.script.always(None);
    test.now += LONG;
    test.run_on(9);
    let writes = test.script.calls().into_iter().filter_map(|call| match call {
        Call::Write(steps) => Some(steps),
        _ => None,
    });
    let sent: Vec<i64> = writes.flatten().collect();
    assert_eq!(sent, (200..300).collect::<Vec<i64>>());
    assert_eq!(test.counts(), "100 of 300 values, 200 dropped");
    let why = "200 values were dropped: more than 100 values or 1024 MiB waited";
    assert_eq!(test.told(), why);
    assert_eq!(test.told(), "", "it is told once");
}

#[test]
fn that_values_are_dropped_is_said_once_until_all_is_sent() {
    let said = Said::default();
    let mut test = Test::keeping(100);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(said.clone()), || {
        test.script.always(Some(away()));
        for _ in 0..3 {
            test.push(0..150);
            test.run();
        }
        test.script.always(None);
        test.now += LONG;
        test.run_on(99);
        test.push(0..150);
    });
    let why = "values are dropped, the oldest first: more than 100 values or 1024 MiB waited; \
               more are only counted";
    let said = said.0.lock().unwrap();
    assert_eq!(said.iter().filter(|text| *text == why).count(), 2, "{said:?}");
}

/// Keeps what is said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Said {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }
}

#[test]
fn a_flush_sends_what_waits_and_reports() {
    let mut test = Test::new();
    test.push(0..3);
    test.order(false);
    test.run();
    assert_eq!(test.counts(), "3 of 3 values");
    assert_eq!(test.shared.state().flush, None);
    assert_eq!(test.told(), "");
}

#[test]
fn a_flush_gives_up_after_three_attempts_and_the_values_wait_on() {
    let mut test = Test::new();
    test.script.always(Some(away()));
    test.push(0..3);
    test.order(false);
    while test.shared.state().flush.is_some() {
        test.run_on(1);
    }
    let calls = test.script.calls();
    assert_eq!(calls[..3], [Call::Connect, Call::Connect, Call::Connect]);
    // The first attempt of the policy's own, now that nobody waits.
    assert!(calls.len() <= 4, "{calls:?}");
    assert_eq!(test.told(), "could not send to aim://test: gone (values waiting: 3)");
    test.script.always(None);
    test.now += LONG;
    test.run_on(3);
    assert_eq!(test.counts(), "3 of 3 values");
}

#[test]
fn a_flush_in_an_outage_tries_once_and_the_values_wait_on() {
    let mut test = Test::new();
    test.script.always(Some(away()));
    test.push(0..3);
    test.run_on(5);
    test.script.calls();
    test.order(false);
    test.run();
    assert_eq!(test.script.calls(), [Call::Connect]);
    assert_eq!(test.told(), "could not send to aim://test: gone (values waiting: 3)");
}

/// However long it was away: the rests are those of a first failure, not half a minute.
#[test]
fn a_shutdown_in_an_outage_tries_three_times_with_rests_within_its_limit() {
    let mut test = Test::new();
    test.script.always(Some(away()));
    test.push(0..3);
    test.run_on(20);
    test.script.calls();
    let began = test.now;
    test.order(true);
    test.run_on(20);
    assert_eq!(test.run(), Turn::End);
    assert_eq!(test.script.calls(), [Call::Connect, Call::Connect, Call::Connect]);
    let took = test.now - began;
    assert!(took >= Duration::from_millis(750) && took < FLUSH_LIMIT, "{took:?}");
    assert_eq!(test.counts(), "0 of 3 values, 3 dropped");
}

#[test]
fn a_server_that_is_back_at_the_last_attempt_of_a_shutdown_gets_everything() {
    let mut test = Test::new();
    test.script.always(Some(away()));
    test.push(0..300);
    test.run_on(20);
    test.order(true);
    test.script.always(None);
    test.script.answers([Err(away()), Err(away())]);
    test.run_on(20);
    assert_eq!(test.run(), Turn::End);
    assert_eq!((test.counts().as_str(), test.told().as_str()), ("300 of 300 values", ""));
    assert_eq!(test.script.calls().last(), Some(&Call::Close));
}

/// The flush was given up by who waited for it, and the sender has not looked since.
#[test]
fn a_shutdown_has_its_own_attempts_whatever_a_flush_has_used_up() {
    let mut test = Test::new();
    test.push(0..3);
    test.order(false);
    test.script.answers([Err(away()), Err(away())]);
    for _ in 0..2 {
        assert_eq!(test.policy.turn(test.now), Turn::Again);
        test.now += LONG / 60;
    }
    test.order(true);
    test.script.answers([Err(away())]);
    test.run_on(9);
    assert_eq!(test.run(), Turn::End);
    assert_eq!(test.counts(), "3 of 3 values");
}

#[test]
fn a_shutdown_ends_the_run() {
    let mut test = Test::new();
    test.push(0..3);
    test.order(true);
    assert_eq!(test.run(), Turn::End);
    let calls = test.script.calls();
    assert_eq!(calls[3..], [Call::Write(vec![]), Call::Close], "{calls:?}");
    test.push(3..5);
    assert_eq!(test.counts(), "3 of 5 values, 2 dropped");
}

#[test]
fn a_shutdown_without_values_makes_no_run() {
    let mut test = Test::new();
    test.order(true);
    assert_eq!(test.run(), Turn::End);
    assert_eq!((test.script.calls(), test.told()), (vec![], String::new()));
}

#[test]
fn a_run_whose_server_was_started_anew_is_still_ended() {
    let mut test = Test::new();
    test.push(0..8);
    test.run();
    test.script.calls();
    test.script.answers([Err(away())]);
    test.order(true);
    assert_eq!(test.run(), Turn::End);
    let end = || vec![Call::Write(vec![])];
    assert_eq!(test.script.calls(), [end(), opened(), end(), vec![Call::Close]].concat());
    assert_eq!(test.told(), "");
}

#[test]
fn a_shutdown_drops_what_it_cannot_send_and_says_so() {
    let mut test = Test::new();
    test.push(0..8);
    test.run();
    test.script.always(Some(away()));
    test.push(8..14);
    test.order(true);
    while test.run() != Turn::End {
        test.now += LONG;
    }
    assert_eq!(test.counts(), "8 of 14 values, 6 dropped");
    let told = test.told();
    let expected = "could not send to aim://test: gone (values dropped: 6); \
                    could not end the run at aim://test: gone";
    assert_eq!(told, expected);
}

#[test]
fn a_handle_that_is_dropped_lets_the_sender_end() {
    let script = Script::default();
    let settings = crate::Aim::builder().settings_for_tests();
    let stats = AimStats::default();
    let server = script.server();
    let sender = Sender::new(&settings, "run", server, "aim://test".into(), stats.clone()).unwrap();
    sender.push((0..3).map(number).collect());
    let shared = Arc::clone(&sender.shared);
    drop(sender);
    assert!(shared.await_report(LONG, |state| state.ended));
    assert_eq!(stats.counts().to_string(), "3 of 3 values");
    assert_eq!(script.calls().last(), Some(&Call::Close));
}
