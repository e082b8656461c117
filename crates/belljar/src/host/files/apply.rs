//! Applies changes of copy-on-write mounts to the host: all that were chosen, each checked again, and each refused by itself.
//!
//! A change is applied only if the host still has what it had when the session first changed its view of it: kind, size, times, inode and,
//! where the content was read, its hash. A file is written beside its place under another name, made durable, and then put there with one
//! rename; what is new replaces nothing. Between the last look and the rename lie a few microseconds in which another process could still
//! change the file: that is as close as POSIX lets it be.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use super::changes::{Difference, is_chosen};
use super::directory::Under;
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::{HostFile, Source, hash_of, hash_of_file, stays_within};
use super::node::{Body, Id};
use super::remembered::{Covered, Fingerprint, Remembered};
use super::space::Space;
use crate::outcome::{Applied, ChangeKind, FileKind, RefusedChange};

/// How much is written at once.
const STEP_BYTES: usize = 256 * 1024;

/// How many names are tried for a file beside its place.
const TRIES_MAX: u32 = 1000;

/// Which changes are to be applied.
///
/// ```
/// use belljar::Selection;
///
/// let some = Selection::paths(["/work/src/a.py", "/work/src/docs"]);
/// assert_ne!(some, Selection::All);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those at these paths, and below them.
    Paths(Vec<String>),
    /// Those at these paths, and nothing below them.
    Exactly(Vec<String>),
}

impl Selection {
    /// The changes at these paths, as the code knows them, and below them.
    #[must_use]
    pub fn paths<S: Into<String>>(paths: impl IntoIterator<Item = S>) -> Self {
        Self::Paths(paths.into_iter().map(Into::into).collect())
    }
}

/// A change whose new content lies beside its place.
struct Staged {
    difference: Difference,
    beside: Hosted,
    hash: [u8; 32],
    /// Where its bytes lay before, if it is a file that moved.
    needed: Option<Hosted>,
}

/// What is being applied, and what became of it so far.
struct Application {
    applied: Applied,
    /// Files that moved, whose bytes still lie at another place on the host, and that place: it is left alone until they are written.
    needed: BTreeMap<u64, Hosted>,
}

impl Files {
    /// Applies changes to the host, and says what became of each.
    pub(crate) fn apply(&mut self, selection: &Selection) -> Applied {
        let mut chosen = self.differences(usize::MAX);
        if chosen.is_empty() && *selection == Selection::All {
            return Applied::default();
        }
        let space = self.space();
        let mut application = Application { applied: Applied::default(), needed: space.needed(&chosen) };
        let (paths, exactly): (&[String], _) = match selection {
            Selection::All => (&[], false),
            Selection::Paths(paths) => (paths, false),
            Selection::Exactly(paths) => (paths, true),
        };
        let is_meant =
            |path: &str, chosen: &str| if exactly { path == chosen } else { is_chosen(path, chosen) };
        for path in paths {
            if !chosen.iter().any(|difference| is_meant(&difference.path, path)) {
                let reason = "nothing was changed there".to_owned();
                application.applied.refused.push(RefusedChange { path: path.clone(), reason });
            }
        }
        if *selection != Selection::All {
            let named: Vec<Difference> = chosen
                .iter()
                .filter(|it| paths.iter().any(|path| is_meant(&it.path, path)))
                .cloned()
                .collect();
            let makes = named.iter().filter(|it| it.kind != ChangeKind::Deleted);
            let above: BTreeSet<&str> = makes.flat_map(|it| ancestors(&it.path)).collect();
            // What is new may need directories that are new.
            chosen.retain(|it| {
                let is_needed = it.is == FileKind::Directory && it.kind == ChangeKind::Added;
                is_needed && above.contains(&*it.path) || paths.iter().any(|path| is_meant(&it.path, path))
            });
        }
        space.apply(chosen, &mut application);
        application.applied
    }
}

impl Space {
    /// The places whose bytes moved files still need.
    fn needed(&self, all: &[Difference]) -> BTreeMap<u64, Hosted> {
        let moved = all.iter().filter_map(|difference| {
            let number = difference.node?;
            match &self.tree.node(&Id::Made(number))?.body {
                Body::Lower(from, _) => Some((number, from.clone())),
                _ => None,
            }
        });
        moved.collect()
    }

    fn apply(&mut self, chosen: Vec<Difference>, application: &mut Application) {
        let (mut deletions, makes): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|difference| difference.kind == ChangeKind::Deleted);
        // What lies in a directory goes before it.
        deletions.sort_by_key(|difference| std::cmp::Reverse(difference.place.depth()));
        let gone: BTreeSet<&str> = deletions.iter().map(|difference| &*difference.path).collect();
        let in_the_way = |path: &str| ancestors(path).chain([path]).any(|above| gone.contains(above));
        // What takes the place of something of another kind waits until that is gone; everything else is written before anything is
        // removed, since its content may be that of a file which moved.
        let (late, early): (Vec<_>, Vec<_>) = makes.into_iter().partition(|make| in_the_way(&make.path));
        let makes_way = |deletion: &Difference| {
            late.iter()
                .any(|make| is_chosen(&deletion.path, &make.path) || is_chosen(&make.path, &deletion.path))
        };
        let (first, last): (Vec<_>, Vec<_>) = deletions.iter().cloned().partition(makes_way);

