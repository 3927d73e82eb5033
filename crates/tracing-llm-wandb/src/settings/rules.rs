//! W&B's rules for the arguments of a run (`wandb` 0.31, `wandb_settings.py`), and ours for what
//! becomes the name of a file.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::Arguments;
use crate::error::Error;

pub(super) fn check(arguments: &Arguments) -> Result<(), Error> {
    check_id(&arguments.id)?;
    let project = &arguments.project;
    if project.chars().count() > 128 {
        return Err(Error::setting("the project", "has more than 128 characters"));
    }
    if project.contains(['/', '\\', '#', '?', '%', ':']) {
        return Err(Error::setting("the project", r"holds one of / \ # ? % :"));
    }
    if arguments.tags.iter().any(|tag| !(1..=64).contains(&tag.chars().count())) {
        return Err(Error::setting("a tag", "has not 1 to 64 characters"));
    }
    Ok(())
}

/// It becomes part of the names of a folder and a file.
fn check_id(id: &str) -> Result<(), Error> {
    let error = |why| Err(Error::setting("the run's id", why));
    if id.trim() != id {
        return error("begins or ends with a space");
    }
    if id.contains([':', ';', ',', '#', '?', '/', '\'', '\\']) || id.contains(char::is_control) {
        return error(r"holds one of : ; , # ? / ' \ or a control character");
    }
    if id.len() > 128 {
        return error("has more than 128 bytes");
    }
    Ok(())
}

/// An id as W&B makes it: eight of these letters and digits.
pub(crate) fn id_of(mut random: u64) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::with_capacity(8);
    for _ in 0..8 {
        id.push(char::from(LETTERS[(random % 36) as usize]));
        random /= 36;
    }
    id
}

/// Seeded by the operating system: different at each call, not secret.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
