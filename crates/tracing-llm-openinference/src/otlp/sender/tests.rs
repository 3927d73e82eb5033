mod random;

use std::sync::Mutex;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::super::spooling::{Spooling, Store};
use super::*;
use crate::error::Error;
use crate::queue::Queue;
use crate::stats::{Counts, Tally};

/// A collector that answers as it is told, then takes all.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    answers: VecDeque<Answer>,
    /// Any request with this span is refused as unreadable.
    bad: Vec<u64>,
    /// Any request larger than this is too large.
    limit: Option<usize>,
    /// The spans of each request, by their ids.
    requests: Vec<Vec<u64>>,
    /// The spans that were taken, also if the answer was lost.
    taken: Vec<u64>,
}

impl Transport for Script {
    fn send(&mut self, body: &[u8], _: Duration) -> Answer {
        let mut told = self.0.lock().unwrap();
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
        let ids: Vec<u64> = scopes.flat_map(|scope| scope.spans).map(|span| id(&span)).collect();
        told.requests.push(ids.clone());
        if told.limit.is_some_and(|limit| body.len() > limit) {
            return Answer::TooLarge { why: "status 413".into() };
        }
        if ids.iter().any(|id| told.bad.contains(id)) {
            return Answer::Malformed { why: "status 400".into() };
        }
        let answer = told.answers.pop_front();
        let answer = answer.unwrap_or(Answer::Accepted { rejected: 0, message: String::new() });
        match answer {
            Answer::Accepted { .. } | Answer::Later { perhaps_taken: true, .. } => {
                told.taken.extend(ids);
            }
            _ => {}
        }
        answer
    }
}

/// A spool in memory that gives packets of three spans.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Shelved>>);

#[derive(Default)]
struct Shelved {
    spans: VecDeque<Span>,
    out: usize,
    full: bool,
}

impl Store for Shelf {
    fn append(&mut self, spans: &[Span]) -> Result<(), Error> {
        let mut shelf = self.0.lock().unwrap();
        if shelf.full {
            return Err(Error::send("the disk is full"));
        }
        shelf.spans.extend(spans.iter().cloned());
        Ok(())
    }

