//! Field names and what they mean, each kept once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::vocabulary::{Role, decisive};

/// A field's name and its role. A recorded value points to it, instead of carrying both.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) role: Role,
    pub(crate) name: &'static str,
    /// Its place among the names that decide the event type by being there.
    pub(crate) decisive: Option<u8>,
}

/// A name has one role, unless layers with different settings meet: the list is that short. What
/// is kept lives as long as the program, as do the names.
static KNOWN: LazyLock<Mutex<HashMap<&'static str, Vec<&'static Known>>>> =
    LazyLock::new(Mutex::default);

/// The one entry for this name in this role.
pub(crate) fn known(role: Role, name: &'static str) -> &'static Known {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let roles = known.entry(name).or_default();
    if let Some(met) = roles.iter().find(|known| known.role == role) {
        return met;
    }
    // A name that a setting has put out of force decides nothing.
    let decisive = matches!(role, Role::Payload { .. }).then(|| decisive(name)).flatten();
    let new: &'static Known = Box::leak(Box::new(Known { role, name, decisive }));
    roles.push(new);
    new
}

#[cfg(test)]
mod tests {
    use super::known;
    use crate::vocabulary::Role;

    #[test]
    fn a_name_is_kept_once_for_each_of_its_roles() {
        let other = known(Role::Other, "a field of this test");
        assert!(std::ptr::eq(other, known(Role::Other, "a field of this test")));
        let name = known(Role::Name, "a field of this test");
        assert!(!std::ptr::eq(other, name));
        assert_eq!((name.role, name.name), (Role::Name, other.name));
    }
}