        let staged: Vec<Staged> =
            early.into_iter().filter_map(|make| self.stage(make, application)).collect();
        first.iter().for_each(|deletion| self.delete(deletion, application));
        staged.into_iter().for_each(|staged| self.commit(staged, application));
        for make in late {
            if let Some(staged) = self.stage(make, application) {
                self.commit(staged, application);
            }
        }
        last.iter().for_each(|deletion| self.delete(deletion, application));
    }

    /// Makes a directory, or writes a file or link beside its place. None when it is done, or refused.
    fn stage(&mut self, difference: Difference, application: &mut Application) -> Option<Staged> {
        let staged = self.check(&difference).and_then(|()| match difference.is {
            FileKind::Directory => self.apply_directory(&difference).map(|()| None),
            _ => self.write_beside(&difference).map(Some),
        });
        match staged {
            Ok(Some((beside, hash))) => {
                let needed = difference.node.and_then(|number| application.needed.remove(&number));
                Some(Staged { difference, beside, hash, needed })
            }
            Ok(None) => {
                application.applied.applied.push(difference.told());
                None
            }
            Err(error) => {
                application.applied.refused.push(refused(&difference, error));
                None
            }
        }
    }

    fn commit(&mut self, staged: Staged, application: &mut Application) {
        let Staged { difference, beside, hash, needed } = staged;
        let place = &difference.place;
        let put = || -> Result<Fingerprint, FileError> {
            self.check(&difference)?;
            application.check(&difference)?;
            let source = self.tree.mounts.source(place)?;
            match difference.kind {
                ChangeKind::Added => match source.rename_to_free(&beside, place) {
                    // There are file systems without links.
                    Err(FileError::Denied | FileError::Machine) => source.rename(&beside, place)?,
                    put => put?,
                },
                ChangeKind::Changed | ChangeKind::Deleted => source.rename(&beside, place)?,
            }
            // It is there; that its name outlives a power failure as well is more than can be promised of every file system.
            let _ = place.parent().map(|above| source.sync_directory(&above));
            Ok(Fingerprint { hash: Some(hash), ..source.stat(place)?.print() })
        };
        match put() {
            Ok(print) => {
                application.applied.applied.push(difference.told());
                self.settle(&difference, print);
            }
            Err(error) => {
                // What lies beside the place is ours, and of no use any more. If it cannot be removed, it is at least seen.
                let _ = self.tree.mounts.source(place).and_then(|source| source.remove_file(&beside));
                application.applied.refused.push(refused(&difference, error));
                application.needed.extend(difference.node.zip(needed));
            }
        }
    }

    fn delete(&mut self, difference: &Difference, application: &mut Application) {
        let place = &difference.place;
        let removed = self.check(difference).and_then(|()| application.check(difference)).and_then(|()| {
            let source = self.tree.mounts.source(place)?;
            match difference.is {
                FileKind::Directory => source.remove_directory(place),
                _ => source.remove_file(place),
            }
        });
        match removed {
            Ok(()) => {
                application.applied.applied.push(difference.told());
                if let Some(all) = place.parent().and_then(|above| self.tree.remembered_in(&above)) {
                    all.remove(place.name());
                }
            }
            Err(error) => application.applied.refused.push(refused(difference, error)),
        }
    }

    /// Checks that a change may be applied, and that the host still has what it is measured against.
    fn check(&self, difference: &Difference) -> Result<(), FileError> {
        let place = &difference.place;
        if self.tree.mounts.protects(place)? {
            return Err(FileError::Protected);
        }
        let source = self.tree.mounts.source(place)?;
        let Some(print) = &difference.print else {
            return match source.stat(place) {
                Err(FileError::NotFound) => Ok(()),
                Ok(_) => Err(FileError::Changed),
                Err(error) => Err(error),
            };
        };
        let now = now_of(source, place, print).map_err(|error| match error {
            FileError::NotFound | FileError::NotDirectory => FileError::Changed,
            other => other,
        })?;
        if print.agrees(&now) { Ok(()) } else { Err(FileError::Changed) }
    }

    /// From now on the host's directory shows through.
    fn apply_directory(&mut self, difference: &Difference) -> Result<(), FileError> {
        let (Some(number), place) = (difference.node, &difference.place) else {
            return Err(FileError::Invalid);
        };
        self.tree.mounts.source(place)?.make_directory(place)?;
        if let Some(above) = place.parent().and_then(|above| self.tree.remembered_in(&above)) {
            above.remove(place.name());
        }
        if let Some(directory) = self.tree.directory_mut(number) {
            let covered = Remembered::new();
            directory.under = Some(Under::Host { place: place.clone(), covered, opaque: false });
        }
        self.tree.stand(number);
        Ok(())
    }

    /// Writes what the session has beside its place on the host, and says where, and its hash.
    fn write_beside(&self, difference: &Difference) -> Result<(Hosted, [u8; 32]), FileError> {
        let (Some(number), place) = (difference.node, &difference.place) else {
            return Err(FileError::Invalid);
        };
        let above = place.parent().ok_or(FileError::MountPoint)?;
        let source = self.tree.mounts.source(place)?;
        let node = self.tree.node(&Id::Made(number)).ok_or(FileError::NotFound)?;
        if let Body::Link(target) = &node.body {
            if !stays_within(target, above.depth()) {
                return Err(FileError::Outside);
            }
            let (beside, ()) = beside(&above, |beside| source.make_link(beside, target))?;
            return Ok((beside, hash_of(target.as_bytes())));
        }
        let mode = match difference.kind {
            ChangeKind::Changed => Some(source.stat(place)?.mode),
            _ => None,
        };
        let (beside, file) = beside(&above, |beside| source.create_file(beside))?;
        let written = self.write_all(number, &file).and_then(|hash| {
            mode.map_or(Ok(()), |mode| Source::permit(&file, mode))?;
            file.sync()?;
            Ok(hash)
        });
        match written {
            Ok(hash) => Ok((beside, hash)),
            Err(error) => {
                // The first error is the one to tell.
                let _ = source.remove_file(&beside);
                Err(error)
            }
        }
    }

    fn write_all(&self, number: u64, to: &HostFile) -> Result<[u8; 32], FileError> {
        let id = Id::Made(number);
        let mut lower = None;
        if let Some(Body::Lower(from, _)) = self.tree.node(&id).map(|node| &node.body) {
            // A file that moved: it must still be the one that the session saw.
            let file = self.tree.mounts.source(from)?.open_file(from, false)?;
            let known = self.tree.remembered(from).ok_or(FileError::Changed)?;
            if !known.print.agrees(&file.stat()?.print()) {
                return Err(FileError::Changed);
            }
            lower = Some(file);
        }
        let mut hasher = blake3::Hasher::new();
        let (mut step, mut at) = (vec![0; STEP_BYTES], 0);
        loop {
            let count = match &lower {
                Some(file) => file.read(at, &mut step)?,
                None => self.read_node(&id, at, &mut step)?,
            };
            if count == 0 {
                return Ok(*hasher.finalize().as_bytes());
            }
            hasher.update(&step[..count]);
            to.write(at, &step[..count])?;
            at += count as u64;
        }
    }

    /// The host has what the session has: from now on a change is measured against that.
    fn settle(&mut self, difference: &Difference, print: Fingerprint) {
        let place = &difference.place;
        if let Some(all) = place.parent().and_then(|above| self.tree.remembered_in(&above)) {
            all.insert(place.name().into(), Covered { print, children: BTreeMap::new() });
        }
        let node = difference.node.and_then(|number| self.tree.node_mut(&Id::Made(number)));
        if let Some(Body::Lower(from, _)) = node.map(|node| &mut node.body) {
            *from = place.clone();
        }
    }
}

