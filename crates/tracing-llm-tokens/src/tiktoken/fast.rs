//! The fast backend: the `tiktoken` crate.

use tiktoken::CoreBpe;

use crate::encoding::Encoding;

/// The vocabulary; loaded when it is first asked for.
pub(super) fn vocabulary(encoding: Encoding) -> Result<&'static CoreBpe, String> {
    let name = encoding.name();
    tiktoken::get_encoding(name).ok_or_else(|| format!("no vocabulary {name}"))
}

pub(super) fn count_piece(vocabulary: &CoreBpe, piece: &str, special_tokens: bool) -> usize {
    if special_tokens {
        vocabulary.count_with_special_tokens(piece)
    } else {
        vocabulary.count(piece)
    }
}
