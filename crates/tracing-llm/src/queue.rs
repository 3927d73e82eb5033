//! From the pipeline's threads to the worker: bounded by count and by bytes, and silent.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::Thread;

use crossbeam_queue::ArrayQueue;

pub(crate) struct Queue<T> {
    messages: ArrayQueue<T>,
    /// At this fill the worker is woken; below, it comes by itself.
    watermark: usize,
    woken: AtomicBool,
    worker: OnceLock<Thread>,
    bytes: AtomicUsize,
    byte_limit: usize,
    /// An end found no place: the worker looks for it among the records that there are.
    pub(crate) missed: AtomicBool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize, byte_limit: usize) -> Self {
        let capacity = capacity.max(2);
        Self {
            messages: ArrayQueue::new(capacity),
            watermark: capacity / 2,
            woken: AtomicBool::new(false),
            worker: OnceLock::new(),
            bytes: AtomicUsize::new(0),
            byte_limit,
            missed: AtomicBool::new(false),
        }
    }

    /// Queues it without waiting and, below the watermark, without waking anybody.
    pub(crate) fn push(&self, message: T) -> Result<(), T> {
        let result = self.messages.push(message);
        if self.messages.len() >= self.watermark && !self.woken.swap(true, SeqCst) {
            self.wake();
        }
        result
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
        self.woken.store(false, SeqCst);
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
