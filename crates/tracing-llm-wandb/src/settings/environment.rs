//! What W&B's variables of the environment set.

use super::{Builder, Mode};
use crate::error::Error;

/// Looks a variable up; the process's environment, or a test's.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Builder {
    /// Takes from the environment what is not set in code:
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `WANDB_MODE` | `offline` or `dryrun`: written; `disabled`: not; `online`, `run` or `shared`: written too, with one WARN that says how to upload it, since nothing is sent from here |
    /// | `WANDB_DIR` | [`dir`](Self::dir) |
    /// | `WANDB_PROJECT` | [`project`](Self::project) |
    /// | `WANDB_ENTITY` | [`entity`](Self::entity) |
    /// | `WANDB_RUN_ID` | [`id`](Self::id) |
    /// | `WANDB_NAME` | [`name`](Self::name) |
    /// | `WANDB_NOTES` | [`notes`](Self::notes) |
    /// | `WANDB_TAGS` | [`tags`](Self::tags), divided by commas |
    /// | `WANDB_RUN_GROUP` | [`group`](Self::group) |
    /// | `WANDB_JOB_TYPE` | [`job_type`](Self::job_type) |
    /// | `WANDB_HOST` | the name of the machine; without it none is written |
    ///
    /// A variable that is empty counts as not set. `WANDB_API_KEY` and `WANDB_BASE_URL` are for
    /// `wandb sync`: they are not read here.
    ///
    /// # Errors
    ///
    /// If `WANDB_MODE` is none of these words. What the others say is checked when it is built.
    pub fn environment(self) -> Result<Self, Error> {
        self.fill(&|name| std::env::var(name).ok())
    }

    pub(super) fn fill(mut self, lookup: Lookup<'_>) -> Result<Self, Error> {
        let variable = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        if let (None, Some(mode)) = (self.mode, variable("WANDB_MODE")) {
            match mode.trim() {
                "offline" | "dryrun" => self.mode = Some(Mode::Offline),
                "disabled" => self.mode = Some(Mode::Disabled),
                "online" | "run" | "shared" => self.online = true,
                _ => return Err(Error::setting("WANDB_MODE", "is no mode of W&B")),
            }
        }
        self.dir = self.dir.or_else(|| variable("WANDB_DIR").map(Into::into));
        let arguments = &mut self.arguments;
        for (name, field) in [
            ("WANDB_PROJECT", &mut arguments.project),
            ("WANDB_ENTITY", &mut arguments.entity),
            ("WANDB_RUN_ID", &mut arguments.id),
            ("WANDB_NAME", &mut arguments.name),
            ("WANDB_NOTES", &mut arguments.notes),
            ("WANDB_RUN_GROUP", &mut arguments.group),
            ("WANDB_JOB_TYPE", &mut arguments.job_type),
            ("WANDB_HOST", &mut arguments.host),
        ] {
            if field.is_empty() {
                *field = variable(name).unwrap_or_default();
            }
        }
        if arguments.tags.is_empty() {
            let tags = variable("WANDB_TAGS").unwrap_or_default();
            let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            arguments.tags = tags.map(str::to_owned).collect();
        }
        Ok(self)
    }
}
