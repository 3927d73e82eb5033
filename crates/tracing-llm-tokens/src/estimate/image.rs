//! Pictures: an estimate by the rules that the providers publish.

use super::model::{Family, family};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What a picture is taken for whose size is not known, since only its address is.
const UNKNOWN: Size = Size { width: 1024.0, height: 1024.0 };

/// Tokens of a picture.
///
/// `detail` is OpenAI's: `low`, `high`, `original` or `auto`. The rules of models that are not
/// known are those of GPT-4o.
pub(super) fn tokens(model: Option<&str>, size: Option<Size>, detail: Option<&str>) -> u64 {
    let size = size.filter(|size| size.width >= 1.0 && size.height >= 1.0).unwrap_or(UNKNOWN);
    let tokens = match family(model) {
        Family::Claude { version } => claude(version, size),
        Family::Gemini { version } => gemini(version, size),
        Family::Other => openai(model.unwrap_or_default(), size, detail.unwrap_or("auto")),
    };
    whole(tokens)
}

/// Tiles: a picture is scaled to 768 pixels on its short side, and cut into squares of 512.
struct Tiles {
    base: f64,
    tile: f64,
}

/// Patches of 32 pixels, as many as fit after it was scaled down to both limits.
struct Patches {
    multiplier: f64,
    high: Limits,
    original: Option<Limits>,
    auto_is_original: bool,
}

/// The longest side in pixels, and the most patches.
#[derive(Clone, Copy)]
struct Limits {
    side: f64,
    patches: f64,
}

const SMALL: Limits = Limits { side: 2048.0, patches: 1536.0 };
const LARGE: Limits = Limits { side: 2048.0, patches: 2500.0 };
const ORIGINAL: Limits = Limits { side: 6000.0, patches: 10_000.0 };
/// "The input dimensions are preserved"; more than 30,000 patches are refused.
const AS_IT_IS: Limits = Limits { side: 65_535.0, patches: 30_000.0 };
/// A picture of little detail is given as a square of 512 pixels.
const LOW: Limits = Limits { side: 512.0, patches: 256.0 };

enum Rule {
    Tiles(Tiles),
    Patches(Patches),
}

const fn tiles(base: f64, tile: f64) -> Rule {
    Rule::Tiles(Tiles { base, tile })
}

const fn small(multiplier: f64) -> Rule {
    Rule::Patches(Patches { multiplier, high: SMALL, original: None, auto_is_original: false })
}

const fn large(multiplier: f64, original: Limits, auto_is_original: bool) -> Rule {
    let original = Some(original);
    Rule::Patches(Patches { multiplier, high: LARGE, original, auto_is_original })
}

/// OpenAI's guide "Images and vision", "Calculating costs", as of November 2026: the first name
/// that the model's begins with. Where the guide names no multiplier it is 1.
const OPENAI: &[(&str, Rule)] = &[
    ("gpt-4o-mini", tiles(2833.0, 5667.0)),
    ("gpt-4.1-mini", small(1.62)),
    ("gpt-4.1-nano", small(2.46)),
    ("gpt-4", tiles(85.0, 170.0)),
    ("chatgpt-4o", tiles(85.0, 170.0)),
    ("o4-mini", small(1.72)),
    ("o1", tiles(75.0, 150.0)),
    ("o3", tiles(75.0, 150.0)),
    ("computer-use-preview", tiles(65.0, 129.0)),
    ("gpt-5-mini", small(1.62)),
    ("gpt-5-nano", small(2.46)),
    ("gpt-5-codex-mini", small(1.0)),
    ("gpt-5.1-codex-mini", small(1.0)),
    ("gpt-5.2", small(1.0)),
    ("gpt-5.3-codex", small(1.0)),
    ("gpt-5.4-mini", small(1.62)),
    ("gpt-5.4-nano", small(2.46)),
    ("gpt-5.4", large(1.0, ORIGINAL, false)),
    ("gpt-5.5", large(1.0, ORIGINAL, true)),
    ("gpt-5.6", large(1.0, AS_IT_IS, true)),
    ("gpt-5", tiles(70.0, 140.0)),
];

fn openai(model: &str, size: Size, detail: &str) -> f64 {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let rule = OPENAI.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, rule)| rule);
    match rule.unwrap_or(&tiles(85.0, 170.0)) {
        Rule::Tiles(tiles) if detail == "low" => tiles.base,
        Rule::Tiles(tiles) => {
            let size = size.within(2048.0);
            let size = size.scaled((768.0 / size.width.min(size.height)).min(1.0));
            tiles.base + tiles.tile * size.squares(512.0)
        }
        Rule::Patches(patches) => {
            let as_original =
                detail == "original" || (detail == "auto" && patches.auto_is_original);
            let limits = match patches.original {
                _ if detail == "low" => LOW,
                Some(original) if as_original => original,
                _ => patches.high,
            };
            (limits.patches_of(size) * patches.multiplier).ceil()
        }
    }
}

impl Limits {
    fn patches_of(self, size: Size) -> f64 {
        let size = size.within(self.side);
        if size.squares(32.0) <= self.patches {
            return size.squares(32.0);
        }
        // To the area first, then so that both sides are whole patches.
        let shrink = (32.0 * 32.0 * self.patches / (size.width * size.height)).sqrt();
        let fill = |side: f64| (side * shrink / 32.0).floor().max(1.0) / (side * shrink / 32.0);
        let shrunk = size.scaled(shrink * fill(size.width).min(fill(size.height)));
        shrunk.rounded().squares(32.0).min(self.patches)
    }
}

