use std::sync::atomic::{AtomicU32, Ordering};

use tracing_llm::EventType;

use super::*;
use crate::testing::{event, span};

/// A folder of its own for each test.
fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tracing-llm-openinference-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

fn open(path: &Path) -> (Writer, Arc<Tally>) {
    let tally = Arc::<Tally>::default();
    let resource = Resource::builder_empty().build();
    (Writer::open(path, &resource, Arc::clone(&tally)).unwrap(), tally)
}

fn lines(path: &Path) -> Vec<bool> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect()
}

#[test]
fn lines_are_appended_to_what_is_there_and_folders_are_made() {
    let path = folder().join("new/deep/spans.jsonl");
    let query = span(&event(EventType::QUERY, "answer"));
    let (mut writer, tally) = open(&path);
    writer.write(&query).unwrap();
    // Whole at once: nothing waits for a flush.
    assert_eq!(lines(&path), [true]);
    let (mut second, _) = open(&path);
    second.write(&query).unwrap();
    writer.write(&query).unwrap();
    assert_eq!(lines(&path), [true; 3]);
    assert_eq!(counts(&tally), (2, 2, 0));
}

#[test]
fn a_torn_line_does_not_spoil_the_next_one() {
    let path = folder().join("spans.jsonl");
    fs::write(&path, "{\"resourceSpans\":[{\"resou").unwrap();
    let (mut writer, _) = open(&path);
    writer.write(&span(&event(EventType::QUERY, "answer"))).unwrap();
    assert_eq!(lines(&path), [false, true]);
}

#[test]
fn a_file_that_cannot_be_opened_is_a_clear_error() {
    let folder = folder();
    fs::write(folder.join("taken"), "").unwrap();
    let resource = || Resource::builder_empty().build();
    let error = Writer::open(&folder.join("taken/spans.jsonl"), &resource(), Arc::default());
    let error = error.err().unwrap();
    assert!(error.is_file());
    assert!(error.to_string().starts_with("could not create the folder "), "{error}");
    let error = Writer::open(&folder, &resource(), Arc::default()).err().unwrap();
    assert!(error.to_string().starts_with("could not open "), "{error}");
    assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_is_counted() {
    let (mut writer, tally) = open(Path::new("/dev/full"));
    let error = writer.write(&span(&event(EventType::QUERY, "answer"))).unwrap_err();
    assert!(error.is_file());
    assert_eq!(counts(&tally), (1, 0, 1));
}

/// Produced, exported and failed.
fn counts(tally: &Tally) -> (u64, u64, u64) {
    let counts = tally.counts();
    (counts.produced, counts.exported, counts.failed)
}
