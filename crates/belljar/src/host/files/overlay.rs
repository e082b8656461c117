//! Copy-on-write mounts: what the guest changes of a directory of the host is made in memory, in front of what the host has.
//!
//! A directory is *covered* by one in memory before a name in it changes; the host's entries show through. A file is *adopted*: it gets a
//! node whose bytes are still the host's, and is *loaded* before its content changes. What the host had under a name that was adopted or
//! removed is remembered above it. All of this is plain data, so that a copy of a session's files is independent.

use super::content::Content;
use super::directory::Directory;
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::{HostFile, hash_of};
use super::node::{Body, Holder, Id};
use super::quota::Change;
use super::remembered::{Covered, Fingerprint, Remembered};
use super::space::Space;
use crate::mount::MountMode;

/// The largest file that can be copied into memory. A copy is made in one go, while nothing can interrupt the guest.
pub(super) const COPIED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How much is read at once.
const STEP_BYTES: usize = 256 * 1024;

impl Space {
    /// Who has a directory in which names are to be made and removed.
    pub(super) fn keeper(&mut self, directory: &Id, change: &mut Change<'_>) -> Result<Holder, FileError> {
        match directory {
            Id::Made(_) | Id::Packed(_) => self.writable(directory).map(Holder::Session),
            Id::Host(place) => match self.tree.mounts.mode(place)? {
                MountMode::ReadOnly => self.tree.mounts.refuse_write(place),
                MountMode::ReadWrite => Ok(Holder::Host(place.clone())),
                MountMode::CopyOnWrite => self.cover(place, change).map(Holder::Session),
            },
        }
    }

    /// Who has a node that is to be changed.
    pub(super) fn holder(&mut self, id: &Id, change: &mut Change<'_>) -> Result<Holder, FileError> {
        match id {
            Id::Made(_) | Id::Packed(_) => self.changeable(id).map(Holder::Session),
            Id::Host(place) => match self.tree.mounts.mode(place)? {
                MountMode::ReadOnly => self.tree.mounts.refuse_write(place),
                MountMode::ReadWrite => Ok(Holder::Host(place.clone())),
                MountMode::CopyOnWrite => self.adopt(place, change).map(Holder::Session),
            },
        }
    }

    /// The directory in memory that stands in front of one of the host; made, with those above it, when it is not there yet.
    fn cover(&mut self, place: &Hosted, change: &mut Change<'_>) -> Result<u64, FileError> {
        let mut missing = Vec::new();
        let mut here = place.clone();
        let mut number = loop {
            match self.tree.standing_for(here.clone()) {
                Id::Made(number) => break number,
                _ => {
                    let above = here.parent().ok_or(FileError::NotFound)?;
                    missing.push(std::mem::replace(&mut here, above));
                }
            }
        };
        for place in missing.into_iter().rev() {
            self.check_showing(number, &place)?;
            let seen = self.tree.mounts.seen(&place)?;
            if seen.kind != Kind::Directory {
                return Err(FileError::NotDirectory);
            }
            self.quota.add(change.meter)?;
            let covering = self.tree.cover((number, place.name()), place.clone(), seen.times);
            self.tree.charge(covering);
            self.rebind(&place, covering);
            number = covering;
        }
        Ok(number)
    }

    /// The node in memory that stands for something on the host; made when it is not there yet.
    fn adopt(&mut self, place: &Hosted, change: &mut Change<'_>) -> Result<u64, FileError> {
        let seen = self.tree.mounts.seen(place)?;
        let (body, print) = match seen.kind {
            Kind::Directory => return self.cover(place, change),
            Kind::File => (Body::Lower(place.clone(), seen.size), seen.print()),
            Kind::Link => {
                let target = self.tree.mounts.link_target(place)?;
                let print = Fingerprint { hash: Some(hash_of(target.as_bytes())), ..seen.print() };
                (Body::Link(target), print)
            }
            Kind::Special | Kind::Character => return Err(FileError::Special),
        };
        let above = self.cover(&place.parent().ok_or(FileError::MountPoint)?, change)?;
        self.check_showing(above, place)?;
        self.quota.remember(change.meter)?;
        self.quota.resize(change.meter, 0, body.held())?;
        let times = self.tree.node(&Id::Made(above)).map(|node| node.times);
        let held = body.held();
        let number = match self.add((above, place.name()), body, change) {
            Ok(number) => number,
            Err(error) => {
                self.quota.resize(change.meter, held, 0)?;
                return Err(error);
            }
        };
        for (number, times) in [(above, times), (number, Some(seen.times))] {
            if let (Some(node), Some(times)) = (self.tree.node_mut(&Id::Made(number)), times) {
                node.times = times;
            }
        }
        self.remember(above, place.name(), Covered { print, children: Remembered::new() });
        self.rebind(place, number);
        Ok(number)
    }

    /// Whoever has a place on the host open has from now on the node that stands for it.
    fn rebind(&mut self, place: &Hosted, number: u64) {
        let opens = self.open.rebind(place, number);
        if let Some(node) = self.tree.node_mut(&Id::Made(number)) {
            node.opens = opens;
        }
    }

    /// Checks that nothing stands in front of a place: that the guest still sees what the host has there.
    fn check_showing(&self, above: u64, place: &Hosted) -> Result<(), FileError> {
        let directory = self.tree.directory(&Id::Made(above)).ok_or(FileError::NotDirectory)?;
        if directory.showing(place.name()).as_ref() == Some(place) {
            Ok(())
        } else {
            Err(FileError::NotFound)
        }
    }

    fn remember(&mut self, directory: u64, name: &str, covered: Covered) {
        if let Some(all) = self.tree.directory_mut(directory).and_then(Directory::covered_mut) {
            all.insert(name.into(), covered);
        }
    }

