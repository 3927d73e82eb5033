//! Reads the usage that providers send.

use serde_json::Value;

use super::Usage;

impl Usage {
    /// Reads the usage that a provider sends.
    #[must_use]
    pub fn from_json(json: &Value) -> Option<Self> {
        let _ = json;
        None
    }
}
