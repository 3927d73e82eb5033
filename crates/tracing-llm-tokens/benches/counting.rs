//! How fast texts are counted: `cargo bench -p tracing-llm-tokens --features fast`.
//!
//! The texts are a prompt of 2 KB in English, and this repository's own prose (Markdown) and code, in
//! chunks of 2 KB. Each is counted once in a round. `counting.py` does the same with Python's
//! tiktoken.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tracing_llm_tokens::{Encoding, Tiktoken, Tokenizer};

const CHUNK: usize = 2_000;

/// All files with this ending, in the order of their names.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

/// Their text, in chunks of whole lines.
fn chunks(ending: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for folder in
        ["crates", "examples", "tests/src", "tests/tests", "tests/benches", "tests/golden"]
    {
        files(&root.join(folder), ending, &mut paths);
    }
    let mut chunks = vec![String::new()];
    for path in paths {
        for line in std::fs::read_to_string(path).unwrap().split_inclusive('\n') {
            if chunks.last().unwrap().len() + line.len() > CHUNK {
                chunks.push(String::new());
            }
            chunks.last_mut().unwrap().push_str(line);
        }
    }
    chunks
}

fn counting(criterion: &mut Criterion) {
    let prompt = vec![include_str!("prompt.txt").to_owned()];
    for (kind, chunks) in [("prompt", prompt), ("prose", chunks("md")), ("code", chunks("rs"))] {
        let bytes: usize = chunks.iter().map(String::len).sum();
        let mut group = criterion.benchmark_group(kind);
        group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            let tiktoken = Tiktoken::new().fallback(encoding);
            for (name, tokenizer) in [("tiktoken-rs", tiktoken), ("tiktoken", tiktoken.fast())] {
                let count = || -> usize {
                    chunks
                        .iter()
                        .map(|chunk| tokenizer.count(None, black_box(chunk)).unwrap())
                        .sum()
                };
                let id = format!("{}/{name}", encoding.name());
                println!("{kind}/{id}: {} tokens in {bytes} bytes", count());
                group.bench_function(id, |bencher| bencher.iter(count));
            }
        }
        group.finish();
    }
}

criterion_group!(benches, counting);
criterion_main!(benches);
