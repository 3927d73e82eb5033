use std::sync::atomic::AtomicUsize;
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tracing_llm::{Context, Cost, Event, EventType, Handler, Usage};

use super::*;
use crate::TokenCounter;
use crate::record::next_number;

fn call(tokens: u64, session: &str, cost: Option<f64>) -> TokenRecord {
    let mut context = Context::default();
    context.session_id = Some(Text::from(session));
    context.tags = vec!["a".into(), "b".into()];
    context.keys.insert("tenant".into(), json!("acme"));
    let mut event = Event::new(EventType::LLM, "chat");
    event.context = Arc::new(context);
    event.payload.cost = cost.map(|total| {
        let mut cost = Cost::default();
        cost.total = Some(total);
        cost
    });
    let mut record = TokenRecord::new(&event, Usage::new(tokens, 0));
    record.number = next_number();
    record
}

#[test]
fn a_check_fails_once_the_limit_is_reached() {
    let budget = Budget::tokens(100);
    assert!(budget.charge([(&call(99, "s", None), false)]).is_empty());
    assert_eq!(budget.check(), Ok(()));
    assert_eq!(budget.charge([(&call(1, "s", None), false)]).len(), 1);
    let error = budget.check().unwrap_err();
    assert!(error.is_exceeded() && !error.is_invalid());
    assert_eq!(
        error.to_string(),
        "token budget exceeded: of 100 tokens 100 are spent and 0 reserved"
    );
    // It is told once.
    assert!(budget.charge([(&call(50, "s", None), false)]).is_empty());
    assert_eq!(budget.spent(), Amount::Tokens(150));
}

#[test]
fn money_is_charged_where_a_price_is_known_and_the_rest_is_told() {
    let budget = Budget::usd(1.0);
    budget.charge([(&call(1_000, "s", Some(0.6)), false)]);
    budget.charge([(&call(1_000, "s", None), false)]);
    assert_eq!((budget.spent(), budget.unpriced_calls()), (Amount::Usd(0.6), 1));
    assert!(budget.check().is_ok());
    budget.charge([(&call(1_000, "s", Some(0.4)), false)]);
    let error = budget.check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cost budget exceeded: of $1.0000 $1.0000 are spent and $0.0000 reserved"
    );
}

#[test]
fn a_small_budget_shows_its_digits() {
    let budget = Budget::usd(0.000_01);
    budget.charge([(&call(10, "s", Some(0.000_012)), false)]);
    let error = budget.check().unwrap_err().to_string();
    assert!(error.contains("of $0.000010 $0.000012 are spent"), "{error}");
}

#[test]
fn each_key_has_a_budget_of_its_own() {
    for (by, key) in [(By::Session, "s-1"), (By::Tag, "b"), (By::key("tenant"), "acme")] {
        let budget = Budget::tokens(100).per(by.clone());
        let reached = budget.charge([(&call(120, "s-1", None), false)]);
        assert!(reached.iter().any(|own| own.key.as_deref() == Some(key)), "{by}");
        assert!(budget.key("another").check().is_ok(), "{by}");
        let error = budget.key(key).check().unwrap_err();
        assert_eq!(error.key(), Some(key), "{by}");
        assert!(error.to_string().contains(&format!(" by {by} {key:?}: ")), "{error}");
        assert!(budget.check().unwrap_err().is_invalid(), "{by}");
    }
    // Who is nobody is charged nothing.
    let mut nobody = call(120, "s-1", None);
    nobody.context = Arc::default();
    assert!(Budget::tokens(1).per(By::User).charge([(&nobody, false)]).is_empty());
}

#[test]
fn what_is_reserved_counts_until_it_is_released() {
    let budget = Budget::tokens(100);
    let first = budget.reserve(Amount::Tokens(60)).unwrap();
    let error = budget.reserve(Amount::Tokens(41)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "token budget exceeded: of 100 tokens 0 are spent and 60 reserved, 41 more are asked for"
    );
    let second = budget.reserve(Amount::Tokens(40)).unwrap();
    assert!(budget.check().is_err());
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(0), Amount::Tokens(100)));
    drop(first);
    assert!(budget.check().is_ok());
    drop(second);
    assert_eq!(budget.reserved(), Amount::Tokens(0));
}

#[test]
fn an_estimate_in_the_other_unit_is_refused() {
    assert!(Budget::tokens(100).reserve(Amount::Usd(0.1)).unwrap_err().is_invalid());
    assert!(Budget::usd(1.0).reserve(Amount::Tokens(1)).unwrap_err().is_invalid());
    // An estimate beyond all bounds does not wrap around.
    let budget = Budget::tokens(u64::MAX);
    let _most = budget.reserve(Amount::Tokens(u64::MAX - 1)).unwrap();
    assert!(budget.reserve(Amount::Tokens(5)).is_err());
}

