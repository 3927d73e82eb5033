//! Ids that no other process has made.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

/// 64 bits at random: the standard library takes its hash keys from the operating system.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one((std::process::id(), SystemTime::now()))
}

/// The hash of a new run: 24 hexadecimal digits.
pub(crate) fn run_hash() -> String {
    digits(24)
}

/// A name for a client, in the form of a UUID.
pub(crate) fn client_id() -> String {
    let digits = digits(32);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits.get(part).unwrap_or_default()).join("-")
}

fn digits(count: usize) -> String {
    let mut digits = String::new();
    while digits.len() < count {
        let _ = write!(digits, "{:016x}", random());
    }
    digits.truncate(count);
    digits
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_have_aims_forms_and_differ() {
        let runs: HashSet<String> = (0..1_000).map(|_| run_hash()).collect();
        assert_eq!(runs.len(), 1_000);
        assert!(runs.iter().all(|run| run.len() == 24));
        let id = client_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
    }
}