impl Application {
    /// Checks that no file needs what is about to be replaced or removed.
    fn check(&self, difference: &Difference) -> Result<(), FileError> {
        let is_needed = self.needed.values().any(|place| *place == difference.place);
        if is_needed { Err(FileError::Needed) } else { Ok(()) }
    }
}

/// What the host has at a place now, with its hash if that is known of before.
fn now_of(source: &Source, place: &Hosted, before: &Fingerprint) -> Result<Fingerprint, FileError> {
    let seen = source.stat(place)?;
    let plain = seen.print();
    let unhashed = Fingerprint { hash: None, ..before.clone() };
    if before.hash.is_none() || !unhashed.agrees(&plain) {
        return Ok(plain);
    }
    let hash = match seen.kind {
        Kind::File => hash_of_file(&source.open_file(place, false)?, seen.size)?,
        Kind::Link => hash_of(source.link_target(place)?.as_bytes()),
        Kind::Directory | Kind::Character | Kind::Special => return Ok(plain),
    };
    Ok(Fingerprint { hash: Some(hash), ..plain })
}

/// The paths of the directories above a path.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(move |(at, _)| &path[..at]).filter(|above| !above.is_empty())
}

/// Makes something in a directory under a name that is free.
fn beside<T>(
    above: &Hosted,
    mut make: impl FnMut(&Hosted) -> Result<T, FileError>,
) -> Result<(Hosted, T), FileError> {
    for number in 0..TRIES_MAX {
        let place = above.child(&format!(".belljar-{number}.tmp"));
        match make(&place) {
            Ok(made) => return Ok((place, made)),
            Err(FileError::Exists) => {}
            Err(error) => return Err(error),
        }
    }
    Err(FileError::Exists)
}

fn refused(difference: &Difference, error: FileError) -> RefusedChange {
    let reason = match (error, difference.kind) {
        (FileError::Changed, ChangeKind::Added) => "something was put there on the host meanwhile",
        (FileError::NotEmpty, ChangeKind::Deleted) => "the directory is not empty on the host",
        (FileError::NotFound | FileError::NotDirectory, _) => {
            "the directory that it lies in is not there on the host"
        }
        (error, _) => error.reason(),
    };
    RefusedChange { path: difference.path.clone(), reason: reason.to_owned() }
}
