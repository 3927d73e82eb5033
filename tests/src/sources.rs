//! Reads the sources of the crates, for rules that are about them.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file of a crate.
#[derive(Debug)]
pub struct Source {
    /// Where it lies in the crate's `src`: `client/mod.rs`.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The top level of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The names of the folders in `crates`, in order.
#[must_use]
pub fn crates() -> Vec<String> {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let mut names: Vec<String> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All files in a crate's `src`, its tests too.
#[must_use]
pub fn sources(krate: &str) -> Vec<Source> {
    let folder = root().join("crates").join(krate).join("src");
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&folder).unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The files that are compiled when it is not a test.
#[must_use]
pub fn without_tests(mut sources: Vec<Source>) -> Vec<Source> {
    let tests: Vec<PathBuf> = sources.iter().flat_map(Source::test_modules).collect();
    sources.retain(|source| {
        let module = source.path.with_extension("");
        !tests.iter().any(|test| module.starts_with(test))
    });
    sources
}

impl Source {
    /// The lines that are code, with their numbers: no comments, no tests at the file's end.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().map(str::trim).enumerate();
        let mut below_cfg_test = false;
        let lines = lines.take_while(move |(_, line)| {
            let tests = below_cfg_test && line.starts_with("mod ") && line.ends_with('{');
            below_cfg_test = *line == "#[cfg(test)]";
            !tests
        });
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }

    /// The modules in files of their own that it declares for tests alone: `handler/tests`.
    fn test_modules(&self) -> Vec<PathBuf> {
        let name = self.path.file_stem().unwrap_or_default();
        let folder = if name == "mod" || name == "lib" {
            self.path.with_file_name("")
        } else {
            self.path.with_extension("")
        };
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        let names = pairs.filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'));
        names.map(|name| folder.join(name)).collect()
    }

    /// Where the code names this, as a word or path of its own: `fs::` is in `std::fs::read`, but
    /// not in `offs::read`.
    #[must_use]
    pub fn names(&self, what: &str) -> Vec<usize> {
        let hits = self.code().filter(|(_, line)| has_word(line, what));
        hits.map(|(number, _)| number).collect()
    }
}

fn has_word(line: &str, what: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let ends_open = what.ends_with(is_part);
    line.match_indices(what).any(|(at, _)| {
        let joined_before = line[..at].ends_with(is_part);
        let joined_behind = ends_open && line[at + what.len()..].starts_with(is_part);
        !joined_before && !joined_behind
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn comments_and_tests_are_no_code() {
        let text = "//! fs::read\nuse std::fs;\n// fs::write\n\n#[cfg(test)]\nmod tests {\n    use std::net;\n}\n";
        let lines: Vec<_> = source("a.rs", text).code().map(|(n, l)| (n, l.to_owned())).collect();
        assert_eq!(lines, [(2, "use std::fs;".into()), (5, "#[cfg(test)]".into())]);
    }

    #[test]
    fn a_module_for_tests_is_left_out_with_all_that_is_below_it() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod fixture;\n"),
            ("a.rs", "#[cfg(test)]\nmod tests;\n"),
            ("a/tests.rs", ""),
            ("a/tests/more.rs", ""),
            ("b/mod.rs", "#[cfg(test)]\nmod tests;\n"),
            ("b/tests.rs", ""),
            ("b/tests_of_others.rs", ""),
            ("fixture.rs", ""),
        ];
        let kept = without_tests(files.map(|(path, text)| source(path, text)).into());
        let kept: Vec<_> = kept.iter().map(|source| source.path.to_str().unwrap()).collect();
        assert_eq!(kept, ["lib.rs", "a.rs", "b/mod.rs", "b/tests_of_others.rs"]);
    }

    #[test]
    fn a_name_is_found_as_a_word_alone() {
        let text = "use std::fs::File;\nlet offs::x;\nlet visited: Visit<'_>;\n";
        let source = source("a.rs", text);
        assert_eq!(source.names("fs::"), [1]);
        assert_eq!(source.names("Visit"), [3]);
        assert_eq!(source.names("visit"), [0; 0]);
    }
}
