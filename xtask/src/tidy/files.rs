//! The tree as the rules see it: every file that git tracks or would track, read once.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::code::Code;
use crate::cache;

/// A file of the tree.
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) bytes: usize,
    /// The content; none if it is not text.
    pub(super) text: Option<String>,
    /// For Rust files: what the compiler sees of it.
    pub(super) code: Option<Code>,
}

impl File {
    /// A file with this content.
    pub(super) fn new(path: &str, content: Vec<u8>) -> Self {
        let bytes = content.len();
        let text = String::from_utf8(content).ok().filter(|text| !text.contains('\0'));
        let code = text.as_deref().filter(|_| path.ends_with(".rs")).map(Code::read);
        Self { path: path.to_owned(), bytes, text, code }
    }

    /// The lines of a text file, numbered from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.as_deref().unwrap_or_default().lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether all of the file is tests, benchmarks or fuzz targets.
    pub(super) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| ["tests", "tests.rs", "benches", "fuzz"].contains(&part))
    }
}

/// All files, sorted by path.
pub(super) struct Tree(Vec<File>);

impl Tree {
    /// Reads what git tracks under `root`, and what it would track if it were added.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let listed = git.output().context("starting git")?;
        if !listed.status.success() {
            bail!("git cannot list the files: {}", String::from_utf8_lossy(&listed.stderr).trim());
        }
        let list = String::from_utf8(listed.stdout).context("a file name is not UTF-8")?;
        let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        let present = paths.into_iter().filter(|path| root.join(path).is_file());
        let files = present.map(|path| Ok(File::new(path, cache::read(&root.join(path))?)));
        files.collect::<Result<Vec<_>>>().map(Self)
    }

    pub(super) fn files(&self) -> &[File] {
        &self.0
    }

    /// The file at `path`, if there is one.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.0.iter().find(|file| file.path == path)
    }

    /// Whether `path` is a file, or a folder with a file in it.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty() || self.0.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    /// The Rust files, with what the compiler sees of them.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Code)> {
        self.0.iter().filter_map(|file| Some((file, file.code.as_ref()?)))
    }

    /// The Rust files of the library that are not tests.
    pub(super) fn library(&self) -> impl Iterator<Item = (&File, &Code)> {
        self.rust().filter(|(file, _)| file.path.starts_with("crates/belljar/src/") && !file.is_test())
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| File::new(path, text.as_bytes().to_vec())).collect())
    }
}
