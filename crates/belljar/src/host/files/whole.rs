//! Whether what was read from a snapshot is one tree: looked at once more, although it was signed.

use std::collections::BTreeMap;

use super::directory::Directory;
use super::hosted::Hosted;
use super::node::{Body, Id};
use super::pack::Packed;
use super::tree::{ROOT, ROOT_NUMBER, Tree};
use crate::mount::MountMode;

/// Numbers that are given one after the other never come near to this one.
const NUMBER_MAX: u64 = 1 << 48;

/// How deep a directory can lie: deeper than any that code makes, and than any of the host that can be part of a snapshot.
const DEPTH_MAX: u32 = 2048;

type Checked = Result<(), &'static str>;

const BROKEN: &str = "its files are not a tree";

impl Tree {
    /// Every name leads to a node that has no other name, every directory hangs on the root or was removed, and no number is given twice.
    pub(super) fn check_whole(&self) -> Checked {
        let mut above: BTreeMap<u64, u64> = BTreeMap::new();
        for (number, node) in &self.nodes {
            let Body::Directory(directory) = &node.body else { continue };
            check(directory.is_whole(NUMBER_MAX))?;
            for (_, child) in directory.iter() {
                check(above.insert(child, *number).is_none())?;
            }
        }
        check(
            self.next <= NUMBER_MAX && self.directory(&ROOT).is_some_and(|root| root.parent == ROOT_NUMBER),
        )?;
        for (number, node) in &self.nodes {
            let is_root = *number == ROOT_NUMBER;
            let named_by = above.remove(number);
            check(*number < self.next && node.named == (is_root || named_by.is_some()))?;
            if let Body::Directory(directory) = &node.body {
                check(named_by.is_none_or(|above| above == directory.parent))?;
            }
        }
        check(above.is_empty())?;
        self.check_depths()?;
        self.over.iter().try_for_each(|(index, number)| {
            let is_directory = matches!(self.pack.get(*index), Some(Packed::Directory { .. }));
            check(is_directory && self.directory(&Id::Made(*number)).is_some())
        })
    }

    /// The way up from every directory comes to its end, at the root or where a directory was removed, and is not long: there are those who go it
    /// by calling themselves.
    fn check_depths(&self) -> Checked {
        let mut depths: BTreeMap<u64, u32> = BTreeMap::from([(ROOT_NUMBER, 0)]);
        for (number, node) in &self.nodes {
            if !matches!(node.body, Body::Directory(_)) {
                continue;
            }
            let (mut here, mut way) = (*number, Vec::new());
            let mut depth = loop {
                match (depths.get(&here), self.directory(&Id::Made(here))) {
                    (Some(depth), _) => break *depth,
                    (None, Some(_)) if way.len() >= DEPTH_MAX as usize => return Err(BROKEN),
                    (None, Some(directory)) => {
                        way.push(here);
                        here = directory.parent;
                    }
                    (None, None) => break 0,
                }
            };
            for below in way.into_iter().rev() {
                depth += 1;
                check(depth <= DEPTH_MAX)?;
                depths.insert(below, depth);
            }
        }
        Ok(())
    }

    /// Finds what stands for directories of the host: each mount at its own place, and in a copy-on-write mount each directory where it lies
    /// on the host.
    pub(super) fn hang_mounts(&mut self) -> Checked {
        const WRONG: &str = "its mounts are not where they are mounted";
        let grants: Vec<_> = self
            .mounts
            .iter()
            .map(|(mount, grant)| (mount, grant.mode(), grant.destination().to_owned()))
            .collect();
        let mut found = 0;
        for (number, node) in &self.nodes {
            match &node.body {
                Body::Directory(directory) => {
                    if let Some((place, _)) = directory.covering() {
                        let lies = self.lies_at(*number, directory, place);
                        if !lies || self.covering.insert(place.clone(), *number).is_some() {
                            return Err(WRONG);
                        }
                        found += usize::from(place.is_root());
                    }
                }
                Body::Mount(_) => found += 1,
                Body::Lower(place, _) if self.mounts.mode(place) != Ok(MountMode::CopyOnWrite) => {
                    return Err(WRONG);
                }
                _ => {}
            }
        }
        for (mount, mode, destination) in &grants {
            let (above, name) = destination.rsplit_once('/').ok_or(WRONG)?;
            let above = self.made_at(above).ok_or(WRONG)?;
            let node = self.directory(&Id::Made(above)).and_then(|above| above.get(name)).ok_or(WRONG)?;
            let is_there = match (self.nodes.get(&node).map(|node| &node.body), mode) {
                (Some(Body::Directory(_)), MountMode::CopyOnWrite) => {
                    self.covering.get(&Hosted::root(*mount)) == Some(&node)
                }
                (Some(Body::Mount(found)), MountMode::ReadOnly | MountMode::ReadWrite) => {
                    self.points.insert(*mount, above);
                    found == mount
                }
                _ => false,
            };
            if !is_there {
                return Err(WRONG);
            }
        }
        if found == grants.len() { Ok(()) } else { Err(WRONG) }
    }

    /// The number of the directory at a plain path, if all of the path was made.
    fn made_at(&self, path: &str) -> Option<u64> {
        path.split('/').skip(1).try_fold(ROOT_NUMBER, |here, name| self.directory(&Id::Made(here))?.get(name))
    }

    /// Whether a directory that covers one of the host lies in the one that covers what is above that, under the same name.
    fn lies_at(&self, number: u64, directory: &Directory, place: &Hosted) -> bool {
        let Some(above) = place.parent() else { return true };
        let parent = self.directory(&Id::Made(directory.parent));
        let lies_in = |parent: &Directory| {
            parent.covering().is_some_and(|(place, _)| *place == above)
                && parent.get(place.name()) == Some(number)
        };
        self.mounts.mode(place) == Ok(MountMode::CopyOnWrite) && parent.is_some_and(lies_in)
    }
}

fn check(is_so: bool) -> Checked {
    if is_so { Ok(()) } else { Err(BROKEN) }
}
