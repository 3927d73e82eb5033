//! Where the parts of a run stand in Aim's trees (3.29.1).

use crate::encode::Key;

/// The paths of one run.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    run: String,
}

/// How the steps of a series are keyed: 1 by the step itself, 2 by its hash.
pub(super) const BY_STEP: i64 = 1;
pub(super) const BY_HASH: i64 = 2;

impl Layout {
    pub(super) fn new(run: &str) -> Self {
        Self { run: run.to_owned() }
    }

    /// Below the run's own part of the tree of what is known of runs.
    pub(super) fn run<const N: usize>(&self, path: [Key; N]) -> Vec<Key> {
        self.joined(&["meta", "chunks"], path)
    }

    /// Below the part that is merged over all runs, for searches.
    pub(super) fn all<const N: usize>(path: [Key; N]) -> Vec<Key> {
        std::iter::once("meta".into()).chain(path).collect()
    }

    /// Below the run's part of the tree of series.
    pub(super) fn series<const N: usize>(&self, version: i64, path: [Key; N]) -> Vec<Key> {
        let above: &[&'static str] =
            if version == BY_HASH { &["seqs", "v2", "chunks"] } else { &["seqs", "chunks"] };
        self.joined(above, path)
    }

    fn joined<const N: usize>(&self, above: &[&'static str], path: [Key; N]) -> Vec<Key> {
        let run = Key::Str(self.run.as_str().into());
        above.iter().map(|name| Key::from(*name)).chain([run]).chain(path).collect()
    }
}
