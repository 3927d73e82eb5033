//! Pictures and recordings that are part of a message, as far as their beginning tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tracing_llm::Text;

use super::image::{self, Size};
use super::model::{Family, family};

/// How much of a picture is read for its size: a camera's notes may stand in front of it.
const HEAD: usize = 256 * 1024;

/// Bytes a second of a recording whose header says nothing: compressed to 128 kbit/s, or the
/// Realtime API's PCM of 24,000 samples of 16 bits.
const COMPRESSED: f64 = 16_000.0;
const PCM: f64 = 48_000.0;

/// Which way a recording goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// Tokens of a picture, by its size where it is a `data:` URI.
pub(super) fn image_tokens(model: Option<&Text>, url: &str, detail: Option<&str>) -> u64 {
    let size = data(url).and_then(|(_, base64)| {
        let size = imagesize::blob_size(&decoded(base64, HEAD)?).ok()?;
        Some(Size { width: float(size.width), height: float(size.height) })
    });
    image::tokens(model.map(Text::as_str), size, detail)
}

/// Tokens of a recording, by its length; none where only its address is known.
///
/// OpenAI's guide "Managing costs" (Realtime API): a token for 100 ms that go in, and for 50 ms
/// that come out. Google's "Understand and count tokens": 32 a second. Both as of November 2026.
pub(super) fn audio_tokens(
    model: Option<&Text>,
    url: &str,
    mime_type: Option<&str>,
    way: Way,
) -> Option<u64> {
    let rate = match (family(model.map(Text::as_str)), way) {
        (Family::Gemini { .. }, _) => 32.0,
        (_, Way::In) => 10.0,
        (_, Way::Out) => 20.0,
    };
    Some(whole(seconds(url, mime_type)? * rate))
}

fn seconds(url: &str, mime_type: Option<&str>) -> Option<f64> {
    let (mime, base64) = data(url)?;
    let mime = mime_type.unwrap_or(mime);
    let digits = base64.trim_end_matches('=').len();
    let bytes = float(digits / 4 * 3 + (digits % 4).saturating_sub(1));
    let head = decoded(base64, 4 * 1024)?;
    let by_header = head.starts_with(b"RIFF").then(|| bytes_a_second(&head)).flatten();
    let default = if mime.contains("pcm") || mime.contains("L16") { PCM } else { COMPRESSED };
    Some(bytes / by_header.unwrap_or(default))
}

/// What a WAV file says of itself.
fn bytes_a_second(head: &[u8]) -> Option<f64> {
    let at = head.windows(4).position(|tag| tag == b"fmt ")?;
    let rate = head.get(at + 16..at + 20)?.try_into().ok().map(u32::from_le_bytes)?;
    (rate > 0).then_some(f64::from(rate))
}

/// Media type and Base64 of a `data:` URI.
fn data(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("data:")?.split_once(";base64,")
}

/// The first bytes of what is encoded.
fn decoded(base64: &str, limit: usize) -> Option<Vec<u8>> {
    let base64 = base64.trim_end_matches('=').as_bytes();
    let head = base64.get(..limit / 3 * 4).unwrap_or(base64);
    STANDARD_NO_PAD.decode(head).ok()
}

#[allow(clippy::cast_precision_loss, reason = "a length in memory")]
fn float(number: usize) -> f64 {
    number as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
fn whole(tokens: f64) -> u64 {
    tokens.ceil() as u64
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn uri(mime: &str, bytes: &[u8]) -> String {
        format!("data:{mime};base64,{}", STANDARD.encode(bytes))
    }

    /// The beginning of a PNG, which is all that its size needs.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn wav(bytes_a_second: u32, bytes: usize) -> Vec<u8> {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0".to_vec();
        wav.extend(bytes_a_second.to_le_bytes());
        wav.resize(bytes, 0);
        wav
    }

    fn model(name: &'static str) -> Text {
        Text::literal(name)
    }

    #[test]
    fn a_picture_in_the_message_is_taken_by_its_size() {
        let small = uri("image/png", &png(512, 512));
        assert_eq!(image_tokens(Some(&model("gpt-4o")), &small, None), 85 + 170);
        assert_eq!(image_tokens(Some(&model("claude-sonnet-4-5")), &small, None), 19 * 19);
        let gif = uri("image/gif", b"GIF89a\x00\x02\x00\x02\xf7\0\0");
        assert_eq!(image_tokens(Some(&model("gpt-4o")), &gif, None), 85 + 170);
    }

    #[test]
    fn a_picture_that_cannot_be_read_is_taken_for_one_of_1024_pixels() {
        for url in ["https://example.com/cat.png", "data:image/png;base64,####", "data:,", ""] {
            assert_eq!(image_tokens(Some(&model("gpt-4o")), url, None), 765, "{url}");
            assert_eq!(image_tokens(Some(&model("gpt-4o")), url, Some("low")), 85, "{url}");
        }
    }

    #[test]
    fn a_recording_is_taken_by_its_length() {
        let ten_seconds = uri("audio/wav", &wav(96_000, 960_000));
        let tokens = |name, way| audio_tokens(Some(&model(name)), &ten_seconds, None, way);
        assert_eq!(tokens("gpt-4o-audio-preview", Way::In), Some(100));
        assert_eq!(tokens("gpt-4o-audio-preview", Way::Out), Some(200));
        assert_eq!(tokens("gemini-2.5-flash", Way::In), Some(320));
        let compressed = uri("audio/mp3", &[0; 160_000]);
        assert_eq!(audio_tokens(None, &compressed, None, Way::In), Some(100));
        let raw = uri("application/octet-stream", &[0; 480_000]);
        assert_eq!(audio_tokens(None, &raw, Some("audio/pcm"), Way::In), Some(100));
        assert_eq!(audio_tokens(None, "https://example.com/a.mp3", None, Way::In), None);
    }
}
