//! The handlers that `--all` adds: training examples, a run of Weights & Biases, a run of Aim.

use anyhow::Result;
use tracing_llm::Builder;
use tracing_llm_aim::{Aim, AimStats};
use tracing_llm_finetuning::FineTuning;
use tracing_llm_wandb::{Run, Wandb};

use crate::console::show;

const TRAINING_FILE: &str = "train.jsonl";

/// What is left of the handlers to ask at the end.
pub struct Recorders {
    finetuning: FineTuning,
    wandb: Option<Run>,
    aim: (String, AimStats),
}

impl Recorders {
    /// Gives the handlers to the layer.
    pub fn attach(layer: Builder) -> Result<(Builder, Self)> {
        let finetuning = FineTuning::builder().file(TRAINING_FILE).build()?;
        let wandb = Wandb::from_env()?;
        let aim = Aim::from_env()?;
        let recorders = Self {
            finetuning: finetuning.clone(),
            wandb: wandb.run(),
            aim: (aim.destination(), aim.stats()),
        };
        Ok((layer.handler(finetuning).handler(wandb).handler(aim), recorders))
    }

    /// Says what they made.
    pub fn report(&self) -> Result<()> {
        show(&format!("training  {TRAINING_FILE}: {}\n", self.finetuning.counts()))?;
        match &self.wandb {
            Some(run) => show(&format!("wandb     {}: {}\n", run.counts(), run.sync_command()))?,
            None => show("wandb     off\n")?,
        }
        let (destination, stats) = &self.aim;
        Ok(show(&format!("aim       {destination}: {}\n", stats.counts()))?)
    }
}
