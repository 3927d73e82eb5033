//! Sends the spans of a file, or of all `.jsonl` files of a folder, to a collector.
//!
//! ```text
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:6006 \
//!     cargo run -p tracing-llm-openinference --example resend -- spans.jsonl
//! ```
//!
//! It takes what the file exporter of this crate wrote, a Collector's `file` exporter, or an
//! OpenTelemetry SDK's: lines of OTLP JSON.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks to its user")]

use std::process::ExitCode;

use tracing_llm_openinference::{Error, OpenInference, ResendReport};

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [path] = paths.as_slice() else {
        return usage();
    };
    if path.starts_with('-') {
        return usage();
    }
    match resend(path) {
        Ok(report) => {
            println!("{report}");
            if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:6006 resend FILE_OR_FOLDER\n\
         The spans keep the resource, and so the project, that stands in the file."
    );
    ExitCode::FAILURE
}

fn resend(path: &str) -> Result<ResendReport, Error> {
    OpenInference::builder().environment()?.resend(path)
}
