//! Runs this program below callgrind, and reads what it counted.

use std::path::Path;
use std::process::{Command, Stdio};

/// The argument that makes this program do the work itself.
pub(crate) const WORK: &str = "--work";

/// Whether valgrind can be run.
pub(crate) fn is_there() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// The instructions that the thread which makes the spans takes inside of `counted_…`; those of
/// other threads are not in it.
pub(crate) fn count(subject: &str, work: &str) -> f64 {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.{subject}.{work}"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .args([WORK, subject, work])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{subject}, {work}: {stderr}");
    let profile = std::fs::read_to_string(&out).unwrap();
    let total = profile.lines().find_map(|line| line.strip_prefix("totals:")).unwrap();
    let total: f64 = total.trim().parse().unwrap();
    assert!(total > 0.0, "{subject}, {work}: nothing was counted");
    total
}
