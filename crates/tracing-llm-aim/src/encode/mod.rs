//! How Aim writes values: trees, packed into bytes, and hashed. Pure.
//!
//! Aim publishes no specification; this is what version 3.29.1 does.

mod hash;
mod node;
mod pack;
mod unpack;

pub(crate) use self::hash::hash;
pub(crate) use self::node::{Key, Node};
pub(crate) use self::pack::pack;
#[cfg(test)]
pub(crate) use self::unpack::Found;
pub(crate) use self::unpack::unpack;
