//! Nothing may stand still for ever.

use std::sync::mpsc;
use std::time::Duration;

/// Far longer than any of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Runs a test, and ends the process if it never comes back: what hangs cannot be told otherwise.
pub(crate) fn watched<T>(name: &str, test: impl FnOnce() -> T) -> T {
    let (done, ended) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("`{name}` has not come back within {PATIENCE:?}: a deadlock");
                std::process::abort();
            }
        });
        let _done = done;
        test()
    })
}