    fn next(&mut self, _: usize) -> Result<Option<Vec<ResourceSpans>>, Error> {
        let mut shelf = self.0.lock().unwrap();
        shelf.out = shelf.spans.len().min(3);
        let spans: Vec<Span> = shelf.spans.iter().take(3).cloned().collect();
        let scope = ScopeSpans { spans, ..ScopeSpans::default() };
        Ok(Some(vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }]))
    }

    fn done(&mut self) -> Result<(), Error> {
        let mut shelf = self.0.lock().unwrap();
        let out = std::mem::take(&mut shelf.out);
        shelf.spans.drain(..out);
        Ok(())
    }

    fn give_back(&mut self) {
        self.0.lock().unwrap().out = 0;
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap().spans.is_empty()
    }

    fn close(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A sender without a thread, under a clock of our own.
struct Rig {
    sender: Sender,
    script: Script,
    shelf: Option<Shelf>,
    now: Instant,
}

impl Rig {
    fn new(answers: Vec<Answer>) -> Self {
        Self::with(answers, None, 1 << 20)
    }

    fn with_shelf(answers: Vec<Answer>) -> Self {
        Self::with(answers, Some(Shelf::default()), 1 << 20)
    }

    fn with(answers: Vec<Answer>, shelf: Option<Shelf>, kept_bytes: usize) -> Self {
        let script = Script::default();
        script.0.lock().unwrap().answers = answers.into();
        let endpoint = Endpoint::parse("http://c.example/").unwrap();
        let settings = OtlpSettings { batch_bytes: 200_000, ..OtlpSettings::new(endpoint) };
        let tally = Arc::new(Tally::default());
        let store = shelf.clone().map(|shelf| Spooling::new(Box::new(shelf)));
        let queue = Queue::new(kept_bytes, settings.batch_bytes);
        let shared = Arc::new(Shared::new(queue, store, tally));
        let origin = Arc::new(Origin::new(ResourceSpans::default(), ScopeSpans::default()));
        let sender =
            Sender::new(shared, Box::new(script.clone()), origin, &settings, Backoff::new(1));
        Self { sender, script, shelf, now: Instant::now() }
    }

    fn push(&self, ids: impl IntoIterator<Item = u64>) {
        ids.into_iter().for_each(|id| self.push_sized(id, 0));
    }

    fn push_sized(&self, id: u64, bytes: usize) {
        let status = opentelemetry_proto::tonic::trace::v1::Status {
            message: "x".repeat(bytes),
            ..Default::default()
        };
        let span_id = id.to_be_bytes().to_vec();
        let span = Span { span_id, status: Some(status), ..Span::default() };
        self.sender.shared.push(Packed::new(&span), self.now);
    }

    /// Turns until there is nothing to do before the given time from now.
    fn run(&mut self, time: Duration) -> Turn {
        let end = self.now + time;
        loop {
            self.audit();
            match self.sender.turn(self.now) {
                Turn::Again => {}
                Turn::Sleep(Some(until)) if until <= end => self.now = until,
                last => {
                    self.now = end;
                    self.audit();
                    return last;
                }
            }
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.order(false);
        self.tell()
    }

    fn shutdown(&mut self) -> Result<(), Error> {
        self.order(true);
        self.tell()
    }

    fn order(&mut self, closing: bool) {
        let limit = Duration::from_secs(20);
        {
            let mut state = self.sender.shared.state();
            state.flush = Some(self.now + limit);
            state.closing = closing;
        }
        let end = self.now + limit;
        loop {
            self.audit();
            match self.sender.turn(self.now) {
                Turn::Sleep(Some(until)) => self.now = until.min(end),
                Turn::Sleep(None) => panic!("a flush sleeps without end"),
                Turn::Again if self.sender.shared.state().flush.is_some() => {}
                Turn::Again | Turn::End => break,
            }
        }
        self.audit();
    }

    fn tell(&self) -> Result<(), Error> {
        let waiting = self.counts().waiting;
        self.sender.shared.state().losses.tell(&self.sender.endpoint, waiting)
    }

    fn counts(&self) -> Counts {
        self.sender.shared.tally.counts()
    }

    /// The books balance, and what they say waits does wait.
    fn audit(&self) {
        let counts = self.counts();
        assert!(counts.balance(), "{counts:?}");
        let hand = self.sender.hand.iter().filter(|portion| portion.place == Place::Waiting);
        let hand: u64 = hand.map(Portion::count).sum();
        let queue = self.sender.shared.state().queue.len() as u64;
        assert_eq!(counts.waiting, hand + queue, "{counts:?}");
        let taken = self.script.0.lock().unwrap().taken.clone();
        let mut distinct = taken.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!((taken.len() - distinct.len()) as u64 <= counts.resent, "{counts:?}");
    }

    /// The ids of each request.
    fn requests(&self) -> Vec<Vec<u64>> {
        self.script.0.lock().unwrap().requests.clone()
    }

    fn shelved(&self) -> Vec<u64> {
        let shelf = self.shelf.as_ref().unwrap().0.lock().unwrap();
        shelf.spans.iter().map(id).collect()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.script.0.lock().unwrap()
    }
}

fn id(span: &Span) -> u64 {
    u64::from_be_bytes(span.span_id.clone().try_into().unwrap())
}

fn later() -> Answer {
    Answer::Later { why: "status 503 not now".into(), after: None, perhaps_taken: false }
}

fn lost() -> Answer {
    Answer::Later { why: "reset".into(), after: None, perhaps_taken: true }
}

fn after(seconds: u64) -> Answer {
    let after = Some(Duration::from_secs(seconds));
    Answer::Later { why: "status 429".into(), after, perhaps_taken: false }
}

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_batch_that_must_wait_is_sent_again_before_what_came_later() {
    let mut rig = Rig::new(vec![later(), later()]);
    rig.push(1..=2);
    rig.run(Duration::from_secs(5));
    rig.push(3..=4);
    rig.run(SOON);
    assert_eq!(rig.requests(), [[1, 2], [1, 2], [1, 2], [3, 4]]);
    let counts = rig.counts();
    assert_eq!((counts.exported, counts.resent, counts.waiting), (4, 0, 0));
}

#[test]
fn a_span_whose_answer_was_lost_is_sent_again_and_counted() {
    let mut rig = Rig::new(vec![lost(), later(), lost()]);
    rig.push(1..=3);
    rig.run(SOON);
    assert_eq!(rig.requests().len(), 4);
    assert_eq!((rig.counts().exported, rig.counts().resent), (3, 9));
    assert_eq!(rig.told().taken.len(), 9);
}

#[test]
fn nothing_is_sent_before_the_time_that_the_collector_asks_for() {
    let mut rig = Rig::new(vec![after(20)]);
    rig.push(1..=1);
    rig.run(Duration::from_secs(24));
    assert_eq!(rig.requests().len(), 1);
    rig.run(Duration::from_secs(2));
    assert_eq!(rig.requests().len(), 2);
    assert_eq!(rig.counts().exported, 1);
}

#[test]
fn a_flush_does_not_wait_for_a_rest_longer_than_its_limit() {
    let mut rig = Rig::new(vec![after(60)]);
    rig.push(1..=1);
    let error = rig.flush().unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not send to http://c.example/: status 429 (spans waiting: 1)"
    );
    assert!(rig.flush().is_err());
    assert_eq!(rig.requests().len(), 1, "the rest that was asked for holds for a flush, too");
    rig.run(SOON);
    rig.flush().unwrap();
    assert_eq!(rig.counts().exported, 1);
}

#[test]
fn a_flush_tries_three_times_and_once_if_the_collector_is_known_to_be_away() {
    let mut rig = Rig::new(vec![later(); 4]);
    rig.push(1..=1);
    assert!(rig.flush().is_err());
    assert_eq!(rig.requests().len(), 3);
    assert!(rig.flush().is_err());
    assert_eq!(rig.requests().len(), 4);
    rig.flush().unwrap();
    assert_eq!(rig.counts().exported, 1);
}

#[test]
fn a_batch_that_is_too_large_is_halved_and_later_ones_are_smaller() {
    let mut rig = Rig::new(Vec::new());
    rig.told().limit = Some(100_000);
    (1..=8).for_each(|id| rig.push_sized(id, 20_000));
    rig.flush().unwrap();
    assert_eq!(rig.requests(), [vec![1, 2, 3, 4, 5, 6, 7, 8], vec![1, 2, 3, 4], vec![5, 6, 7, 8]]);
    (11..=18).for_each(|id| rig.push_sized(id, 20_000));
    rig.flush().unwrap();
    assert_eq!(rig.requests()[3..], [[11, 12, 13, 14], [15, 16, 17, 18]]);
    assert_eq!((rig.counts().exported, rig.counts().resent), (16, 0));
}

#[test]
fn a_span_that_is_too_large_alone_is_shrunk_once() {
    let mut rig = Rig::new(Vec::new());
    rig.told().limit = Some(90_000);
    rig.push_sized(1, 150_000);
    rig.flush().unwrap();
    assert_eq!((rig.counts().exported, rig.counts().shrunk), (1, 1));
    assert_eq!(rig.requests().len(), 2);

    rig.told().limit = Some(10);
    rig.push_sized(2, 150_000);
    rig.push(3..=3);
    let error = rig.flush().unwrap_err();
    assert!(error.to_string().ends_with(": status 413 (spans refused: 2)"), "{error}");
    assert_eq!((rig.counts().failed, rig.counts().shrunk), (2, 2));
}

#[test]
fn one_unreadable_span_does_not_take_its_batch_with_it() {
    let mut rig = Rig::new(Vec::new());
    rig.told().bad = vec![300];
    rig.push(1..=512);
    let error = rig.flush().unwrap_err();
    assert!(error.to_string().ends_with(": status 400 (spans refused: 1)"), "{error}");
    assert_eq!((rig.counts().exported, rig.counts().failed), (511, 1));
    let order = rig.told().taken.clone();
    assert_eq!(order, (1..=512).filter(|id| *id != 300).collect::<Vec<_>>());
}

#[test]
fn the_search_for_unreadable_spans_has_an_end() {
    let mut rig = Rig::new(Vec::new());
    rig.told().bad = (1..=512).collect();
    rig.push(1..=512);
    assert!(rig.flush().is_err());
    assert!(rig.requests().len() <= 40, "{}", rig.requests().len());
    assert_eq!(rig.counts().failed, 512);
}

#[test]
fn a_refusal_fails_its_batch_and_no_other() {
    let refused = Answer::Refused { why: "status 401 who?".into() };
    let mut rig = Rig::new(vec![refused, Answer::Accepted { rejected: 2, message: "old".into() }]);
    rig.push(1..=512);
    rig.push(601..=605);
    let error = rig.flush().unwrap_err();
    assert!(
        error.to_string().ends_with(": status 401 who? (spans refused: 512, rejected: 2)"),
        "{error}"
    );
    assert_eq!((rig.counts().exported, rig.counts().failed), (3, 514));
    rig.flush().unwrap();
}

#[test]
fn while_the_collector_is_away_spans_go_to_the_spool_and_come_back_in_order() {
    let mut rig = Rig::with_shelf(vec![later(); 5]);
    rig.push(1..=4);
    rig.run(Duration::from_secs(6));
    assert_eq!(rig.shelved(), [1, 2, 3, 4]);
    rig.push(5..=8);
    rig.sender.turn(rig.now);
    assert_eq!(rig.shelved(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((rig.counts().spooled, rig.counts().waiting), (8, 0));
    rig.run(SOON * 3);
    rig.push(9..=9);
    rig.flush().unwrap();
    assert_eq!(rig.told().taken, (1..=9).collect::<Vec<_>>());
    assert_eq!((rig.counts().exported, rig.counts().spooled), (9, 0));
    assert!(rig.shelved().is_empty());
}

#[test]
fn the_spool_of_an_earlier_run_is_sent_before_anything_else() {
    let mut rig = Rig::with_shelf(Vec::new());
    let span = |id: u64| Span { span_id: id.to_be_bytes().to_vec(), ..Span::default() };
    rig.shelf.as_ref().unwrap().0.lock().unwrap().spans = (1..=5).map(span).collect();
    rig.sender.shared.tally.recovered(5);
    rig.push(6..=6);
    rig.run(Duration::from_secs(5));
    assert_eq!(rig.requests(), [vec![1, 2, 3], vec![4, 5], vec![6]]);
    assert_eq!((rig.counts().recovered, rig.counts().exported), (5, 6));
}

#[test]
fn a_lost_answer_is_counted_also_when_the_spans_go_through_the_spool() {
    let mut rig = Rig::with_shelf(vec![lost()]);
    rig.push(1..=2);
    rig.run(SOON);
    assert_eq!(rig.told().taken, [1, 2, 1, 2]);
    assert_eq!((rig.counts().exported, rig.counts().resent), (2, 2));
}

#[test]
fn a_spool_that_is_full_leaves_spans_in_memory_and_is_counted() {
    let mut rig = Rig::with_shelf(vec![later(); 3]);
    rig.shelf.as_ref().unwrap().0.lock().unwrap().full = true;
    rig.push(1..=4);
    rig.run(Duration::from_secs(6));
    assert_eq!((rig.counts().waiting, rig.counts().spooled), (4, 0));
    assert_eq!(rig.counts().spool_failures, 1);
    rig.run(SOON);
    assert_eq!(rig.counts().exported, 4);
    assert_eq!(rig.told().taken, [1, 2, 3, 4]);
}

#[test]
fn beyond_its_bound_memory_overflows_into_the_spool_in_order() {
    let mut rig = Rig::with(Vec::new(), Some(Shelf::default()), 1_000);
    rig.push(1..=100);
    let shelved = rig.shelved();
    assert!(shelved.len() > 20, "{shelved:?}");
    assert_eq!(rig.counts().dropped, 0);
    rig.flush().unwrap();
    assert_eq!(rig.told().taken, (1..=100).collect::<Vec<_>>());
}

#[test]
fn without_a_spool_the_oldest_are_dropped_and_told() {
    let mut rig = Rig::with(Vec::new(), None, 1_000);
    rig.push(1..=100);
    let dropped = rig.counts().dropped;
    assert!(dropped > 20 && dropped < 90, "{dropped}");
    let error = rig.flush().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("could not send to http://c.example/ (spans dropped: {dropped})")
    );
    assert_eq!(rig.told().taken, (dropped + 1..=100).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_sent_at_shutdown_is_spooled_or_else_dropped() {
    let mut rig = Rig::with_shelf(vec![later(); 9]);
    rig.push(1..=4);
    rig.shutdown().unwrap();
    assert_eq!((rig.shelved().len(), rig.counts().spooled), (4, 4));

    let mut rig = Rig::new(vec![later(); 9]);
    rig.push(1..=4);
    let error = rig.shutdown().unwrap_err();
    assert!(error.to_string().ends_with(": status 503 not now (spans dropped: 4)"), "{error}");
    rig.push(5..=5);
    assert_eq!(rig.counts().dropped, 5);
}

#[test]
fn a_packet_of_the_spool_that_is_half_sent_at_shutdown_is_not_sent_whole_again() {
    let too_large = Answer::TooLarge { why: "status 413".into() };
    let taken = Answer::Accepted { rejected: 0, message: String::new() };
    let mut rig = Rig::with_shelf(vec![later(), later(), later()]);
    rig.push(1..=3);
    assert!(rig.flush().is_ok(), "what is in the spool is safe");
    assert_eq!(rig.shelved(), [1, 2, 3]);
    rig.told().answers = vec![too_large, taken, later(), later(), later(), later()].into();
    rig.shutdown().unwrap();
    assert_eq!(rig.shelved(), [2, 3]);
    assert_eq!((rig.counts().exported, rig.counts().spooled), (1, 2));
}

#[test]
fn spans_that_were_spooled_for_a_later_run_are_counted_as_such() {
    let mut rig = Rig::with_shelf(vec![later(); 20]);
    rig.push(1..=5);
    rig.run(Duration::from_secs(10));
    rig.shutdown().unwrap();
    assert_eq!(rig.counts().spooled, 5);
    assert_eq!(rig.sender.hand.len(), 0);
}

#[test]
fn an_outage_is_said_once_when_it_begins_and_once_when_it_ends() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut rig = Rig::new(vec![later(); 5]);
        rig.push(1..=4);
        rig.run(SOON * 5);
        assert_eq!(rig.counts().exported, 4);
    });
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    let begin = "WARN tracing_llm_openinference: cannot send spans to http://c.example/: \
                 status 503 not now; 4 wait, and it is tried again";
    assert!(said.lines().next().unwrap().ends_with(begin), "{said}");
    let end = "http://c.example/ answers again after 5 failed attempts in ";
    assert!(said.lines().nth(1).unwrap().contains(end), "{said}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
