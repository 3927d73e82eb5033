//! The state of spans: written by the pipeline's threads, taken out by the worker.

mod context;
mod field;
mod message;
mod node;
mod outside;
mod pool;
mod recent;
mod record;
mod shared;
mod slots;
mod trace_cell;

pub(crate) use self::context::ContextNode;
pub(crate) use self::field::{Field, Fields, Written};
pub(crate) use self::message::Message;
pub(crate) use self::node::{Node, Phase, Verdict};
pub(crate) use self::outside::Overruled;
pub(crate) use self::pool::Pool;
pub(crate) use self::recent::{forget, recent, remember};
pub(crate) use self::record::{Above, Part, Rare, Record, State, Stream, Taken, TakenField};
pub(crate) use self::shared::{Shared, is_suppressed, layers, suppress_this_thread};
pub(crate) use self::slots::{LayerId, Slots};
pub(crate) use self::trace_cell::{TraceCell, TraceIds};
