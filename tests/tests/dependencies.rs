//! Who may depend on whom, and what may stand where: the rules of the design, executed.
//!
//! What `deny.toml` says of the crates' direct dependants is not said again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use tracing_llm_tests::sources::{Source, crates, root, sources, without_tests};

const CORE: &str = "tracing-llm";

/// The packages that stand at the end: nothing depends on them.
const ENDS: &[&str] = &["tests", "examples"];

/// They stand between this project and another: they may know layers, and are no handlers alone.
const BRIDGES: &[&str] = &["tracing-llm-http", "tracing-llm-otel"];

/// How code names a file, a socket or a standard stream.
const IO: &[&str] = &[
    "fs::",
    "std::fs",
    "fs,",
    "net::",
    "std::net",
    "net,",
    "File::",
    "OpenOptions",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "process::Command",
    "ureq::Agent",
];

/// The files that may do input and output in a handler's crate.
const IO_FILES: &[&str] = &["client", "sink", "writer", "file", "source", "spool"];

/// Everything but the core.
fn around() -> Vec<String> {
    crates().into_iter().filter(|name| name != CORE).collect()
}

fn handlers() -> Vec<String> {
    around().into_iter().filter(|name| !BRIDGES.contains(&name.as_str())).collect()
}

/// The manifest's section, as its lines.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let header = format!("[{name}]");
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect()
}

/// The names in a section of dependencies: `tokio = …` and `tokio.workspace = true`.
fn dependencies<'a>(manifest: &'a str, name: &str) -> BTreeSet<&'a str> {
    let lines = section(manifest, name).into_iter();
    lines.filter_map(|line| line.split(['.', '=']).next()).map(str::trim).collect()
}

fn manifest(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("Cargo.toml")).unwrap()
}

fn manifest_of(krate: &str) -> String {
    manifest(&root().join("crates").join(krate))
}

/// Everything that a package is built with, at any depth, without what only its tests need.
fn tree(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", package, "--all-features"])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The lines of all these files where one of the names stands.
fn found<'a>(krate: &str, files: impl Iterator<Item = &'a Source>, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in files {
        for name in names {
            let lines = source.names(name);
            let place = format!("{krate}/src/{}", source.path.display());
            found.extend(lines.iter().map(|line| format!("{place}:{line}: {name}")));
        }
    }
    found
}

const NONE: [String; 0] = [];

#[test]
fn the_core_is_built_without_handlers_opentelemetry_http_clients_or_tokenizers() {
    let tree = tree(CORE);
    assert!(tree.contains("tracing-subscriber") && tree.contains("tokio"), "{tree:?}");
    let is_foreign = |name: &&String| {
        let foreign =
            ["ureq", "reqwest", "hyper", "tiktoken", "tiktoken-rs", "tokenizers", "genai-prices"];
        name.starts_with("tracing-llm-")
            || name.contains("opentelemetry")
            || foreign.contains(&name.as_str())
    };
    assert_eq!(tree.iter().filter(is_foreign).collect::<Vec<_>>(), NONE.iter().collect::<Vec<_>>());
}

#[test]
fn tokio_is_the_only_async_runtime_of_the_core_and_its_smallest_part() {
    let manifest = manifest_of(CORE);
    let tokio = section(&manifest, "dependencies").into_iter().find(|l| l.starts_with("tokio "));
    assert_eq!(
        tokio,
        Some(r#"tokio = { workspace = true, features = ["rt", "sync", "time"] }"#),
        "a feature more is a decision"
    );
    let tree = tree(CORE);
    for runtime in ["async-std", "smol", "async-executor", "mio", "socket2"] {
        assert!(!tree.contains(runtime), "{runtime}");
    }
}

#[test]
fn a_handler_is_built_with_the_core_and_with_no_other_handler() {
    let handlers = handlers();
    assert!(handlers.len() >= 3, "{handlers:?}");
    for handler in &around() {
        let tree = tree(handler);
        let ours: Vec<_> = tree.iter().filter(|name| name.starts_with("tracing-llm")).collect();
        assert_eq!(ours, [CORE, handler]);
    }
}

#[test]
fn opentelemetry_is_in_the_openinference_handler_and_in_its_bridge_alone() {
    for krate in crates() {
        let has = tree(&krate).iter().any(|name| name.contains("opentelemetry"));
        let may = ["tracing-llm-openinference", "tracing-llm-otel"].contains(&krate.as_str());
        assert_eq!(has, may, "{krate}");
    }
}

#[test]
fn nothing_depends_on_the_tests_or_the_examples() {
    for krate in crates() {
        let manifest = manifest_of(&krate);
        for name in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for end in ENDS {
                let package = format!("{CORE}-{end}");
                assert!(!dependencies(&manifest, name).contains(&*package), "{krate}: {package}");
            }
        }
        assert!(!manifest.contains("path ="), "{krate}: paths stand in the workspace's manifest");
    }
    let workspace = manifest(root());
    for end in ENDS {
        let package = format!("{CORE}-{end}");
        assert!(!dependencies(&workspace, "workspace.dependencies").contains(&*package));
    }
}

#[test]
fn a_handler_knows_events_and_no_layer() {
    for handler in handlers() {
        let manifest = manifest_of(&handler);
        assert!(!dependencies(&manifest, "dependencies").contains("tracing-subscriber"));
        let files = without_tests(sources(&handler));
        assert!(files.len() >= 5, "{handler}: {} files", files.len());
        let names = ["tracing_subscriber", "layer::Context", "Visit", "LookupSpan"];
        assert_eq!(found(&handler, files.iter(), &names), NONE);
    }
}

#[test]
fn a_handler_does_io_in_files_that_are_named_for_it_alone() {
    let mut does_io = 0;
    for handler in around() {
        let files = without_tests(sources(&handler));
        let is_io = |source: &&Source| {
            let module = source.path.with_extension("");
            module.iter().any(|part| IO_FILES.iter().any(|name| part == *name))
        };
        assert_eq!(found(&handler, files.iter().filter(|file| !is_io(file)), IO), NONE);
        does_io += found(&handler, files.iter().filter(is_io), IO).len();
    }
    assert!(does_io > 0, "a printer and an exporter without any output?");
}

#[test]
fn the_core_does_no_io() {
    let files = without_tests(sources(CORE));
    assert!(files.len() >= 50, "{} files", files.len());
    assert_eq!(found(CORE, files.iter(), IO), NONE);
}

#[test]
fn the_front_page_of_a_crate_is_a_table_of_contents() {
    for krate in crates() {
        let files = sources(&krate);
        let lib = files.iter().find(|source| source.path == Path::new("lib.rs")).unwrap();
        let words = ["fn", "impl", "struct", "enum", "trait", "const", "static", "type", "union"];
        assert_eq!(found(&krate, std::iter::once(lib), &words), NONE);
        assert_eq!(found(&krate, std::iter::once(lib), &["macro_rules!", "thread_local!"]), NONE);
    }
}

#[test]
fn no_file_is_longer_than_six_hundred_lines() {
    for krate in crates() {
        for source in sources(&krate) {
            let lines = source.text.lines().count();
            assert!(lines <= 600, "{krate}/src/{}: {lines} lines", source.path.display());
        }
    }
}
