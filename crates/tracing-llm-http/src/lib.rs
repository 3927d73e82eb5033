// Its examples are of all features: without one they would not compile.
#![cfg_attr(
    any(not(doctest), all(feature = "reqwest", feature = "reqwest-middleware")),
    doc = include_str!("../README.md")
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod anthropic;
mod api;
mod body;
mod call;
mod capture;
mod config;
mod end_mark;
mod headers;
mod host;
mod keys;
mod openai;
mod partial;
mod read;
#[cfg(any(feature = "reqwest", feature = "reqwest-middleware"))]
mod reqwest;
mod rule;
mod secrets;
mod sse;
#[cfg(feature = "tower")]
mod tower;

pub use self::api::Api;
pub use self::body::{RequestBody, ResponseBody};
pub use self::config::LlmHttp;
pub use self::headers::{extract, inject};
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestFuture;
pub use self::rule::Rule;
#[cfg(feature = "tower")]
pub use self::tower::{LlmService, ResponseFuture};