/// Patches of 28 pixels. Anthropic's "Vision", "Resolution and token cost", as of November 2026.
fn claude(version: (u32, u32), size: Size) -> f64 {
    let (side, most) = if version >= (4, 7) { (2576.0, 4784.0) } else { (1568.0, 1568.0) };
    let mut long = size.width.max(size.height).min(side).floor();
    let scaled = |long: f64| size.scaled(long / size.width.max(size.height)).rounded();
    while long > 1.0 && scaled(long).squares(28.0) > most {
        long -= 1.0;
    }
    scaled(long).squares(28.0).min(most)
}

/// Google's "Image understanding" and "Media resolution", as of November 2026.
fn gemini(version: (u32, u32), size: Size) -> f64 {
    if version.0 >= 3 {
        return 1120.0;
    }
    if version.0 < 2 || size.width.max(size.height) <= 384.0 {
        return 258.0;
    }
    let crop = (size.width.min(size.height) / 1.5).floor().max(1.0);
    // A strip is not cut into more tiles than a model would be given.
    (258.0 * size.squares(crop)).min(258.0 * 64.0)
}

impl Size {
    fn scaled(self, factor: f64) -> Self {
        Self { width: self.width * factor, height: self.height * factor }
    }

    /// Scaled down until no side is longer.
    fn within(self, side: f64) -> Self {
        self.scaled((side / self.width.max(self.height)).min(1.0))
    }

    fn rounded(self) -> Self {
        Self { width: self.width.round().max(1.0), height: self.height.round().max(1.0) }
    }

    /// How many squares cover it. A billionth more than a whole number is that number.
    fn squares(self, side: f64) -> f64 {
        let along = |length: f64| (length / side - 1e-9).ceil().max(1.0);
        along(self.width) * along(self.height)
    }
}

/// The limits above keep it small.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
fn whole(tokens: f64) -> u64 {
    tokens.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str, (width, height): (u32, u32), detail: &str) -> u64 {
        let size = Size { width: width.into(), height: height.into() };
        tokens(Some(model), Some(size), Some(detail))
    }

    #[test]
    fn tiles_are_those_of_openai_s_examples() {
        assert_eq!(of("gpt-4o", (1024, 1024), "high"), 765);
        assert_eq!(of("gpt-4o", (2048, 4096), "high"), 1105);
        assert_eq!(of("gpt-4o", (4096, 8192), "low"), 85);
        assert_eq!(of("gpt-4o-mini-2024-07-18", (1024, 1024), "auto"), 2833 + 4 * 5667);
        assert_eq!(of("gpt-5-2025-08-07", (1024, 1024), "high"), 70 + 4 * 140);
        assert_eq!(of("o3", (512, 512), "high"), 75 + 150);
        assert_eq!(of("openai/gpt-4.1", (1024, 1024), "high"), 765);
    }

    #[test]
    fn patches_are_those_of_openai_s_examples() {
        assert_eq!(SMALL.patches_of(Size { width: 1024.0, height: 1024.0 }), 1024.0);
        assert_eq!(SMALL.patches_of(Size { width: 1800.0, height: 2400.0 }), 1452.0);
        assert_eq!(of("gpt-5-mini", (1024, 1024), "high"), 1659); // 1,024 × 1.62
        assert_eq!(of("gpt-4.1-nano", (1024, 1024), "auto"), 2520); // 1,024 × 2.46
        assert_eq!(of("o4-mini", (1800, 2400), "high"), 2498); // 1,452 × 1.72
        assert_eq!(of("gpt-5.4", (2048, 2048), "high"), 2500);
        assert_eq!(of("gpt-5.4", (2048, 2048), "auto"), 2500);
        assert_eq!(of("gpt-5.4", (2048, 2048), "original"), 4096);
        assert_eq!(of("gpt-5.5", (2048, 2048), "auto"), 4096);
        assert_eq!(of("gpt-5.6-sol", (3200, 3200), "auto"), 10_000);
        assert_eq!(of("gpt-5.6-sol", (3200, 3200), "low"), 256);
    }

    #[test]
    fn anthropic_s_patches_are_those_of_its_examples() {
        for (size, expected) in [((200, 200), 64), ((1000, 1000), 1296), ((1092, 1092), 1521)] {
            assert_eq!(of("claude-sonnet-4-6", size, "auto"), expected);
            assert_eq!(of("claude-opus-4-8", size, "auto"), expected);
        }
        assert_eq!(of("claude-opus-4-7", (1920, 1080), "auto"), 2691);
        assert_eq!(of("claude-opus-4-7", (3840, 2160), "auto"), 4784);
        assert_eq!(of("claude-sonnet-4-5", (3840, 2160), "auto"), 1560);
    }

    #[test]
    fn google_s_tiles_are_those_of_its_example() {
        assert_eq!(of("gemini-2.5-flash", (384, 200), "auto"), 258);
        assert_eq!(of("gemini-2.5-flash", (960, 540), "auto"), 6 * 258);
        assert_eq!(of("gemini-3-pro-preview", (960, 540), "auto"), 1120);
        assert_eq!(of("gemini-1.5-pro", (960, 540), "auto"), 258);
    }

    #[test]
    fn no_size_makes_a_number_beyond_measure() {
        for model in ["gpt-4o", "gpt-5-mini", "gpt-5.6", "claude-opus-4-7", "gemini-2.5", "llama"] {
            for size in [(1, 1), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX), (0, 7)] {
                let tokens = of(model, size, "original");
                assert!((1..=40_000).contains(&tokens), "{model} {size:?}: {tokens}");
            }
        }
        assert_eq!(tokens(None, None, None), 765);
    }
}
