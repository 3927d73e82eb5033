//! Whose rules hold for a model.

/// A family of models with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's, and which one: 4.7 is `(4, 7)`.
    Claude { version: (u32, u32) },
    /// Google's, and which one.
    Gemini { version: (u32, u32) },
    /// OpenAI's, and all others.
    Other,
}

/// The family of the model with this name, with or without a vendor in front.
pub(super) fn family(model: Option<&str>) -> Family {
    let Some(model) = model else { return Family::Other };
    if let Some((_, rest)) = model.split_once("claude") {
        return Family::Claude { version: version(rest) };
    }
    match model.split_once("gemini") {
        Some((_, rest)) => Family::Gemini { version: version(rest) },
        None => Family::Other,
    }
}

/// The first one or two short numbers of a name: `-opus-4-7-20260416` is 4.7, `-3.1-pro` is 3.1.
fn version(name: &str) -> (u32, u32) {
    let parts = name.split(['-', '.', '@', ':', '/']);
    let short = |part: &str| (part.len() <= 2).then(|| part.parse().ok()).flatten();
    let mut numbers = parts.map(short).skip_while(Option::is_none).map_while(|number| number);
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_family_and_the_version() {
        let claude = |name| match family(Some(name)) {
            Family::Claude { version } => version,
            other => panic!("{other:?}"),
        };
        assert_eq!(claude("claude-opus-4-7"), (4, 7));
        assert_eq!(claude("claude-opus-4-20250514"), (4, 0));
        assert_eq!(claude("claude-3-5-sonnet-20241022"), (3, 5));
        assert_eq!(claude("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), (4, 5));
        assert_eq!(claude("anthropic/claude-sonnet-5"), (5, 0));
        assert_eq!(claude("claude-opus-4.8"), (4, 8));
        assert_eq!(family(Some("models/gemini-2.5-flash")), Family::Gemini { version: (2, 5) });
        assert_eq!(family(Some("gemini-3-pro-preview")), Family::Gemini { version: (3, 0) });
        assert_eq!(family(Some("gpt-4o")), Family::Other);
        assert_eq!(family(None), Family::Other);
    }
}
