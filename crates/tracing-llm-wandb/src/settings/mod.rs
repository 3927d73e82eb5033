//! What a run is made with.

mod environment;
mod rules;

use std::path::PathBuf;

use serde_json::{Map, Value};

pub(crate) use self::rules::id_of;
use crate::error::Error;
use crate::handler::Wandb;

/// Whether a run is written.
///
/// ```
/// use tracing_llm_wandb::{Mode, Wandb};
///
/// let wandb = Wandb::builder().mode(Mode::Disabled).build()?;
/// assert!(wandb.run().is_none());
/// # Ok::<(), tracing_llm_wandb::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Into a folder, for `wandb sync` to upload.
    Offline,
    /// Not at all.
    Disabled,
}

/// The arguments of a run. Begun by [`Wandb::builder`].
///
/// They have the names and the meaning of `wandb.init`'s, and are checked by its rules.
///
/// ```
/// use tracing_llm_wandb::Wandb;
///
/// let folder = std::env::temp_dir().join(format!("wandb-builder-{}", std::process::id()));
/// let wandb = Wandb::builder()
///     .dir(&folder)
///     .project("rag")
///     .name("baseline")
///     .tags(["nightly", "gpt-5-mini"])
///     .config("chunk_size", 512)
///     .build()?;
/// assert!(wandb.run().is_some_and(|run| run.folder().starts_with(&folder)));
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), tracing_llm_wandb::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    mode: Option<Mode>,
    /// The environment asks for what is not done here: said once.
    online: bool,
    dir: Option<PathBuf>,
    arguments: Arguments,
    text_limit: usize,
}

/// What the run says of itself; what is empty is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    /// Settled when it is built.
    pub(crate) id: String,
    pub(crate) entity: String,
    pub(crate) project: String,
    pub(crate) group: String,
    pub(crate) job_type: String,
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) tags: Vec<String>,
    pub(crate) host: String,
    pub(crate) config: Map<String, Value>,
}

/// All that is settled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) dir: PathBuf,
    pub(crate) arguments: Arguments,
    pub(crate) text_limit: usize,
    pub(crate) online: bool,
}

/// What is written of one text unless the settings say otherwise, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;

impl Default for Builder {
    fn default() -> Self {
        Self {
            mode: None,
            online: false,
            dir: None,
            arguments: Arguments::default(),
            text_limit: TEXT_LIMIT,
        }
    }
}

impl Builder {
    /// Whether the run is written; by default it is.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The folder in which the folder `wandb` is; by default the current one.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// The project. W&B takes `uncategorized` if there is none.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.arguments.project = project.into();
        self
    }

    /// The user or team. W&B takes that of the API key if there is none.
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        self.arguments.entity = entity.into();
        self
    }

    /// The run's id, unique in its project; by default eight random letters and digits. `wandb
    /// sync` adds a run to what the server has of that id.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.arguments.id = id.into();
        self
    }

    /// The name that is shown; W&B makes one up if there is none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.arguments.name = name.into();
        self
    }

    /// A longer description, in Markdown.
    pub fn notes(mut self, notes: impl Into<String>) -> Self {
        self.arguments.notes = notes.into();
        self
    }

    /// The group of runs that it belongs to.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.arguments.group = group.into();
        self
    }

    /// What kind of work it is, such as `eval`.
    pub fn job_type(mut self, job_type: impl Into<String>) -> Self {
        self.arguments.job_type = job_type.into();
        self
    }

    /// Tags, in place of those set before; each of 1 to 64 characters.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.arguments.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// An input of the run, such as a hyperparameter: any JSON value. The same key again replaces it.
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.arguments.config.insert(key.into(), value.into());
        self
    }

    /// How many bytes of each text are written, 65,536 by default; what is cut off is told at its
    /// place. 0 writes no content at all: trees without inputs and outputs, a table without texts.
    pub fn text_limit(mut self, bytes: usize) -> Self {
        self.text_limit = bytes;
        self
    }

    /// Makes the handler, the run's folder and its file.
    ///
    /// # Errors
    ///
    /// If an argument breaks W&B's rules, or if the folder or the file cannot be made: it may be
    /// there already, or `wandb` be a link.
    pub fn build(self) -> Result<Wandb, Error> {
        Wandb::new(self.settle()?)
    }

    /// None if it is disabled.
    fn settle(self) -> Result<Option<Settings>, Error> {
        if self.mode == Some(Mode::Disabled) {
            return Ok(None);
        }
        let mut arguments = self.arguments;
        rules::check(&arguments)?;
        if arguments.id.is_empty() {
            arguments.id = id_of(rules::random());
        }
        Ok(Some(Settings {
            dir: self.dir.unwrap_or_else(|| PathBuf::from(".")),
            arguments,
            text_limit: self.text_limit,
            online: self.online && self.mode.is_none(),
        }))
    }
}

#[cfg(test)]
mod tests;
