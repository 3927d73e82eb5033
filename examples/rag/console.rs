//! Shows answers: as they stream, or whole where several come at once.

use std::io::{self, Write};

/// The answer to one question, on its way to the standard output.
pub struct Answer {
    /// What is kept back until the answer is whole; none where it is shown as it streams.
    kept: Option<String>,
}

impl Answer {
    pub fn begin(question: &str, keep: bool) -> io::Result<Self> {
        let mut answer = Self { kept: keep.then(String::new) };
        answer.piece(&format!("\n❯ {question}\n\n"))?;
        Ok(answer)
    }

    pub fn piece(&mut self, text: &str) -> io::Result<()> {
        // A model's text must not steer the terminal.
        let control = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
        let text = text.replace(control, "\u{fffd}");
        match &mut self.kept {
            Some(kept) => kept.push_str(&text),
            None => show(&text)?,
        }
        Ok(())
    }

    /// Ends the answer, with what kept it from being whole.
    pub fn end(mut self, error: Option<&anyhow::Error>) -> io::Result<()> {
        if let Some(error) = error {
            self.piece(&format!("✗ no answer: {}", why(error)))?;
        }
        self.piece("\n\n")?;
        self.kept.map_or(Ok(()), |kept| show(&kept))
    }
}

/// Writes a text in one piece. Unlike `print!` it does not panic on a closed pipe.
pub fn show(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// An error with its causes, but for those whose text it repeats.
pub fn why(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    text
}
