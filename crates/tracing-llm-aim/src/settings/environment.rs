//! What the variables of the environment set.

use super::Builder;
use crate::error::Error;

impl Builder {
    /// Takes from the environment what is not set in code.
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `AIM_REPO` | [`server`](Self::server): `aim://host:port` |
    /// | `AIM_EXPERIMENT` | [`experiment`](Self::experiment) |
    /// | `AIM_RUN_NAME` | [`name`](Self::name) |
    /// | `AIM_RUN_TAGS` | tags, beside those in code, separated by commas |
    ///
    /// They are named for the arguments of Aim's `Run`, which itself reads none. A variable that
    /// is empty counts as not set. Without `AIM_REPO` the handler is off: it is not `localhost`,
    /// and no folder.
    ///
    /// # Errors
    ///
    /// If `AIM_REPO` is no address of a server. Its value is not in the error.
    pub fn environment(self) -> Result<Self, Error> {
        self.fill(&|name| std::env::var(name).ok())
    }

    pub(super) fn fill(
        mut self,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let get = |name| {
            let value: Option<String> = variables(name);
            value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        if let (None, Some(server)) = (&self.server, get("AIM_REPO")) {
            super::Address::parse_as("AIM_REPO", &server)?;
            self.server = Some(server);
        }
        let about = &mut self.about;
        about.experiment = about.experiment.take().or_else(|| get("AIM_EXPERIMENT"));
        about.name = about.name.take().or_else(|| get("AIM_RUN_NAME"));
        let tags = get("AIM_RUN_TAGS").unwrap_or_default();
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        about.tags.extend(tags.map(str::to_owned));
        Ok(self)
    }
}
