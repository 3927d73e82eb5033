//! The middleware of reqwest-middleware.

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};
use tracing::Instrument as _;

use super::{begin, told, watched};
use crate::LlmHttp;

/// Each attempt is an event where a middleware that tries again stands outside of this one.
#[async_trait::async_trait]
impl Middleware for LlmHttp {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let Some(mut call) = begin(self, &mut request) else {
            return next.run(request, extensions).await;
        };
        let span = call.span().clone();
        match next.run(request, extensions).instrument(span).await {
            Ok(response) => Ok(watched(response, call)),
            Err(error) => {
                call.failed(&match &error {
                    Error::Reqwest(error) => told(error),
                    Error::Middleware(error) => format!("{error:#}"),
                });
                Err(error)
            }
        }
    }
}
