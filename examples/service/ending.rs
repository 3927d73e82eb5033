//! How the service ends: first no new requests, then no longer answers.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use http_body::Body as _;
use tokio::sync::watch;

/// So long answers that are under way may take at the end, unless the environment says otherwise.
const DRAIN: Duration = Duration::from_secs(10);

pub fn drain() -> Result<Duration> {
    let Ok(seconds) = std::env::var("DRAIN_SECONDS") else { return Ok(DRAIN) };
    let seconds = seconds.parse().context("DRAIN_SECONDS is no number of seconds")?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

/// The moment from which on no answer goes on.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// And who says that it has come.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (over, stop) = watch::channel(false);
        (over, Self(stop))
    }

    async fn reached(mut self) {
        // Without a sender there is no service any more.
        let _ = self.0.wait_for(|over| *over).await;
    }
}

/// Breaks off what takes longer. axum serves each connection in a task of its own, which goes on
/// whatever becomes of the server: what ends the events of an answer, as cancelled, is that the
/// answer itself is dropped.
pub async fn break_off(State(stop): State<Stop>, request: Request, next: Next) -> Response {
    let response = tokio::select! {
        response = next.run(request) => response,
        () = stop.clone().reached() => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    // A body whose length is known is at hand: only what streams can take long.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(stop.reached())))
}
