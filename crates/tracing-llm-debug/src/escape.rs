//! Control characters, shown instead of executed.

use std::fmt;

/// Whether a terminal may act on this character, or a reader be misled by it.
pub(crate) const fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' // C0, DEL, C1: escape sequences begin here
        | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // overrides of direction
        | '\u{2028}' | '\u{2029}' // line and paragraph separators
        | '\u{e0000}'..='\u{e007f}' // tags: text that is sent to a model but not seen
    )
}

/// A text on one line: control characters as `\n`, `\t`, `\u{1b}`.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, self.0, is_control)
    }
}

/// A text with its line breaks and tabs; other control characters as in [`OneLine`].
pub(crate) struct Lines<'a>(pub(crate) &'a str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A carriage return alone would overwrite the line; before a newline it does nothing.
        for (number, line) in self.0.split("\r\n").enumerate() {
            if number > 0 {
                f.write_str("\r\n")?;
            }
            write_escaped(f, line, |c| is_control(c) && !matches!(c, '\n' | '\t'))?;
        }
        Ok(())
    }
}

/// A text of at most so many characters on one line, then `…`.
///
/// It takes from what is written to it only what it shows, however long that is.
pub(crate) struct Preview {
    text: String,
    room: usize,
}

impl Preview {
    /// The beginning of what this displays.
    pub(crate) fn of(source: impl fmt::Display, limit: usize) -> String {
        let mut preview = Self { text: String::new(), room: limit };
        // The only error is our own: there is no room left.
        let _ = fmt::write(&mut preview, format_args!("{source}"));
        preview.text
    }
}

impl fmt::Write for Preview {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let width = if is_control(c) { c.escape_default().len() } else { 1 };
            if width > self.room {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.room -= width;
            if is_control(c) {
                self.text.extend(c.escape_default());
            } else {
                self.text.push(c);
            }
        }
        Ok(())
    }
}

fn write_escaped(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    escapes: impl Fn(char) -> bool,
) -> fmt::Result {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| escapes(*c)) {
        let (plain, from) = rest.split_at(at);
        f.write_str(plain)?;
        write!(f, "{}", c.escape_default())?;
        rest = from.strip_prefix(c).unwrap_or_default();
    }
    f.write_str(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown_as_an_escape() {
        let text = "a\u{1b}[31mb\nc\td\r\u{9b}e\u{202e}f\u{2066}g\u{7f}h\0";
        assert_eq!(
            OneLine(text).to_string(),
            r"a\u{1b}[31mb\nc\td\r\u{9b}e\u{202e}f\u{2066}g\u{7f}h\u{0}"
        );
    }

    #[test]
    fn a_text_of_many_lines_keeps_its_layout_and_nothing_else() {
        assert_eq!(
            Lines("a\r\n\tb\rc\n\u{1b}]0;title\u{7}").to_string(),
            "a\r\n\tb\\rc\n\\u{1b}]0;title\\u{7}"
        );
    }

    #[test]
    fn a_preview_is_cut_between_characters_and_never_inside_an_escape() {
        assert_eq!(Preview::of("grün", 4), "grün");
        assert_eq!(Preview::of("grüner", 4), "grün…");
        assert_eq!(Preview::of("ab\u{1b}c", 7), "ab…");
        assert_eq!(Preview::of("ab\u{1b}c", 8), r"ab\u{1b}…");
        assert_eq!(Preview::of("", 0), "");
    }

    #[test]
    fn a_preview_reads_no_more_than_it_shows() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("and so on ")?;
                }
            }
        }
        assert_eq!(Preview::of(Endless, 9), "and so on…");
    }

    proptest! {
        #[test]
        fn no_control_character_gets_out(text in "\\PC*|(?s).*", limit in 0_usize..200) {
            prop_assert!(!OneLine(&text).to_string().chars().any(is_control));
            prop_assert!(!Preview::of(&text, limit).chars().any(is_control));
            let lines = Lines(&text).to_string();
            prop_assert!(!lines.replace("\r\n", "\n").chars().any(|c| is_control(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn a_preview_has_at_most_its_length_and_the_mark(text in "(?s).*", limit in 0_usize..200) {
            prop_assert!(Preview::of(&text, limit).chars().count() <= limit + 1);
        }
    }
}
