//! The fast backend: the `tiktoken` crate.

use crate::cut::pieces;
use crate::encoding::Encoding;
use crate::tokenizer::CountResult;

use super::PIECE;

/// Counts a text. It does not fail on long runs, but its memory grows with them: it gets the same
/// pieces.
pub(super) fn count(encoding: Encoding, text: &str, special_tokens: bool) -> CountResult {
    // Loaded when it is first asked for.
    let name = encoding.name();
    let vocabulary = tiktoken::get_encoding(name).ok_or_else(|| format!("no vocabulary {name}"))?;
    let counts = pieces(text, PIECE).map(|piece| {
        if special_tokens {
            vocabulary.count_with_special_tokens(piece)
        } else {
            vocabulary.count(piece)
        }
    });
    Ok(counts.sum())
}
