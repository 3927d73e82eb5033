//! The address that spans are sent to.

use std::fmt;

use ureq::http::Uri;

use crate::error::Error;

/// An address over `http` or `https`. Shown without its query, which may hold a key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Uri);

impl Endpoint {
    /// Reads an address. Its text is in no error: it may hold a key.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_as("the endpoint", text)
    }

    /// Reads an address that an error calls by this name.
    pub(crate) fn parse_as(name: &str, text: &str) -> Result<Self, Error> {
        let invalid = || Error::setting(name, "is no http:// or https:// address");
        let uri: Uri = text.trim().parse().map_err(|_| invalid())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(invalid());
        }
        match uri.authority() {
            None => Err(invalid()),
            Some(authority) if authority.as_str().contains('@') => {
                Err(Error::setting(name, "holds a user or password: set a header instead"))
            }
            Some(_) => Ok(Self(uri)),
        }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The whole address.
    pub(crate) fn to_url(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.to_url();
        f.write_str(url.split('?').next().unwrap_or_default())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_and_https_addresses_are_taken() {
        for bad in
            ["", "127.0.0.1:4318", "grpc://127.0.0.1:4317", "/v1/traces", "http://", "no address"]
        {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        assert!(!Endpoint::parse(" http://127.0.0.1:4318/v1/traces ").unwrap().is_https());
        assert!(Endpoint::parse("https://collector.example").unwrap().is_https());
    }

    #[test]
    fn no_key_in_an_address_is_shown() {
        let endpoint = Endpoint::parse("https://c.example/v1/traces?key=secret").unwrap();
        assert_eq!(endpoint.to_string(), "https://c.example/v1/traces");
        assert_eq!(format!("{endpoint:?}"), "https://c.example/v1/traces");
        assert_eq!(endpoint.to_url(), "https://c.example/v1/traces?key=secret");
        let error = Endpoint::parse("http://user:secret@c.example/").unwrap_err();
        assert!(error.is_setting());
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
