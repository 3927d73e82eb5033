use std::io;
use std::sync::mpsc;
use std::thread;

use insta::assert_snapshot;
use tracing_llm::Outcome;

use super::*;
use crate::SimpleLlmHandler;
use crate::fixture::{Shared, Story};

fn story(name: &str, number: u64) -> Story {
    let mut story = Story::new(name, number);
    let query = story.event(0, EventType::QUERY, "answer", |event| {
        event.payload.query = Some("Why?".into());
    });
    story.event(query, EventType::LLM, "chat", |event| {
        event.payload.prompt = Some("Why?".into());
        event.payload.completion = Some("Because.".into());
        event.outcome = Outcome::Ok;
    });
    story
}

fn shared() -> (DebugHandler, Shared) {
    let output = Shared::default();
    (DebugHandler::writer(output.clone()), output)
}

#[test]
fn a_trace_is_printed_when_it_ends_in_one_write() {
    let (mut debug, output) = shared();
    story("query", 1).tell(&mut debug).unwrap();
    assert_eq!(output.writes().len(), 1);
    assert_snapshot!(output.text(), @"
    ● query  00000001  1.52 s  2 events
    └─ QUERY  answer  120 ms
       │ Why?
       └─ LLM  chat  120 ms
            Why? → Because.
    ");
}

#[test]
fn concurrent_traces_are_printed_whole_each_at_its_own_end() {
    let (mut debug, output) = shared();
    let (one, two) = (story("one", 1), story("two", 2));
    for (first, second) in one.starts().zip(two.starts()) {
        debug.on_start(&first).unwrap();
        debug.on_start(&second).unwrap();
    }
    for (first, second) in two.ends().zip(one.ends()) {
        debug.on_end(&first).unwrap();
        debug.on_end(&second).unwrap();
    }
    debug.on_trace_end(&two.trace()).unwrap();
    debug.on_trace_end(&one.trace()).unwrap();

    let (mut alone, expected) = shared();
    two.tell(&mut alone).unwrap();
    one.tell(&mut alone).unwrap();
    assert_eq!(output.writes(), expected.writes());
}

#[test]
fn printing_can_be_switched_off_and_asked_for() {
    let (debug, output) = shared();
    let mut debug = debug.print_trace_on_end(false).format(Format::Compat);
    debug.print_trace_map().unwrap();
    story("query", 1).tell(&mut debug).unwrap();
    debug.on_start(&Arc::new(Event::new(EventType::LLM, "chat"))).unwrap();
    debug.shutdown().unwrap();
    assert_eq!(output.text(), "");

    debug.print_trace_map().unwrap();
    assert_snapshot!(output.text(), @"
    **********
    Trace: query
        |_CBEventType.QUERY -> 0.12 seconds
          |_CBEventType.LLM -> 0.12 seconds
    **********
    ");
}

#[test]
fn without_their_starts_events_have_no_time_in_the_original_text() {
    for (ignored_start, expected) in [(EventType::QUERY, "0.0"), (EventType::LLM, "0.12")] {
        let (debug, output) = shared();
        let mut debug = debug.format(Format::Compat).event_starts_to_ignore([ignored_start]);
        story("query", 1).tell(&mut debug).unwrap();
        let line = format!("    |_CBEventType.QUERY -> {expected} seconds\n");
        assert!(output.text().contains(&line), "{}", output.text());
        assert_eq!(debug.time_info(ignored_start).total.as_millis(), 120);
    }
}

#[test]
fn ignored_events_are_neither_kept_nor_printed() {
    for format in [Format::Tree, Format::Compat, Format::JsonLines, Format::Live] {
        let (debug, output) = shared();
        let mut debug = debug
            .format(format)
            .event_starts_to_ignore([EventType::QUERY])
            .event_ends_to_ignore([EventType::QUERY]);
        story("trace", 1).tell(&mut debug).unwrap();
        assert!(output.text().contains("LLM"), "{}", output.text());
        assert!(!output.text().contains("QUERY"), "{}", output.text());
        assert!(!output.text().contains("not shown"), "{}", output.text());
        assert_eq!((debug.events(None).len(), debug.dropped()), (2, 0));
    }
}

#[test]
fn json_lines_are_one_object_for_each_end() {
    let (debug, output) = shared();
    let mut debug = debug.format(Format::JsonLines).color(Color::Always);
    let mut told = story("query", 1);
    told.tell(&mut debug).unwrap();
    let open = story("open", 2);
    open.starts().try_for_each(|event| debug.on_start(&event)).unwrap();
    debug.on_end(&open.ends().next().unwrap()).unwrap();
    debug.shutdown().unwrap();

    let lines = output.writes();
    let parsed: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parsed.len(), 5);
    told.events.reverse();
    for (line, event) in parsed.iter().zip(&told.events) {
        assert_eq!(&serde_json::from_value::<Event>(line["end"].clone()).unwrap(), event);
    }
    let trace: Trace = serde_json::from_value(parsed[2]["trace_end"].clone()).unwrap();
    assert_eq!(trace, told.trace);
    assert_eq!(parsed[3]["end"]["name"], "chat");
    assert_eq!(parsed[4]["unfinished"]["name"], "answer");
}

#[test]
fn the_live_view_tells_starts_and_ends_at_their_depth() {
    let (debug, output) = shared();
    let mut debug = debug.format(Format::Live);
    story("query", 1).tell(&mut debug).unwrap();
    story("open", 2).starts().try_for_each(|event| debug.on_start(&event)).unwrap();
    debug.shutdown().unwrap();
    assert_snapshot!(output.text(), @"
    00000001  ● query
    00000001  │ ┌ QUERY  answer  Why?
    00000001  │ │ ┌ LLM  chat  Why?
    00000001  │ │ └ LLM  chat  120 ms  → Because.
    00000001  │ └ QUERY  answer  120 ms
    00000001  ■ query  1.52 s
    00000002  │ ┌ QUERY  answer  Why?
    00000002  │ │ ┌ LLM  chat  Why?
    00000002  │ └ QUERY  answer  ◌ no end
    00000002  │ │ └ LLM  chat  ◌ no end
    ");
}

#[test]
fn what_has_not_ended_at_shutdown_is_printed_once_and_marked() {
    let (mut debug, output) = shared();
    story("done", 1).tell(&mut debug).unwrap();
    let open = story("open", 2);
    open.starts().try_for_each(|event| debug.on_start(&event)).unwrap();
    debug.on_end(&open.ends().next().unwrap()).unwrap();
    debug.shutdown().unwrap();
    debug.shutdown().unwrap();
    assert_eq!(output.writes().len(), 2);
    assert_snapshot!(output.writes()[1], @"
    ◌ open  00000002  unfinished  2 events
    └─ QUERY  answer  ◌ no end
       │ Why?
       └─ LLM  chat  120 ms
            Why? → Because.
    ");
}

#[test]
fn a_clone_shares_the_log_and_answers_while_a_write_blocks() {
    struct Blocked(mpsc::Sender<()>, mpsc::Receiver<()>);
    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(()).unwrap();
            self.1.recv().unwrap();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (entered, has_entered) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let debug = DebugHandler::writer(Blocked(entered, may_go));
    let mut given_away = debug.clone();
    let writer = thread::spawn(move || story("query", 1).tell(&mut given_away).unwrap());

    has_entered.recv().unwrap();
    assert_eq!(debug.time_info(None).count, 2);
    assert_eq!(debug.llm_inputs_outputs().len(), 1);
    debug.flush_event_logs();
    assert!(debug.events(None).is_empty());
    go.send(()).unwrap();
    // A second write would fail, not wait.
    drop(go);
    writer.join().unwrap();
}

#[test]
fn a_closed_pipe_is_an_error_each_time_and_the_log_goes_on() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let mut debug = DebugHandler::writer(Closed);
    for number in 1..=3 {
        let story = story("query", number);
        let error = story.tell(&mut debug).unwrap_err();
        let error = error.downcast_ref::<io::Error>().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(debug.time_info(None).count, 2 * number as usize);
    }
    assert!(debug.print_trace_map().is_err());
    assert!(debug.flush().is_err());

    let mut live = DebugHandler::writer(Closed).format(Format::Live);
    let event = Arc::new(Event::new(EventType::LLM, "chat"));
    assert!(live.on_start(&event).is_err());
    assert!(live.on_end(&event).is_err());
    assert_eq!(live.events(None).len(), 2);
}

#[test]
fn a_writer_that_panicked_is_used_again() {
    struct Once(bool, Shared);
    impl Write for Once {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(std::mem::replace(&mut self.0, true), "the first write panics");
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let output = Shared::default();
    let mut debug = DebugHandler::writer(Once(false, output.clone()));
    let mut given_away = debug.clone();
    thread::spawn(move || story("one", 1).tell(&mut given_away)).join().unwrap_err();
    story("two", 2).tell(&mut debug).unwrap();
    assert!(output.text().starts_with("● two"));
}

#[test]
fn a_writer_is_coloured_only_on_demand() {
    let print = |color| {
        let (debug, output) = shared();
        story("query", 1).tell(&mut debug.color(color)).unwrap();
        output.text().contains('\u{1b}')
    };
    assert!(!print(Color::Auto));
    assert!(!print(Color::Never));
    assert!(print(Color::Always));
}

#[test]
fn tracing_gets_a_block_as_one_event_without_colour() {
    let output = Shared::default();
    let writer = output.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        story("query", 1).tell(&mut DebugHandler::tracing().color(Color::Always)).unwrap();
        story("query", 1).tell(&mut SimpleLlmHandler::tracing()).unwrap();
    });
    assert_snapshot!(output.text(), @"
    DEBUG tracing_llm_debug: 
    ● query  00000001  1.52 s  2 events
    └─ QUERY  answer  120 ms
       │ Why?
       └─ LLM  chat  120 ms
            Why? → Because.
    DEBUG tracing_llm_debug: 
    ** Prompt: **
    Why?
    **************************************************
    ** Completion: **
    Because.
    **************************************************
    ");
}

#[test]
fn the_simple_handler_prints_calls_only_in_one_write_each() {
    let output = Shared::default();
    story("query", 1).tell(&mut SimpleLlmHandler::writer(output.clone())).unwrap();
    assert_eq!(output.writes().len(), 1);
    assert!(output.text().starts_with("** Prompt: **\nWhy?\n"));
}
