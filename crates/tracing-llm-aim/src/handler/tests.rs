use std::time::Duration;

use tracing_llm::{EventType, SpanId, TraceId};

use super::*;
use crate::testing::{AimServer, Mood};

/// A call of a model, the n-th.
fn call(n: u64) -> Arc<Event> {
    let span = SpanId::new(n + 1).unwrap();
    let mut event = Event::with_ids(EventType::LLM, "chat", TraceId::FIRST, span);
    event.payload.prompt = Some(format!("prompt {n:05}").into());
    event.payload.completion = Some(format!("answer {n:05}").into());
    Arc::new(event)
}

fn aim(server: &AimServer) -> Aim {
    Aim::builder().server(server.address()).build().unwrap()
}

fn settled(stats: &AimStats) -> String {
    assert!(stats.counts().balance());
    stats.counts().to_string()
}

/// Waits for what happens on the sender's thread.
fn until(happened: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if happened() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it does not happen");
}

#[test]
fn events_become_a_run_and_a_shutdown_ends_it() {
    let server = AimServer::start();
    let mut aim = aim(&server);
    let (run, stats) = (aim.run_hash().to_owned(), aim.stats());
    for n in 0..3 {
        aim.on_start(&call(n)).unwrap();
        aim.on_end(&call(n)).unwrap();
    }
    aim.flush().unwrap();
    assert_eq!(server.texts("prompt").len(), 3);
    assert_eq!(server.stored()[&format!("meta/chunks/{run}/end_time")], "type 0");
    let health = aim.health();
    aim.shutdown().unwrap();
    assert_eq!(health.read()[0].exported, 12, "it is read also when all has ended");
    // Prompt, answer, latency and whether it failed.
    assert_eq!(settled(&stats), "12 of 12 values");
    let end: f64 = server.stored()[&format!("meta/chunks/{run}/end_time")].parse().unwrap();
    assert!(end > 1.7e9);
    assert!(server.requests().last().unwrap().contains("/client/disconnect/"));
}

#[test]
fn a_server_that_was_stopped_in_the_middle_gets_all_when_it_is_back() {
    let server = AimServer::start();
    let mut aim = aim(&server);
    let stats = aim.stats();
    (0..50).for_each(|n| aim.on_end(&call(n)).unwrap());
    aim.flush().unwrap();
    let before = server.texts("prompt");
    let address = server.stop();
    (50..100).for_each(|n| aim.on_end(&call(n)).unwrap());
    let told = aim.flush().unwrap_err().to_string();
    assert!(told.contains("(values waiting: 200)"), "{told}");
    let server = AimServer::at(address);
    // The rest between attempts may be half a minute by now; a flush does not wait for it.
    aim.flush().unwrap();
    aim.shutdown().unwrap();
    let counts = stats.counts();
    assert_eq!((counts.written, counts.produced), (400, 400));
    assert_eq!(counts.connections, 2);
    let after = server.texts("prompt");
    let all: Vec<String> = (0..100).map(|n| format!("prompt {n:05}")).collect();
    let mut stored: Vec<String> = before.into_iter().chain(after).collect();
    stored.sort();
    assert_eq!(stored, all, "each once");
    // The server that knows nothing of the run is told all of it.
    let latency = |what: &str| {
        let stored = server.stored();
        let mut values = stored.iter().filter(|(path, _)| {
            path.contains("/traces/") && path.ends_with(&format!("/latency/{what}"))
        });
        values.next().unwrap().1.clone()
    };
    assert_eq!((latency("first_step"), latency("last_step")), ("0".into(), "99".into()));
}

#[test]
fn a_server_that_comes_back_during_the_shutdown_gets_everything() {
    let server = AimServer::start();
    let mut aim = aim(&server);
    let stats = aim.stats();
    let address = server.stop();
    (0..50).for_each(|n| aim.on_end(&call(n)).unwrap());
    aim.flush().unwrap_err();
    let before = stats.counts().send_failures;
    let shutdown = std::thread::spawn(move || aim.shutdown().map_err(|error| error.to_string()));
    until(|| stats.counts().send_failures > before);
    let server = AimServer::at(address);
    assert_eq!(shutdown.join().unwrap(), Ok(()));
    assert_eq!(server.texts("prompt").len(), 50);
    assert_eq!(stats.counts().written, 200);
}

#[test]
fn hooks_return_while_the_server_hangs_and_what_is_too_much_is_dropped() {
    let server = AimServer::start();
    server.mood(Mood::Silent);
    let mut aim = Aim::builder()
        .server(server.address())
        .timeout(Duration::from_millis(200))
        .kept_values(1_000)
        .build()
        .unwrap();
    let stats = aim.stats();
    // Were a hook to wait for the server, this would take hours.
    (0..10_000).for_each(|n| aim.on_end(&call(n)).unwrap());
    let counts = stats.counts();
    assert_eq!(counts.produced, 40_000);
    assert!(counts.dropped >= 38_000 && counts.balance(), "{counts:?}");
    server.mood(Mood::Well);
    aim.shutdown().unwrap_err();
    let counts = stats.counts();
    assert_eq!(counts.waiting, 0);
    assert!(counts.written >= 1_000, "{counts}");
    let newest = server.texts("prompt").into_iter().max();
    assert_eq!(newest.as_deref(), Some("prompt 09999"));
}

#[test]
fn a_server_that_never_was_there_is_told_at_shutdown() {
    let nowhere = AimServer::start().stop();
    let mut aim = Aim::builder().server(format!("aim://{nowhere}")).build().unwrap();
    let stats = aim.stats();
    aim.on_end(&call(0)).unwrap();
    let told = aim.shutdown().unwrap_err().to_string();
    assert!(told.starts_with(&format!("could not send to aim://{nowhere}: ")), "{told}");
    assert!(told.ends_with("(values dropped: 4)"), "{told}");
    assert_eq!(settled(&stats), "0 of 4 values, 4 dropped");
}

#[test]
fn values_are_sent_without_being_asked_for() {
    let server = AimServer::start();
    let mut aim = aim(&server);
    let stats = aim.stats();
    aim.on_end(&call(0)).unwrap();
    until(|| stats.counts().written == 4);
}

#[test]
fn without_a_server_it_is_off() {
    let mut aim = Aim::builder().build().unwrap();
    assert!(aim.is_off());
    assert_eq!(aim.destination(), "off");
    aim.on_start(&call(0)).unwrap();
    aim.on_end(&call(0)).unwrap();
    aim.flush().unwrap();
    aim.shutdown().unwrap();
    assert_eq!(settled(&aim.stats()), "0 of 0 values");
    assert_eq!(aim.health().read(), []);
}

#[test]
fn debug_shows_no_header() {
    let aim = Aim::builder().server("aim://h").header("authorization", "hidden").build().unwrap();
    let shown = format!("{aim:?}");
    assert!(shown.contains("aim://h:53800") && !shown.contains("hidden"), "{shown}");
}
