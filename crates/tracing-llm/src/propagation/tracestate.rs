//! The list of vendors that goes along with a trace: checked, and carried on as it came.

/// How many members a list may have.
const MEMBERS: usize = 32;

/// How long a list may be: the specification asks for 512 bytes at least.
const BYTES: usize = 8 * 1024;

/// The list without what is empty in it, if it is one: members `key=value`, each key once.
///
/// A list that is none is discarded whole, as the specification asks; the trace is continued all
/// the same.
pub(crate) fn valid(header: &str) -> Option<String> {
    if header.len() > BYTES {
        return None;
    }
    let mut keys = Vec::new();
    let mut list = String::new();
    for member in header.split(',').map(|member| member.trim_matches([' ', '\t'])) {
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        if !is_key(key) || !is_value(value) || keys.contains(&key) || keys.len() == MEMBERS {
            return None;
        }
        keys.push(key);
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(member);
    }
    Some(list)
}

/// Lower-case letters, digits and a few signs; the first is a letter or a digit.
fn is_key(key: &str) -> bool {
    let first = key.bytes().next();
    key.len() <= 256
        && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && key.bytes().all(|byte| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
        })
}

/// Printable ASCII without comma and equals sign.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value.bytes().all(|byte| (0x20..=0x7e).contains(&byte) && !matches!(byte, b',' | b'='))
}

#[cfg(test)]
mod tests {
    use super::valid;

    #[test]
    fn a_list_goes_on_in_its_order() {
        assert_eq!(valid("rojo=00f067,congo=t61"), Some("rojo=00f067,congo=t61".into()));
        assert_eq!(valid(" a=1 ,, \tt@v=x y,").as_deref(), Some("a=1,t@v=x y"));
        assert_eq!(valid("").as_deref(), Some(""));
    }

    #[test]
    fn a_list_that_is_none_is_discarded() {
        let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        for none in ["a", "=1", "a=", "A=1", "a=1,a=2", "a=b=c", "a=\u{e9}", "a b=1", &many] {
            assert_eq!(valid(none), None, "{none}");
        }
        let just = (0..32).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        assert_eq!(valid(&just), Some(just));
        assert_eq!(valid(&format!("a={}", "x".repeat(9000))), None);
    }
}