#[test]
fn a_call_that_is_taken_back_is_not_charged() {
    let budget = Budget::tokens(100);
    let wrapper = call(100, "s", None);
    budget.charge([(&wrapper, false)]);
    budget.charge([(&wrapper, true)]);
    assert_eq!(budget.spent(), Amount::Tokens(0));
    assert!(budget.check().is_ok());
}

#[test]
fn a_limit_that_a_taken_back_call_had_reached_is_told_when_it_is_reached_again() {
    let told = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&told);
    let budget = Budget::tokens(100).on_exceeded(move |_| {
        calls.fetch_add(1, Relaxed);
    });
    let mut tokens = TokenCounter::new().no_prices().budget(budget.clone());
    let mut end = |id: u64, parent: Option<u64>, used: u64, estimated: bool| {
        let mut event = Event::new(EventType::LLM, "chat");
        event.span_id = SpanId::new(id).unwrap();
        event.parent_id = parent.and_then(SpanId::new);
        let mut usage = Usage::new(used, 0);
        usage.estimated = estimated;
        event.payload.usage = Some(usage);
        tokens.on_end(&Arc::new(event)).unwrap();
        (budget.spent(), told.load(Relaxed))
    };
    assert_eq!(end(1, None, 120, true), (Amount::Tokens(120), 1));
    // A call inside it reports less.
    assert_eq!(end(2, Some(1), 60, false), (Amount::Tokens(60), 1));
    assert_eq!(end(3, None, 50, false), (Amount::Tokens(110), 2));
    assert_eq!(end(4, None, 50, false), (Amount::Tokens(160), 2));
}

#[test]
fn a_call_that_counts_in_place_of_another_is_charged_in_one_step() {
    let (inner, wrapper) = (call(100, "s", None), call(100, "s", None));
    // In between, nothing would be spent, or both.
    for (limit, is_below) in [(100, false), (150, true)] {
        let budget = Budget::tokens(limit);
        budget.charge([(&inner, false)]);
        let done = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let asks = scope.spawn(|| {
                let mut others = 0;
                while !done.load(Relaxed) {
                    others += usize::from(budget.check().is_ok() != is_below);
                }
                others
            });
            for round in 0..200_000 {
                let (from, to) =
                    if round % 2 == 0 { (&inner, &wrapper) } else { (&wrapper, &inner) };
                let reached = budget.charge([(from, true), (to, false)]);
                assert!(reached.is_empty(), "told already, or never reached");
            }
            done.store(true, Relaxed);
            asks.join().unwrap()
        });
        assert_eq!((seen, budget.spent()), (0, Amount::Tokens(100)), "of {limit}");
    }
}

#[test]
fn a_reset_frees_what_is_spent_and_keeps_what_is_reserved() {
    for budget in [Budget::tokens(100), Budget::tokens(100).per(By::Session).key("s")] {
        let reserved = budget.reserve(Amount::Tokens(30)).unwrap();
        let before = call(80, "s", None);
        budget.charge([(&before, false)]);
        budget.reset();
        assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(0), Amount::Tokens(30)));
        // What was charged before is not taken back from what comes after.
        budget.charge([(&call(10, "s", None), false)]);
        budget.charge([(&before, true)]);
        assert_eq!(budget.spent(), Amount::Tokens(10));
        drop(reserved);
        assert_eq!(budget.charge([(&call(90, "s", None), false)]).len(), 1, "it is told again");
    }
}

#[test]
fn an_event_that_never_comes_does_not_keep_its_reservation_for_good() {
    let budget = Budget::tokens(100);
    let account = budget.own.as_ref().unwrap().account.clone();
    let event = SpanId::new(7).unwrap();
    assert!(account.try_reserve(100, 100));
    let pending = &budget.shared.pending;
    pending.insert(event, 1, account.clone(), 60);
    pending.insert(event, 2, account, 40);
    pending.release_lost_at(Instant::now() + Duration::from_secs(3_600));
    assert_eq!(budget.reserved(), Amount::Tokens(100), "their guards are held");
    pending.expect(event, 1);
    pending.release_lost_at(Instant::now() + Duration::from_secs(60));
    assert_eq!(budget.reserved(), Amount::Tokens(100), "it may still come");
    pending.release_lost_at(Instant::now() + Duration::from_secs(3_600));
    assert_eq!(budget.reserved(), Amount::Tokens(40));
    budget.settle(event);
    budget.settle(event);
    assert_eq!(budget.reserved(), Amount::Tokens(0));
}

