//! Where on a server traces are taken.

/// The address for traces of a server: its own with the path added, unless it is there already.
/// A query stays at the end.
pub(super) fn join(server: &str, path: &str) -> String {
    let (server, query) = match server.split_once('?') {
        Some((server, query)) => (server, format!("?{query}")),
        None => (server, String::new()),
    };
    let server = server.trim_end_matches('/');
    if path.is_empty() || server.ends_with(path) {
        return format!("{server}{query}");
    }
    // Arize's own documents give its address with the version.
    let server = match server.strip_suffix("/v1") {
        Some(base) if path.starts_with("/v1/") => base,
        _ => server,
    };
    format!("{server}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_unless_it_is_there() {
        for (server, address) in [
            ("http://c.example", "http://c.example/v1/traces"),
            ("http://c.example/", "http://c.example/v1/traces"),
            ("http://c.example/s/space", "http://c.example/s/space/v1/traces"),
            ("http://c.example/v1", "http://c.example/v1/traces"),
            ("http://c.example/v1/traces", "http://c.example/v1/traces"),
            ("http://c.example/v1/traces/", "http://c.example/v1/traces"),
            ("http://c.example/?team=a", "http://c.example/v1/traces?team=a"),
        ] {
            assert_eq!(join(server, "/v1/traces"), address);
        }
        assert_eq!(join("http://c.example/mine", ""), "http://c.example/mine");
        assert_eq!(
            join("http://c.example/v1", "/otel/v1/traces"),
            "http://c.example/v1/otel/v1/traces"
        );
    }
}
