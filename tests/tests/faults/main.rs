//! A pipeline under load, and what may go wrong around it: after each fault the books balance, the
//! host goes on, and nothing stays behind.
//!
//! | module | what goes wrong |
//! |---|---|
//! | `handlers` | handlers that panic, fail or hang |
//! | `pressure` | queues full by count and by bytes, large payloads |
//! | `tasks` | runtimes, tasks and threads that end inside of spans |
//! | `ending` | flushes and shutdowns at bad moments |
//! | `outputs` | collectors that are dead or never answer |
//! | `process` | the process is killed, ends without a shutdown, has no disk or no output left |
//! | `seeds` | several of these at once, by chance: `FAULT_SEEDS=1000..1100` runs other seeds |
//!
//! The tests run one after another, since each is also asked what memory it leaves.

mod books;
mod ending;
mod handlers;
mod load;
mod memory;
mod outputs;
mod pressure;
mod process;
mod seeds;
mod stage;
mod tasks;
mod watchdog;

use libtest_mimic::{Arguments, Trial};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn main() {
    if process::is_child() {
        return process::child();
    }
    // Handlers and tasks panic on purpose here; what a test itself says is told by the harness.
    std::panic::set_hook(Box::new(|_| {}));
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = [
        handlers::trials(),
        pressure::trials(),
        tasks::trials(),
        ending::trials(),
        outputs::trials(),
        process::trials(),
        seeds::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit();
}

/// A test that leaves no memory behind, watched.
fn trial(name: &'static str, fault: fn()) -> Trial {
    Trial::test(name, move || {
        watchdog::watched(name, || memory::returned(fault));
        Ok(())
    })
}

/// A test that is watched; what it leaves in memory is another process's matter.
fn trial_of_a_process(name: &'static str, fault: fn()) -> Trial {
    Trial::test(name, move || {
        watchdog::watched(name, fault);
        Ok(())
    })
}
