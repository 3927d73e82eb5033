//! Targets are paths.

/// Whether a target is this one or a module below it: `hyper::client` is below `hyper`, and
/// `hyper_util` is not.
pub(super) fn is_below(target: &str, above: &str) -> bool {
    target.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_target_is_below_another_at_the_borders_of_its_path() {
        for (target, above, expected) in [
            ("hyper", "hyper", true),
            ("hyper::client", "hyper", true),
            ("hyper_util", "hyper", false),
            ("hyper", "hyper::client", false),
            ("a::b::c", "a::b", true),
        ] {
            assert_eq!(is_below(target, above), expected, "{target} {above}");
        }
    }
}
