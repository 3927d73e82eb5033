//! What real servers make of our spans.
//!
//! A test whose server is not named by its variable is listed as ignored: it was not run.
//! `tests/backends/run.sh` installs and starts the servers and names them:
//!
//! | variable | server |
//! |---|---|
//! | `TRACING_LLM_TEST_PHOENIX` | Phoenix's address: `http://127.0.0.1:6006` |
//! | `TRACING_LLM_TEST_PHOENIX_GRPC` | the same Phoenix's address for gRPC |
//! | `TRACING_LLM_TEST_COLLECTOR` | a collector's OTLP/HTTP address that forwards to that Phoenix |
//! | `TRACING_LLM_TEST_OTELTAP` | the program `oteltap` |
//! | `TRACING_LLM_TEST_WANDB` | the program `wandb` |
//! | `TRACING_LLM_TEST_WANDB_SERVER` | the address of what stands in for W&B's server |
//! | `TRACING_LLM_TEST_AIM` | the program `aim`, with its Python beside it |

mod aim;
mod linked;
mod oteltap;
mod phoenix;
mod pipeline;
mod presets;
mod processes;
mod sent;
mod wandb;

use libtest_mimic::{Arguments, Trial};

fn main() {
    // A process that a test starts to kill it.
    if let Some(folder) = std::env::var_os(wandb::VICTIM) {
        wandb::write_until_killed(folder.into());
    }
    // A process that a test asks.
    if let Ok(headers) = std::env::var(processes::RETRIEVER) {
        return processes::retrieve(&headers);
    }
    let arguments = Arguments::from_args();
    let trials = [
        phoenix::trials(),
        linked::trials(),
        processes::trials(),
        presets::trials(),
        oteltap::trials(),
        wandb::trials(),
        aim::trials(),
    ];
    let trials = trials.concat_trials();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A test that needs servers: ignored, and said so, unless every variable is set.
fn trial<const N: usize>(
    name: &str,
    variables: [&'static str; N],
    test: impl FnOnce([String; N]) + Send + 'static,
) -> Trial {
    let found = variables.map(|variable| std::env::var(variable).ok().filter(|it| !it.is_empty()));
    let missing = found.iter().any(Option::is_none);
    Trial::test(name, move || {
        test(found.map(Option::unwrap_or_default));
        Ok(())
    })
    .with_kind(if missing { "not run, no server" } else { "" })
    .with_ignored_flag(missing)
}

trait Concat {
    fn concat_trials(self) -> Vec<Trial>;
}

impl<const N: usize> Concat for [Vec<Trial>; N] {
    fn concat_trials(self) -> Vec<Trial> {
        self.into_iter().flatten().collect()
    }
}
