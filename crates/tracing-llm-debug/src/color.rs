//! Colour in the terminal.

use std::ffi::OsStr;

/// Whether the tree and the live view are coloured.
///
/// Colour never stands alone: each mark has its word and its sign.
///
/// ```
/// use tracing_llm_debug::{Color, DebugHandler};
///
/// let debug = DebugHandler::stderr().color(Color::Never);
/// # drop(debug);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// Where stdout or stderr is a terminal, unless `NO_COLOR` is set and not empty
    /// (<https://no-color.org>) or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always, also into a writer or a file.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Decides for a sink, by the environment of the process.
    pub(crate) fn paint(self, is_terminal: bool) -> Paint {
        let (no_color, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        Paint(self.decide(is_terminal, no_color.as_deref(), term.as_deref()))
    }

    fn decide(self, is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                is_terminal
                    && no_color.is_none_or(OsStr::is_empty)
                    && term.is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// Paints texts, or leaves them as they are.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn error(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn number(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn label(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Select Graphic Rendition (ECMA-48 8.3.117), and back to the default.
    fn with(self, codes: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\u{1b}[{codes}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_itself_only_a_terminal_is_coloured() {
        let decide = |terminal, no_color: Option<&str>, term: Option<&str>| {
            Color::Auto.decide(terminal, no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert!(decide(true, None, Some("xterm-256color")));
        assert!(!decide(false, None, Some("xterm-256color")));
        assert!(!decide(true, None, Some("dumb")));
        // https://no-color.org: "when present and not an empty string (regardless of its value)"
        assert!(!decide(true, Some("0"), None));
        assert!(decide(true, Some(""), None));
    }

    #[test]
    fn what_the_user_says_goes() {
        assert!(Color::Always.decide(false, Some(OsStr::new("1")), None));
        assert!(!Color::Never.decide(true, None, None));
    }

    #[test]
    fn without_colour_a_text_is_left_as_it_is() {
        assert_eq!(Paint(false).error("failed"), "failed");
        assert_eq!(Paint(true).error("failed"), "\u{1b}[1;31mfailed\u{1b}[0m");
    }
}