#[test]
fn sixty_four_at_once_reserve_no_more_than_there_is() {
    const THREADS: usize = 64;
    for _ in 0..20 {
        let budget = Budget::tokens(1_000);
        let (start, passed) = (Barrier::new(THREADS), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    if let Ok(reserved) = budget.reserve(Amount::Tokens(90)) {
                        passed.lock().unwrap().push(reserved);
                    }
                });
            }
        });
        // Eleven times 90 is 990.
        assert_eq!(passed.into_inner().unwrap().len(), 11);
        assert_eq!(budget.reserved(), Amount::Tokens(0), "all guards are dropped");
    }
}

/// The step from asking to having is one: else one of two at once would be forgotten soon, with
/// nothing else to do than to try.
#[test]
fn no_reservation_and_no_release_is_lost() {
    let account = Account::default();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..1_000_000 {
                    assert!(account.try_reserve(10, 1_000));
                    account.release(10);
                }
            });
        }
    });
    assert_eq!((account.reserved(), account.spent()), (0, 0));
}

#[test]
fn under_stress_the_limit_holds_at_every_moment_and_the_sums_are_exact() {
    const LIMIT: u64 = 1_000;
    const ROUNDS: u64 = 2_000;
    let budget = Budget::tokens(LIMIT);
    // What is set aside by those who passed; counted by themselves, outside the budget.
    let (held, settled) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (budget, held, settled) = (&budget, &held, &settled);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let amount = 100 + (thread * 31 + round * 7) % 300;
                    let Ok(reserved) = budget.reserve(Amount::Tokens(amount)) else { continue };
                    let now = held.fetch_add(amount as usize, Relaxed) + amount as usize;
                    assert!(now as u64 <= LIMIT, "{now}");
                    held.fetch_sub(amount as usize, Relaxed);
                    if round % 3 == 0 {
                        // Used in full, then taken back: as if it never was.
                        let record = call(amount, "s", None);
                        drop(reserved);
                        budget.charge([(&record, false)]);
                        budget.charge([(&record, true)]);
                        settled.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    assert!(settled.into_inner() > 0);
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(0), Amount::Tokens(0)));
}

#[test]
fn resets_among_charges_lose_nothing_and_nothing_twice() {
    let budget = Budget::tokens(u64::MAX);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    for round in 0..2_000 {
                        let record = call(10, "s", None);
                        budget.charge([(&record, false)]);
                        if round % 2 == 0 {
                            budget.charge([(&record, true)]);
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                budget.reset();
                // A sum below zero would be a very large one here.
                let Amount::Tokens(spent) = budget.spent() else { panic!("tokens") };
                assert!(spent <= 8 * 2_000 * 10, "{spent}");
                std::thread::yield_now();
            }
        });
        let ends: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        stop.store(true, Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    budget.reset();
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(0), Amount::Tokens(0)));
}

#[test]
fn a_budget_shows_no_more_than_it_should() {
    let shown = format!("{:?}", Budget::usd(2.5));
    assert_eq!(
        shown,
        "Budget { limit: Usd(2.5), by: None, spent: Usd(0.0), reserved: Usd(0.0), .. }"
    );
}

#[test]
fn an_estimate_that_is_no_amount_is_refused_and_reserves_nothing() {
    let budget = Budget::usd(1.0);
    for odd in [f64::NAN, -1.0, -1e-300, f64::INFINITY, f64::NEG_INFINITY] {
        let error = budget.reserve(Amount::Usd(odd)).unwrap_err();
        assert!(error.is_invalid() && !error.is_exceeded(), "{odd}: {error}");
        assert_eq!(budget.reserved(), Amount::Usd(0.0), "{odd}");
    }
    assert!(budget.reserve(Amount::Usd(0.0)).is_ok() && budget.reserve(Amount::Usd(1.0)).is_ok());
}

#[test]
fn a_limit_that_is_no_amount_lets_nothing_pass() {
    for odd in [f64::NAN, -1.0, f64::NEG_INFINITY] {
        let budget = Budget::usd(odd);
        assert!(budget.check().unwrap_err().is_exceeded(), "{odd}");
        assert!(budget.reserve(Amount::Usd(0.0)).unwrap_err().is_exceeded(), "{odd}");
        assert!(format!("{budget:?}").contains("limit: Usd(0.0)"), "{odd}: {budget:?}");
    }
}
