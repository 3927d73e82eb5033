mod bounds;
mod crash;
mod model;
mod sharing;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::resource_spans::count;
use crate::stats::Place;

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tracing-llm-spool-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    /// The names of its files, sorted.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn ending(&self, suffix: &str) -> Vec<String> {
        self.files().into_iter().filter(|name| name.ends_with(suffix)).collect()
    }

    /// The only file with this ending.
    fn only(&self, suffix: &str) -> PathBuf {
        let names = self.ending(suffix);
        assert_eq!(names.len(), 1, "{names:?}");
        self.0.join(&names[0])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A clock that is set by hand, in seconds.
#[derive(Clone)]
struct Clock(Arc<Mutex<u64>>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(1_790_000_000)))
    }

    fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add_signed(seconds).unwrap();
    }

    fn boxed(&self) -> Box<dyn Fn() -> SystemTime + Send> {
        let now = Arc::clone(&self.0);
        Box::new(move || UNIX_EPOCH + Duration::from_secs(*now.lock().unwrap()))
    }
}

fn settings(folder: &Path) -> SpoolSettings {
    SpoolSettings {
        folder: folder.to_owned(),
        max_bytes: 1 << 30,
        max_age: Duration::from_secs(3_600),
    }
}

fn open_with(settings: &SpoolSettings, clock: &Clock) -> (Spool, Arc<Tally>) {
    let tally = Arc::<Tally>::default();
    // Who appends spans has counted them: here there are always enough.
    tally.produced(1 << 20);
    tally.moved(Place::Waiting, Place::Spooled, 1 << 20);
    let spool = Spool::with_clock(
        settings,
        &Resource::default(),
        &InstrumentationScope::default(),
        Arc::clone(&tally),
        clock.boxed(),
    );
    (spool.unwrap(), tally)
}

fn open(folder: &Folder) -> (Spool, Arc<Tally>) {
    open_with(&settings(&folder.0), &Clock::new())
}

/// As if the process had been killed: nothing is closed, only the lock is gone.
fn crash(mut spool: Spool) {
    spool.open = None;
    spool.closed.clear();
}

fn span(number: u64) -> Span {
    Span { name: number.to_string(), ..Span::default() }
}

fn spans(numbers: Range<u64>) -> Vec<Span> {
    numbers.map(span).collect()
}

fn numbers(packet: &Packet) -> Vec<u64> {
    let scopes = packet.resource_spans.iter().flat_map(|origin| &origin.scope_spans);
    let numbers: Vec<u64> =
        scopes.flat_map(|scope| &scope.spans).map(|span| span.name.parse().unwrap()).collect();
    assert_eq!(count(&packet.resource_spans), numbers.len() as u64);
    numbers
}

/// Everything that is left, sent in packets of one line.
fn drain(spool: &mut Spool) -> Vec<u64> {
    let mut all = Vec::new();
    while let Some(packet) = spool.next(1).unwrap() {
        all.extend(numbers(&packet));
        spool.done(packet.ticket).unwrap();
    }
    assert!(spool.is_empty());
    all
}

#[test]
fn spans_come_out_as_they_went_in_and_leave_nothing_behind() {
    let folder = Folder::new();
    let (mut spool, tally) = open(&folder);
    assert!(spool.is_empty());
    assert!(spool.next(usize::MAX).unwrap().is_none());
    spool.append(&[]).unwrap();
    spool.append(&spans(0..3)).unwrap();
    spool.append(&spans(3..5)).unwrap();
    assert!(!spool.is_empty());
    let packet = spool.next(usize::MAX).unwrap().unwrap();
    assert_eq!(numbers(&packet), [0, 1, 2, 3, 4]);
    // All of one origin, in one place.
    assert_eq!(packet.resource_spans.len(), 1);
    assert_eq!(packet.resource_spans[0].scope_spans.len(), 1);
    spool.done(packet.ticket).unwrap();
    assert!(spool.is_empty());
    assert_eq!(folder.ending(".lock").len(), 1);
    drop(spool);
    assert_eq!(folder.files(), [""; 0]);
    assert_eq!(tally.counts().dropped + tally.counts().torn_lines + tally.counts().resent, 0);
}

#[test]
fn a_packet_is_given_again_until_it_is_done() {
    let folder = Folder::new();
    let (mut spool, _) = open(&folder);
    spool.append(&spans(0..2)).unwrap();
    let first = spool.next(usize::MAX).unwrap().unwrap();
    drop(first.ticket);
    spool.append(&spans(2..4)).unwrap();
    let second = spool.next(usize::MAX).unwrap().unwrap();
    assert_eq!(numbers(&second), [0, 1]);
    spool.done(second.ticket).unwrap();
    assert_eq!(drain(&mut spool), [2, 3]);
}

#[test]
fn packets_keep_to_the_size_and_hold_a_line_at_least() {
    let folder = Folder::new();
    let (mut spool, _) = open(&folder);
    for number in 0..10 {
        spool.append(&spans(number..number + 1)).unwrap();
    }
    let line = spool.next(1).unwrap().unwrap();
    assert_eq!(numbers(&line), [0]);
    let size = prost::Message::encoded_len(&line.resource_spans[0]);
    spool.done(line.ticket).unwrap();
    let packet = spool.next(3 * size).unwrap().unwrap();
    assert_eq!(numbers(&packet), [1, 2, 3]);
    spool.done(packet.ticket).unwrap();
    assert_eq!(drain(&mut spool), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_batch_is_split_into_lines_and_a_larger_span_has_a_long_one() {
    let folder = Folder::new();
    let (mut spool, tally) = open(&folder);
    let text = |bytes| Span { trace_state: "x".repeat(bytes), ..span(0) };
    spool.append(&[text(500_000), text(300_000), text(500_000), text(1_000_000)]).unwrap();
    let file = fs::read_to_string(folder.only(".open")).unwrap();
    assert_eq!(file.lines().count(), 3);
    assert!(file.lines().take(2).all(|line| line.len() < LINE_BYTES));
    assert_eq!(tally.counts().long_lines, 1);
    assert_eq!(drain(&mut spool), [0; 4]);
}

#[test]
fn a_segment_is_closed_when_it_is_large_or_old() {
    let folder = Folder::new();
    let clock = Clock::new();
    let mut settings = settings(&folder.0);
    settings.max_bytes = SEGMENT_SHARE * 1_000;
    let (mut spool, _) = open_with(&settings, &clock);
    spool.append(&spans(0..1)).unwrap();
    assert_eq!(folder.ending(".jsonl").len(), 0);
    spool.append(&spans(1..100)).unwrap();
    assert_eq!(folder.ending("-100.jsonl").len(), 1);
    spool.append(&spans(100..101)).unwrap();
    clock.advance(60);
    spool.append(&spans(101..102)).unwrap();
    assert_eq!(folder.ending("-2.jsonl").len(), 1);
    assert_eq!(folder.ending(".open").len(), 0);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_what_it_makes() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let (mut spool, _) = open(&folder);
    spool.append(&spans(0..1)).unwrap();
    spool.append(&spans(1..2)).unwrap();
    drop(spool.next(1).unwrap().unwrap());
    spool.append(&spans(2..3)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    let files = folder.files();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&folder.0.join(&file)), 0o600, "{file}");
    }
}