    /// What is remembered of a place is what was read there last.
    fn know(&mut self, place: &Hosted, print: Fingerprint) {
        let all = place.parent().and_then(|above| self.tree.remembered_in(&above));
        if let Some(covered) = all.and_then(|all| all.get_mut(place.name())) {
            covered.print = print;
        }
    }

    /// Takes away a name from the directory that keeps it, and what it names.
    pub(super) fn discard(
        &mut self,
        (directory, name): (u64, &str),
        id: &Id,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        match id {
            Id::Host(place) => {
                let print = self.tree.mounts.print(place)?;
                if print.kind == Kind::Directory {
                    self.cover(place, change)?;
                    self.remove((directory, name), change);
                    return Ok(());
                }
                self.quota.remember(change.meter)?;
                self.remember(directory, name, Covered { print, children: Remembered::new() });
                if let Some(node) = self.tree.node_mut(&Id::Made(directory)) {
                    node.times.touch(change.now_ns);
                }
            }
            Id::Made(_) | Id::Packed(_) => self.remove((directory, name), change),
        }
        Ok(())
    }

    /// Copies the content of an adopted file into memory. Does nothing for any other.
    pub(super) fn load(&mut self, number: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        let Some(Body::Lower(place, _)) = self.tree.node(&Id::Made(number)).map(|node| &node.body) else {
            return Ok(());
        };
        let place = place.clone();
        let file = self.tree.mounts.open_to_read(&place)?;
        let seen = file.stat()?;
        if seen.size > COPIED_BYTES_MAX {
            return Err(FileError::TooBig);
        }
        self.quota.resize(change.meter, 0, seen.size)?;
        let copied = copy(&file, seen.size).and_then(|copied| {
            if file.stat()?.print() == seen.print() { Ok(copied) } else { Err(FileError::Changed) }
        });
        let (content, hash) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                self.quota.resize(change.meter, seen.size, 0)?;
                return Err(error);
            }
        };
        self.know(&place, Fingerprint { hash: Some(hash), ..seen.print() });
        if let Some(node) = self.tree.node_mut(&Id::Made(number)) {
            node.body = Body::File(content);
        }
        self.open.release_files(number);
        Ok(())
    }

    /// Empties an adopted file, without reading what it held more than to know it again. Does nothing for any other.
    pub(super) fn load_nothing(&mut self, number: u64) -> Result<(), FileError> {
        let Some(Body::Lower(place, _)) = self.tree.node(&Id::Made(number)).map(|node| &node.body) else {
            return Ok(());
        };
        let place = place.clone();
        let print = self.tree.mounts.print(&place)?;
        self.know(&place, print);
        if let Some(node) = self.tree.node_mut(&Id::Made(number)) {
            node.body = Body::File(Content::default());
        }
        self.open.release_files(number);
        Ok(())
    }

    /// Makes a directory whole, with everything below it, before it is moved: nothing shows through afterwards, and what the host has at
    /// its place is remembered.
    pub(super) fn detach(&mut self, number: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        let depth = self.tree.depth(&Id::Made(number));
        let mut waiting = vec![(number, depth)];
        while let Some((number, depth)) = waiting.pop() {
            self.quota.depth(depth)?;
            let id = Id::Made(number);
            let place =
                self.tree.directory(&id).and_then(Directory::covering).map(|(place, _)| place.clone());
            if let (Some(place), Some(listing)) = (place, self.tree.host_listing(&id)?) {
                if listing.hides {
                    return Err(FileError::NotSupported);
                }
                for entry in &listing.entries {
                    let shows =
                        self.tree.directory(&id).is_some_and(|all| all.showing(&entry.name).is_some());
                    if shows {
                        self.adopt(&place.child(&entry.name), change)?;
                    }
                }
            }
            let below =
                self.tree.directory(&id).into_iter().flat_map(Directory::iter).map(|(_, child)| child);
            let below: Vec<u64> =
                below.filter(|child| self.tree.directory(&Id::Made(*child)).is_some()).collect();
            waiting.extend(below.into_iter().map(|child| (child, depth + 1)));
        }
        self.part_below(number);
        Ok(())
    }

    /// Takes away what lies under each directory below `number`, and remembers it above. Not deeper than files may lie.
    fn part_below(&mut self, number: u64) {
        let below: Vec<(Box<str>, u64)> = self
            .tree
            .directory(&Id::Made(number))
            .into_iter()
            .flat_map(Directory::iter)
            .map(|(name, child)| (name.into(), child))
            .collect();
        for (name, child) in below {
            if self.tree.directory(&Id::Made(child)).is_none() {
                continue;
            }
            self.part_below(child);
            if let Some((_, children)) = self.tree.part(child) {
                self.remember(number, &name, Covered { print: Fingerprint::of_directory(), children });
            }
        }
    }
}

/// The first `size` bytes of a file of the host, and their hash. The caller has charged them.
fn copy(file: &HostFile, size: u64) -> Result<(Content, [u8; 32]), FileError> {
    let mut content = Content::default();
    let mut hasher = blake3::Hasher::new();
    let mut step = vec![0; STEP_BYTES];
    let mut at = 0;
    while at < size {
        let most = usize::try_from(size - at).unwrap_or(STEP_BYTES).min(STEP_BYTES);
        let count = file.read(at, &mut step[..most])?;
        if count == 0 {
            return Err(FileError::Changed);
        }
        hasher.update(&step[..count]);
        content.write(at, &step[..count]);
        at += count as u64;
    }
    Ok((content, *hasher.finalize().as_bytes()))
}
