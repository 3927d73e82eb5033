//! The address of a server.

use std::fmt;

use ureq::http::Uri;

use crate::error::Error;

/// The port of `aim server`.
const PORT: u16 = 53_800;

/// Where an `aim server` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
    /// What stands before the paths of the protocol: empty, or `/…` without a slash at its end.
    base: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_as("the server", text)
    }

    /// Reads an address that an error calls by this name. Its text is in no error.
    pub(crate) fn parse_as(name: &str, text: &str) -> Result<Self, Error> {
        let invalid = || Error::setting(name, "is no aim://host:port or http://host:port address");
        let uri: Uri = text.trim().parse().map_err(|_| invalid())?;
        match uri.scheme_str() {
            Some("aim" | "http") => {}
            Some("https") => {
                return Err(Error::setting(name, "asks for TLS, which this crate does not speak"));
            }
            _ => return Err(invalid()),
        }
        let authority = uri.authority().ok_or_else(invalid)?;
        if authority.as_str().contains('@') {
            return Err(Error::setting(name, "holds a user or password: set a header instead"));
        }
        if authority.host().is_empty() || uri.query().is_some() {
            return Err(invalid());
        }
        Ok(Self {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(PORT),
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The address of a path, by this scheme: `http` or `ws`.
    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}:{}{}{path}", self.host, self.port, self.base)
    }

    /// What a socket connects to. An IPv6 address stands without its brackets.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url("aim", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_aim_writes_them() {
        for (text, shown, url) in [
            ("aim://127.0.0.1:53800", "aim://127.0.0.1:53800", "http://127.0.0.1:53800/status/"),
            (" aim://tracking/ ", "aim://tracking:53800", "http://tracking:53800/status/"),
            ("http://[::1]:80/aim/", "aim://[::1]:80/aim", "http://[::1]:80/aim/status/"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.url("http", "/status/"), url);
        }
        assert_eq!(Address::parse("aim://[::1]").unwrap().host_and_port(), ("::1", 53_800));
    }

    #[test]
    fn what_is_no_address_of_a_server_is_told_without_its_text() {
        for bad in
            ["", "./repo", "/data/repo", "127.0.0.1:53800", "aim://", "ftp://host", "aim://h?k=1"]
        {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        let secret = Address::parse("aim://user:hidden@host").unwrap_err();
        assert!(!format!("{secret} {secret:?}").contains("hidden"));
        let tls = Address::parse("https://host").unwrap_err();
        assert_eq!(tls.to_string(), "the server asks for TLS, which this crate does not speak");
    }
}
