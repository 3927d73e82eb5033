use std::fs;
use std::time::Duration;

use tracing_llm::{Content, Message, Outcome, Timestamp};

use super::*;

fn call(question: &str, second: u64) -> Arc<Event> {
    let mut event = Event::new(EventType::LLM, "chat");
    event.start = Timestamp::default() + Duration::from_secs(second);
    event.payload.messages = vec![Message::user(question)].into();
    event.payload.replies = vec![Message::assistant("Yes.")].into();
    Arc::new(event)
}

fn questions(recorder: &FineTuning) -> Vec<String> {
    let events = recorder.finetuning_events();
    events.iter().map(|event| event.messages[0].text().to_string()).collect()
}

#[test]
fn calls_come_in_the_order_in_which_they_began() {
    let recorder = FineTuning::new();
    let mut handler = recorder.clone();
    for (question, second) in [("b", 2), ("a", 1), ("c", 3)] {
        handler.on_end(&call(question, second)).unwrap();
    }
    assert_eq!(questions(&recorder), ["a", "b", "c"]);
}

#[test]
fn the_messages_of_the_caller_are_shared_and_not_changed() {
    let recorder = FineTuning::new();
    let event = call("a", 1);
    recorder.clone().on_end(&event).unwrap();
    assert!(Arc::ptr_eq(&recorder.finetuning_events()[0].messages, &event.payload.messages));
    assert_eq!(event.payload.messages.len(), 1);
}

#[test]
fn each_call_is_counted_once() {
    let mut recorder = FineTuning::builder()
        .filter(|call| call.payload.messages[0].text() != "secret")
        .deduplicate(true)
        .build()
        .unwrap();
    let mut failed = Event::clone(&call("a", 1));
    failed.outcome = Outcome::Error;
    for event in [call("a", 1), call("a", 2), call("secret", 3), Arc::new(failed)] {
        recorder.on_end(&event).unwrap();
    }
    recorder.on_end(&Arc::new(Event::new(EventType::QUERY, "answer"))).unwrap();
    let counts = recorder.counts();
    assert_eq!((counts.recorded, counts.duplicates), (1, 1));
    assert_eq!((counts.filtered, counts.failed), (1, 1));
    assert_eq!(counts.to_string(), "1 example, failed: 1, filtered: 1, duplicates: 1");
    recorder.clear();
    recorder.on_end(&call("a", 4)).unwrap();
    assert_eq!(questions(&recorder), ["a"]);
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_is_counted() {
    let mut recorder = FineTuning::builder().max_bytes(500).build().unwrap();
    for number in 0..10 {
        recorder.on_end(&call(&format!("question {number}"), number)).unwrap();
    }
    assert_eq!(questions(&recorder), ["question 8", "question 9"]);
    assert_eq!((recorder.counts().recorded, recorder.counts().forgotten), (10, 8));
    recorder.on_end(&call(&"x".repeat(1_000), 11)).unwrap();
    assert_eq!(questions(&recorder).len(), 1, "the newest stays, whatever its size");
}

#[test]
fn what_is_kept_of_a_call_beside_its_line_counts_as_memory() {
    let mut recorder = FineTuning::builder().max_bytes(10_000).build().unwrap();
    for number in 0..10 {
        let mut event = Event::clone(&call(&format!("question {number}"), number));
        let thought = Content::reasoning("x".repeat(3_000));
        event.payload.replies = vec![Message::assistant("Yes.").with(thought)].into();
        recorder.on_end(&Arc::new(event)).unwrap();
    }
    assert_eq!(recorder.counts().forgotten, 7);
    assert_eq!(questions(&recorder), ["question 7", "question 8", "question 9"]);
}

#[test]
fn counts_can_be_read_while_the_disk_is_slow() {
    let folder = std::env::temp_dir().join(format!("finetuning-slow-{}", std::process::id()));
    let recorder = FineTuning::builder().file(folder.join("train.jsonl")).build().unwrap();
    let busy = recorder.writer.as_ref().unwrap().lock().unwrap();
    let mut handler = recorder.clone();
    let recording = std::thread::spawn(move || handler.on_end(&call("a", 1)).is_ok());
    while recorder.counts().recorded == 0 {
        std::thread::yield_now();
    }
    assert_eq!(recorder.statistics(None).examples, 1);
    let health = recorder.health();
    assert_eq!((health.read()[0].exported, health.read()[0].waiting), (0, 1));
    assert!(format!("{recorder:?}").contains("train.jsonl"));
    drop(busy);
    assert!(recording.join().unwrap());
    assert_eq!((health.read()[0].exported, health.read()[0].waiting), (1, 0));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_filter_may_ask_the_recorder_itself() {
    let recorder = Arc::new(Mutex::new(None::<FineTuning>));
    let asked = Arc::clone(&recorder);
    let mut handler = FineTuning::builder()
        .filter(move |_| asked.lock().unwrap().as_ref().unwrap().counts().recorded < 1)
        .build()
        .unwrap();
    *recorder.lock().unwrap() = Some(handler.clone());
    for second in 0..3 {
        handler.on_end(&call("a", second)).unwrap();
    }
    assert_eq!((handler.counts().recorded, handler.counts().filtered), (1, 2));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_an_error_is_counted_and_stays_in_memory() {
    let mut recorder = FineTuning::builder().file("/dev/full").build().unwrap();
    recorder.on_end(&call("a", 1)).unwrap_err();
    assert_eq!((recorder.counts().recorded, recorder.counts().not_written), (1, 1));
    let health = recorder.health().read();
    assert_eq!((health[0].exported, health[0].failed, health[0].failures), (0, 1, 1));
    assert_eq!(questions(&recorder), ["a"]);
}

#[test]
fn a_file_has_each_call_as_soon_as_it_has_ended_and_goes_on_after_a_crash() {
    let name = format!("finetuning-handler-{}.jsonl", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, "{\"messages\": []}\n{\"mess").unwrap();
    let mut recorder = FineTuning::builder().file(&path).build().unwrap();
    assert_eq!(recorder.counts().torn_lines, 1);
    recorder.on_end(&call("a", 1)).unwrap();
    let line = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "Yes."}]}"#;
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{{\"messages\": []}}\n{line}\n"));
    recorder.shutdown().unwrap();
    fs::remove_file(&path).unwrap();
}

#[test]
fn without_a_file_there_is_no_health_to_tell() {
    assert_eq!(FineTuning::new().health().read(), []);
}

#[test]
fn nothing_that_was_said_is_in_its_debug_form() {
    let mut recorder = FineTuning::new();
    recorder.on_end(&call("a secret", 1)).unwrap();
    assert!(!format!("{recorder:?}").contains("secret"));
}
