//! What a test leaves in memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::time::Duration;

/// Bytes that are allocated now, by the whole program.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// Less than one of the layer's tables takes; what `tracing`, the runtime and the harness keep
/// for good moves by less.
const SLACK: isize = 256 * 1024;

/// The system's allocator, which counts what is out.
pub(crate) struct Counting;

fn size(layout: Layout) -> isize {
    isize::try_from(layout.size()).unwrap_or(isize::MAX)
}

#[allow(unsafe_code, reason = "the trait is unsafe; each call goes on to the system as it came")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(size(layout), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(size(layout), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        LIVE.fetch_add(isize::try_from(new).unwrap_or(isize::MAX) - size(layout), Relaxed);
        unsafe { System.realloc(pointer, layout, new) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(size(layout), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs a fault until what is allocated after it does not grow any more: the first rounds also
/// fill what is kept for good. A leak grows with every round.
pub(crate) fn returned(fault: impl Fn()) {
    const ROUNDS: usize = 6;
    fault();
    let mut left = Vec::new();
    for _ in 1..ROUNDS {
        let before = settled();
        fault();
        let growth = settled() - before;
        if growth < SLACK {
            return;
        }
        left.push(growth);
    }
    panic!("each round left bytes behind: {left:?}");
}

/// Threads that nobody joins (the waits of async flushes, detached handlers) get a moment to end.
fn settled() -> isize {
    let mut least = LIVE.load(Relaxed);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(10));
        least = least.min(LIVE.load(Relaxed));
    }
    least
}
