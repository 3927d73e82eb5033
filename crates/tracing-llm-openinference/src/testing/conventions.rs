//! The keys of the conventions.

/// A key of the conventions, as the official package has it.
pub(crate) struct ConventionKey {
    pub(crate) name: &'static str,
    pub(crate) r#type: &'static str,
    pub(crate) paths: Vec<&'static str>,
    pub(crate) deprecated: bool,
}

/// All keys of `openinference-semantic-conventions` 0.1.42.
pub(crate) fn keys_of_the_conventions() -> Vec<ConventionKey> {
    let lines = include_str!("../testdata/attributes-0.1.42.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(" | ");
            let mut word = || words.next().unwrap_or_default();
            ConventionKey {
                name: word(),
                r#type: word(),
                paths: word().split(',').collect(),
                deprecated: word() == "deprecated",
            }
        })
        .collect()
}
