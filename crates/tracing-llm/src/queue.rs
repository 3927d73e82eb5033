//! From the pipeline's threads to the worker: bounded by count and by bytes, and silent.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::Thread;

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;

/// What both sides write lies apart from what the pipeline only reads.
pub(crate) struct Queue<T> {
    messages: ArrayQueue<T>,
    /// At this fill the worker is woken; below, it comes by itself.
    watermark: usize,
    /// So many messages a thread sends between two looks at the fill.
    stride: u32,
    woken: AtomicBool,
    worker: OnceLock<Thread>,
    byte_limit: usize,
    bytes: CachePadded<AtomicUsize>,
    /// An end found no place: the worker looks for it among the records that there are.
    missed: AtomicBool,
}

/// A look at the fill reads what the worker writes with each message that it takes, so it is not
/// taken with each message: the watermark leaves room for what many threads send in between.
const STRIDE: u32 = 32;
const STRIDES_TO_WATERMARK: usize = 64;

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize, byte_limit: usize) -> Self {
        let capacity = capacity.max(2);
        let watermark = capacity / 2;
        let is_large = watermark >= STRIDES_TO_WATERMARK * STRIDE as usize;
        Self {
            messages: ArrayQueue::new(capacity),
            watermark,
            stride: if is_large { STRIDE } else { 1 },
            woken: AtomicBool::new(false),
            worker: OnceLock::new(),
            byte_limit,
            bytes: CachePadded::new(AtomicUsize::new(0)),
            missed: AtomicBool::new(false),
        }
    }

    /// Queues it without waiting and, below the watermark, without waking anybody.
    #[inline]
    pub(crate) fn push(&self, message: T) -> Result<(), T> {
        let result = self.messages.push(message);
        if result.is_err() || self.is_look_due() {
            self.look();
        }
        result
    }

    /// Whether this thread has sent enough messages since its last look at the fill.
    #[inline]
    fn is_look_due(&self) -> bool {
        thread_local! {
            static SENT: Cell<u32> = const { Cell::new(0) };
        }
        let sent = SENT.get().wrapping_add(1);
        SENT.set(sent);
        sent % self.stride == 0
    }

    /// Wakes the worker, once, if the queue is filled up to the watermark.
    #[cold]
    fn look(&self) {
        if self.messages.len() >= self.watermark && !self.woken.swap(true, SeqCst) {
            self.wake();
        }
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.messages.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn set_worker(&self, worker: Thread) {
        let _ = self.worker.set(worker);
    }

    pub(crate) fn wake(&self) {
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }

    /// The worker is about to look: it need not be woken.
    pub(crate) fn looking(&self) {
        if self.woken.load(SeqCst) {
            self.woken.store(false, SeqCst);
        }
    }

    /// An end found no place.
    pub(crate) fn miss(&self) {
        self.missed.store(true, SeqCst);
    }

    /// Whether an end found no place since the worker looked last.
    pub(crate) fn take_missed(&self) -> bool {
        self.missed.load(SeqCst) && self.missed.swap(false, SeqCst)
    }

    /// Takes bytes of the budget; false, and nothing taken, if they are not left.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        if bytes == 0 {
            return true;
        }
        let before = self.bytes.fetch_add(bytes, Relaxed);
        let fits = before.saturating_add(bytes) <= self.byte_limit;
        if !fits {
            self.bytes.fetch_sub(bytes, Relaxed);
        }
        fits
    }

    pub(crate) fn release(&self, bytes: usize) {
        if bytes > 0 {
            self.bytes.fetch_sub(bytes, Relaxed);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }
}
