//! Why no event is seen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::dispatcher::WeakDispatch;
use tracing::field::FieldSet;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing::metadata::Kind;
use tracing::{Dispatch, Level, Metadata};

use crate::state::{Shared, suppress_this_thread};
use crate::trap::{Failure, Trap};

/// A tagged span that nobody opens, and that `tracing` does not know of: what the filters of one
/// subscriber say of it they say of others at its level.
static PROBE: DefaultCallsite = DefaultCallsite::new(&METADATA);
static METADATA: Metadata<'static> = Metadata::new(
    "probe",
    "tracing_llm::probe",
    Level::INFO,
    Some(file!()),
    Some(line!()),
    Some(module_path!()),
    FieldSet::new(&["llm.event_type"], Identifier(&PROBE)),
    Kind::SPAN,
);

/// What speaks for and against that our spans are seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Callsites of spans that are something to us, and those that are enabled.
    pub(super) callsites: u64,
    pub(super) enabled_callsites: u64,
    /// The most verbose level: as compiled, of our layer, of the program's subscribers.
    compiled: LevelFilter,
    layer: LevelFilter,
    program: LevelFilter,
    subscriber: Subscriber,
    probe: Probe,
}

/// The subscriber that our layer is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscriber {
    /// There may be none.
    Unknown,
    Alive,
    Gone,
}

/// What became of the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// A filter has kept it from our layer.
    Withheld,
    /// It was shown to our layer, and yet a filter disables it.
    Disabled,
    Enabled,
}

/// Asks the subscriber.
///
/// That is done on a thread which ends with the question: what a per-layer filter answers it also
/// keeps, for the next span or event of the same thread. An ERROR line that a global filter lets
/// through makes no event: spans alone are counted.
pub(super) fn look(shared: &Shared) -> Seen {
    let level = LevelFilter::current();
    let dispatch = shared.with_dispatch(Dispatch::clone);
    let setting = shared.settings.current();
    let ask = || {
        dispatch.register_callsite(&METADATA);
        let enabled = |metadata: &'static Metadata<'static>| {
            *metadata.level() <= level && dispatch.enabled(metadata)
        };
        let spans = setting
            .callsites
            .seen()
            .filter(|metadata| metadata.is_span() && !std::ptr::eq(*metadata, &METADATA));
        let (callsites, enabled_callsites) = spans
            .fold((0, 0), |(seen, open), metadata| (seen + 1, open + u64::from(enabled(metadata))));
        let probe = match setting.callsites.is_seen(&METADATA) {
            None => Probe::Withheld,
            Some(_) if !enabled(&METADATA) => Probe::Disabled,
            Some(_) => Probe::Enabled,
        };
        (callsites, enabled_callsites, probe)
    };
    let (callsites, enabled_callsites, probe) =
        on_a_thread_of_its_own(ask).unwrap_or((0, 0, Probe::Enabled));
    Seen {
        callsites,
        enabled_callsites,
        compiled: STATIC_MAX_LEVEL,
        layer: setting.recognition.level,
        program: level,
        subscriber: match shared.dispatch.get().map(WeakDispatch::upgrade) {
            // A `Vec` of layers and `reload` do not say which subscriber they are in; it asks.
            None if probe == Probe::Withheld && callsites == 0 => Subscriber::Unknown,
            Some(None) => Subscriber::Gone,
            _ => Subscriber::Alive,
        },
        probe,
    }
}

impl Seen {
    /// Why no span of ours is seen, if something speaks for that none can be.
    pub(super) fn reason(&self) -> Option<String> {
        const AT_INFO: &str = "and spans are at level INFO unless they say otherwise";
        if self.enabled_callsites > 0 {
            return None;
        }
        if self.compiled < LevelFilter::INFO {
            let compiled = self.compiled;
            return Some(format!("`tracing` is compiled with at most level {compiled}, {AT_INFO}"));
        }
        if self.layer < LevelFilter::INFO {
            let layer = self.layer;
            return Some(format!("the layer was built with the level {layer}, {AT_INFO}"));
        }
        match self.subscriber {
            Subscriber::Gone => return None,
            Subscriber::Unknown => {
                return Some(String::from(
                    "the layer is in no subscriber that is in use (`.with(layer.filtered())`, then \
                     `.init()`), or a filter in it lets no span at level INFO through",
                ));
            }
            Subscriber::Alive => {}
        }
        if self.callsites > 0 {
            return Some(format!(
                "{} tagged callsites were met, but a global filter disables all of them: spans are \
                 at level INFO unless they say otherwise",
                self.callsites
            ));
        }
        if self.program < LevelFilter::INFO {
            return Some(format!(
                "no tagged callsite was met: the most verbose level enabled in this program is {}, \
                 {AT_INFO}",
                self.program
            ));
        }
        (self.probe != Probe::Enabled).then(|| {
            format!(
                "no tagged callsite was met: a filter (an `EnvFilter` with `RUST_LOG`, say) \
                 disables what is at level INFO and has no directive of its own, {AT_INFO}"
            )
        })
    }
}

/// Tells the trap why no event is seen.
pub(super) fn tell(shared: &Arc<Shared>, trap: &dyn Trap, reason: String) {
    let failure = Failure::setup("tracing_llm sees no event", reason);
    on_a_thread_of_its_own(|| {
        shared.in_program(|| {
            let _ = catch_unwind(AssertUnwindSafe(|| trap.trap(&failure)));
        });
    });
}

fn on_a_thread_of_its_own<T: Send>(run: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || {
            suppress_this_thread();
            run()
        });
        thread.ok()?.join().ok()
    })
}
