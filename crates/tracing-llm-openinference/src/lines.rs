//! The lines of a file, one at a time, with a bound on what one may cost.

use std::io::{self, BufRead, Read};

/// What a line may hold; one that is longer is passed over. The largest span that we write
/// has 3.5 MiB in protobuf, and escaped it is at most six times as long.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Reads lines and knows where it is.
pub(crate) struct Lines<R> {
    reader: R,
    at: u64,
    longest: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its newline.
    Whole(Vec<u8>),
    /// The last line, which has no newline: somebody stopped in the middle of it.
    Torn(Vec<u8>),
    TooLong,
}

impl<R: BufRead> Lines<R> {
    /// `at` is where the reader stands.
    pub(crate) fn new(reader: R, at: u64) -> Self {
        Self { reader, at, longest: LONGEST }
    }

    /// Where the next line begins.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(self.longest + 1).read_until(b'\n', &mut line)?;
        self.at += read as u64;
        if line.last() == Some(&b'\n') {
            line.pop();
            return Ok(Some(Line::Whole(line)));
        }
        match read as u64 {
            0 => Ok(None),
            read if read > self.longest => {
                self.at += self.skip()?;
                Ok(Some(Line::TooLong))
            }
            _ => Ok(Some(Line::Torn(line))),
        }
    }

    /// Passes over the rest of a line; gives its length.
    fn skip(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let step = end.unwrap_or(buffer.len());
            self.reader.consume(step);
            skipped += step as u64;
            if end.is_some() || step == 0 {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, longest: u64) -> Vec<(Line, u64)> {
        let mut lines = Lines { reader: text.as_bytes(), at: 0, longest };
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line, lines.at()));
        }
        all
    }

    #[test]
    fn lines_are_read_one_by_one_and_a_torn_tail_is_told_apart() {
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(read("", 9), []);
        assert_eq!(read("a\n\nbc\n", 9), [(whole("a"), 2), (whole(""), 3), (whole("bc"), 6)]);
        assert_eq!(read("a\nbc", 9), [(whole("a"), 2), (Line::Torn("bc".into()), 4)]);
    }

    #[test]
    fn a_line_beyond_the_bound_is_passed_over_and_the_next_one_is_read() {
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(
            read("abc\nabcd\nx\n", 3),
            [(whole("abc"), 4), (Line::TooLong, 9), (whole("x"), 11)]
        );
        assert_eq!(read("abcd", 3), [(Line::TooLong, 4)]);
    }
}
