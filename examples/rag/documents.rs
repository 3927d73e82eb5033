//! Markdown files: those of a folder, or those of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

/// A file, named by its path from the folder that it was looked for in.
pub struct File {
    pub name: String,
    pub text: Arc<str>,
}

/// Reads all Markdown files of a folder, or those of this repository.
//
// Plain `tracing` is enough to make a function an event.
#[tracing::instrument(skip_all, fields(event_type = "CHAIN"), err(level = "info"))]
pub fn load(docs: Option<&Path>) -> Result<Vec<File>> {
    let root = docs.map_or_else(repository, Path::to_owned);
    let mut paths = if docs.is_some() { find(&root)? } else { find_own(&root)? };
    paths.sort();
    if paths.is_empty() {
        bail!("no Markdown documents in {}", root.display());
    }
    let folder = if root.is_file() { root.parent().unwrap_or(&root) } else { &root };
    paths.iter().map(|path| read(path, folder)).collect()
}

fn read(path: &Path, folder: &Path) -> Result<File> {
    let text = fs::read_to_string(path).with_context(|| cannot_read(path))?;
    let name = path.strip_prefix(folder).unwrap_or(path);
    Ok(File { name: name.display().to_string(), text: text.into() })
}

/// All Markdown files below a folder; hidden folders and build output are left out. A file is
/// taken for itself.
fn find(path: &Path) -> Result<Vec<PathBuf>> {
    if fs::metadata(path).with_context(|| cannot_read(path))?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| cannot_read(path))? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        let left_out = name.as_encoded_bytes().starts_with(b".") || name == "target";
        if path.is_dir() && !path.is_symlink() && !left_out {
            found.extend(find(&path)?);
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The documents at the top of this repository, and what each crate says of itself.
fn find_own(root: &Path) -> Result<Vec<PathBuf>> {
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let mut paths: Vec<_> = top.iter().map(|name| root.join(name)).collect();
    let crates = root.join("crates");
    for folder in fs::read_dir(&crates).with_context(|| cannot_read(&crates))? {
        paths.push(folder?.path().join("README.md"));
    }
    paths.retain(|path| path.is_file());
    Ok(paths)
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
