//! One member of [W3C Baggage](https://www.w3.org/TR/baggage/), by its name: pure.

/// How long a value may be that is taken out of a header, or put into one.
const BYTES: usize = 256;

/// The value of the first member with this name, decoded; none if it is empty, too long or no
/// text.
pub(super) fn value(header: &str, name: &str) -> Option<String> {
    let member = header.split(',').find_map(|member| {
        let member = member.split(';').next()?; // properties follow
        let (key, value) = member.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })?;
    if member.len() > 3 * BYTES {
        return None;
    }
    let text = decode(member)?;
    let shown = !text.is_empty() && text.len() <= BYTES && !text.chars().any(char::is_control);
    shown.then_some(text)
}

/// A member; none if the name is no token or the value too long.
pub(super) fn member(name: &str, value: &str) -> Option<String> {
    if !is_token(name) || value.is_empty() || value.len() > BYTES {
        return None;
    }
    let mut member = format!("{name}=");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':' | b'@') {
            member.push(char::from(byte));
        } else {
            member.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(member)
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits
                .bytes()
                .all(|b| b.is_ascii_hexdigit())
                .then(|| u8::from_str_radix(digits, 16))?
                .ok()
        });
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..)?;
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name_and_decoded() {
        let header = "userId=al%C3%A9%20x, session = s-1;ttl=3 ,other=1";
        assert_eq!(value(header, "userId").as_deref(), Some("alé x"));
        assert_eq!(value(header, "session").as_deref(), Some("s-1"));
        assert_eq!(value(header, "ttl"), None);
        assert_eq!(value("a=100%", "a").as_deref(), Some("100%"));
    }

    #[test]
    fn what_is_empty_long_or_no_text_is_not_taken() {
        for none in ["a=", "a=%00", "a=x%0Ay", "a=%FF", "b=1", "", "a"] {
            assert_eq!(value(none, "a"), None, "{none}");
        }
        assert_eq!(value(&format!("a={}", "x".repeat(257)), "a"), None);
        assert_eq!(value(&format!("a={}", "x".repeat(256)), "a").map(|v| v.len()), Some(256));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["s-1", "alé x", "a,b;c=d%\"", "日本"] {
            let written = member("session.id", text).unwrap();
            assert!(written.is_ascii() && !written.contains(','), "{written}");
            assert_eq!(value(&written, "session.id").as_deref(), Some(text));
        }
        assert_eq!(member("session id", "x"), None);
        assert_eq!(member("a", &"x".repeat(257)), None);
    }
}
