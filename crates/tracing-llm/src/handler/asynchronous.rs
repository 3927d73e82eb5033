//! Handlers that await.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::{Handler, HandlerResult};
use crate::{Event, Health, Trace};

/// A handler whose hooks await: a client of a service, a database, a channel.
///
/// Given to [`Builder::async_handler`](crate::Builder::async_handler), it runs on a thread and a
/// single-threaded tokio runtime of its own, never on the pipeline's runtime, one hook at a time.
/// All that [`Handler`] says of order and failures holds here too.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{AsyncHandler, Event, HandlerResult};
///
/// struct Forward(tokio::sync::mpsc::Sender<Arc<Event>>);
///
/// impl AsyncHandler for Forward {
///     async fn on_end(&mut self, event: Arc<Event>) -> HandlerResult {
///         self.0.send(event).await?;
///         Ok(())
///     }
/// }
///
/// let (sender, receiver) = tokio::sync::mpsc::channel(16);
/// let (layer, callbacks) = tracing_llm::layer().async_handler(Forward(sender)).build();
/// # drop((layer, callbacks, receiver));
/// ```
pub trait AsyncHandler: Send + 'static {
    /// The name in failures and statistics; the type's name by default.
    fn name(&self) -> String {
        super::short_type_name::<Self>()
    }

    /// An event begins.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_start(&mut self, event: Arc<Event>) -> impl Future<Output = HandlerResult> + Send {
        let _ = event;
        async { Ok(()) }
    }

    /// An event has ended. The record is complete.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_end(&mut self, event: Arc<Event>) -> impl Future<Output = HandlerResult> + Send {
        let _ = event;
        async { Ok(()) }
    }

    /// A trace begins.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_trace_start(&mut self, trace: Arc<Trace>) -> impl Future<Output = HandlerResult> + Send {
        let _ = trace;
        async { Ok(()) }
    }

    /// A trace has ended.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_trace_end(&mut self, trace: Arc<Trace>) -> impl Future<Output = HandlerResult> + Send {
        let _ = trace;
        async { Ok(()) }
    }

    /// Sends out what is kept back.
    ///
    /// # Errors
    ///
    /// If something could not be sent; the error is also handed to the caller of `flush`.
    fn flush(&mut self) -> impl Future<Output = HandlerResult> + Send {
        async { Ok(()) }
    }

    /// The last call.
    ///
    /// # Errors
    ///
    /// If something could not be sent; the error is also handed to the caller of `shutdown`.
    fn shutdown(&mut self) -> impl Future<Output = HandlerResult> + Send {
        self.flush()
    }

    /// How it is; see [`Handler::health`].
    fn health(&self) -> Health {
        Health::none()
    }
}

/// Runs an async handler on the thread that calls it.
pub(crate) struct OnRuntime<H> {
    handler: H,
    /// Made on the handler's own thread, at its first call.
    runtime: Option<Runtime>,
}

impl<H: AsyncHandler> OnRuntime<H> {
    pub(crate) fn new(handler: H) -> Self {
        Self { handler, runtime: None }
    }

    fn parts(&mut self) -> std::io::Result<(&mut H, &Runtime)> {
        if self.runtime.is_none() {
            self.runtime = Some(Builder::new_current_thread().enable_all().build()?);
        }
        match &self.runtime {
            Some(runtime) => Ok((&mut self.handler, runtime)),
            None => Err(std::io::Error::other("no runtime")),
        }
    }
}

impl<H: AsyncHandler> Handler for OnRuntime<H> {
    fn name(&self) -> String {
        self.handler.name()
    }

    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.on_start(Arc::clone(event)))
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.on_end(Arc::clone(event)))
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.on_trace_start(Arc::clone(trace)))
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.on_trace_end(Arc::clone(trace)))
    }

    fn flush(&mut self) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.flush())
    }

    fn shutdown(&mut self) -> HandlerResult {
        let (handler, runtime) = self.parts()?;
        runtime.block_on(handler.shutdown())
    }

    fn health(&self) -> Health {
        self.handler.health()
    }
}
