//! Reading variables. Pure: the caller looks them up.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::secret::Secret;

/// Variables, wherever they come from. One that is empty counts as not set.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Variables<'a> {
    pub(crate) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// The value, without the space around it.
    pub(crate) fn get(self, name: &str) -> Option<String> {
        let value = (self.0)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first of these that is set, with its name.
    pub(crate) fn first<'n>(
        self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<(&'n str, String)> {
        names.into_iter().find_map(|name| Some((name, self.get(name)?)))
    }

    /// A variable of the OTLP exporter, with its name: the one for traces, else the one for all
    /// signals.
    pub(crate) fn otlp(self, setting: &str) -> Option<(String, String)> {
        [format!("OTEL_EXPORTER_OTLP_TRACES_{setting}"), format!("OTEL_EXPORTER_OTLP_{setting}")]
            .into_iter()
            .find_map(|name| self.get(&name).map(|value| (name, value)))
    }

    /// The value that a choice already made asks for; the error says what is missing.
    pub(crate) fn needed(self, name: &str, by: &str) -> Result<String, Error> {
        self.get(name).ok_or_else(|| Error::setting(name, format!("is not set; {by} needs it")))
    }

    /// A whole number.
    pub(crate) fn number<N: FromStr>(self, name: &str) -> Result<Option<N>, Error> {
        self.get(name)
            .map(|value| {
                value.parse().map_err(|_| Error::setting(name, "is no whole number that fits"))
            })
            .transpose()
    }

    /// `key=value,key=value`, percent-encoded (W3C baggage, without properties).
    pub(crate) fn pairs(self, name: &str) -> Result<Vec<(String, String)>, Error> {
        self.get(name).map_or_else(|| Ok(Vec::new()), |list| pairs(name, &list))
    }

    /// Headers, written as pairs.
    pub(crate) fn headers(self, name: &str) -> Result<Vec<(String, Secret)>, Error> {
        let pairs = self.pairs(name)?;
        Ok(pairs.into_iter().map(|(name, value)| (name, Secret::from(value))).collect())
    }
}

fn pairs(variable: &str, list: &str) -> Result<Vec<(String, String)>, Error> {
    list.split(',')
        .enumerate()
        .filter(|(_, entry)| !entry.trim().is_empty())
        .map(|(index, entry)| {
            // The entry itself may hold a key, so only its place is named.
            pair(entry).ok_or_else(|| {
                Error::setting(variable, format!("has no name=value as entry {}", index + 1))
            })
        })
        .collect()
}

fn pair(entry: &str) -> Option<(String, String)> {
    let (name, value) = entry.split_once('=')?;
    let decode =
        |text: &str| Some(percent_decode_str(text.trim()).decode_utf8().ok()?.into_owned());
    Some((decode(name).filter(|name| !name.is_empty())?, decode(value)?))
}
