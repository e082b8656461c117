//! What a session has changed of its copy-on-write mounts: found by comparing what is in memory with what is remembered of the host.
//! Nothing is read from the host for it.

use std::collections::BTreeSet;

use super::Files;
use super::content::Content;
use super::hosted::Hosted;
use super::kind::Kind;
use super::node::{Body, Id};
use super::remembered::{Covered, Fingerprint, Remembered};
use super::tree::Tree;
use crate::mount::MountMode;
use crate::outcome::{ChangeKind, FileChange, FileKind};

/// The most changes that an outcome lists. With the longest paths the list then takes up 40 MB.
const LISTED_MAX: usize = 10_000;

/// One change, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// The path that the guest knows it by.
    pub(super) path: String,
    /// The place on the host that is to change.
    pub(super) place: Hosted,
    pub(super) kind: ChangeKind,
    /// What the guest has made of it; None when it is deleted.
    pub(super) node: Option<u64>,
    /// What the host had there; None when it is added.
    pub(super) print: Option<Fingerprint>,
    pub(super) is: FileKind,
    pub(super) size: u64,
}

impl Difference {
    /// The change as it is told.
    pub(super) fn told(&self) -> FileChange {
        FileChange { path: self.path.clone(), kind: self.kind, is: self.is, size_bytes: self.size }
    }
}

impl Files {
    /// The changes, by mount and path: what an outcome lists, 10,000 at most.
    pub(crate) fn changes_listed(&self) -> Vec<FileChange> {
        self.differences(LISTED_MAX).iter().map(Difference::told).collect()
    }

    /// All changes, by mount and path.
    pub(crate) fn changes(&self) -> Vec<FileChange> {
        self.differences(usize::MAX).iter().map(Difference::told).collect()
    }

    pub(super) fn differences(&self, most: usize) -> Vec<Difference> {
        self.space.as_ref().map(|space| space.tree.differences(most)).unwrap_or_default()
    }
}

impl Tree {
    fn differences(&self, most: usize) -> Vec<Difference> {
        let mut found = Found { tree: self, most, all: Vec::new() };
        for (mount, grant) in self.mounts.iter().filter(|(_, grant)| grant.mode() == MountMode::CopyOnWrite) {
            let root = Hosted::root(mount);
            if let Id::Made(number) = self.standing_for(root.clone()) {
                found.directory(number, &root, grant.destination());
            }
        }
        found.all
    }
}

struct Found<'a> {
    tree: &'a Tree,
    most: usize,
    all: Vec<Difference>,
}

impl Found<'_> {
    /// What differs in a directory. Files lie only so deep, and so does what is remembered.
    fn directory(&mut self, number: u64, place: &Hosted, path: &str) {
        let Some(directory) = self.tree.directory(&Id::Made(number)) else { return };
        let nothing = Remembered::new();
        let covered = directory.covering().map_or(&nothing, |(_, covered)| covered);
        let names: BTreeSet<&str> =
            directory.iter().map(|(name, _)| name).chain(covered.keys().map(AsRef::as_ref)).collect();
        for name in names {
            if self.all.len() >= self.most {
                return;
            }
            let (place, path) = (place.child(name), format!("{path}/{name}"));
            match (directory.get(name), covered.get(name)) {
                (Some(entry), base) => self.entry(entry, base, &place, &path),
                (None, Some(base)) => self.deleted(base, &place, &path),
                (None, None) => {}
            }
        }
    }

    fn entry(&mut self, number: u64, base: Option<&Covered>, place: &Hosted, path: &str) {
        let Some(node) = self.tree.node(&Id::Made(number)) else { return };
        let (is, size) = (is_of(node.body.kind()), node.body.size());
        let mut tell = |kind, print: Option<&Fingerprint>| {
            let (path, place, print) = (path.to_owned(), place.clone(), print.cloned());
            self.all.push(Difference { path, place, kind, node: Some(number), print, is, size });
        };
        match (&node.body, base) {
            (Body::Directory(directory), base) => {
                if directory.covering().is_none() {
                    if let Some(base) = base {
                        self.deleted(base, place, path);
                    }
                    let (path, place) = (path.to_owned(), place.clone());
                    let kind = ChangeKind::Added;
                    self.all.push(Difference {
                        path,
                        place,
                        kind,
                        node: Some(number),
                        print: None,
                        is,
                        size,
                    });
                }
                self.directory(number, place, path);
            }
            (_, None) => tell(ChangeKind::Added, None),
            (_, Some(base)) if base.print.kind == Kind::Directory => {
                self.deleted(base, place, path);
                let (path, place, kind) = (path.to_owned(), place.clone(), ChangeKind::Added);
                self.all.push(Difference { path, place, kind, node: Some(number), print: None, is, size });
            }
            (body, Some(base)) if differs(body, &base.print, place) => {
                tell(ChangeKind::Changed, Some(&base.print));
            }
            _ => {}
        }
    }

    fn deleted(&mut self, base: &Covered, place: &Hosted, path: &str) {
        for (name, child) in &base.children {
            if self.all.len() >= self.most {
                return;
            }
            self.deleted(child, &place.child(name), &format!("{path}/{name}"));
        }
        self.all.push(Difference {
            path: path.to_owned(),
            place: place.clone(),
            kind: ChangeKind::Deleted,
            node: None,
            print: Some(base.print.clone()),
            is: is_of(base.print.kind),
            size: base.print.size,
        });
    }
}

/// Whether a file or link is not what the host had at its place.
fn differs(body: &Body, print: &Fingerprint, place: &Hosted) -> bool {
    match body {
        Body::File(content) => {
            print.kind != Kind::File
                || content.size() != print.size
                || print.hash != Some(hash_of_content(content))
        }
        Body::Lower(from, _) => from != place,
        Body::Link(target) => {
            print.kind != Kind::Link || print.hash != Some(*blake3::hash(target.as_bytes()).as_bytes())
        }
        _ => true,
    }
}

pub(super) fn hash_of_content(content: &Content) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let (mut step, mut at) = (vec![0; 64 * 1024], 0);
    loop {
        let count = content.read(at, &mut step);
        if count == 0 {
            return *hasher.finalize().as_bytes();
        }
        hasher.update(&step[..count]);
        at += count as u64;
    }
}

fn is_of(kind: Kind) -> FileKind {
    match kind {
        Kind::Directory => FileKind::Directory,
        Kind::Link => FileKind::Link,
        Kind::File | Kind::Character | Kind::Special => FileKind::File,
    }
}

/// Whether a path is one of `chosen`, or lies below one.
pub(super) fn is_chosen(path: &str, chosen: &str) -> bool {
    let chosen = chosen.trim_end_matches('/');
    path.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
