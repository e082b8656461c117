//! Renames: in memory, on the host, and never from one to the other.

use super::error::FileError;
use super::kind::Kind;
use super::naming::At;
use super::node::{Holder, Id};
use super::path::{LastLink, Place, without_slash};
use super::quota::Change;
use super::space::Space;

impl Space {
    /// Renames a file or directory, in place of what has the new name.
    pub(crate) fn rename(
        &mut self,
        from: At<'_>,
        to: At<'_>,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let old = self.walk(At { path: without_slash(from.path), last: LastLink::Keep, ..from })?;
        let new = self.walk(At { path: without_slash(to.path), last: LastLink::Keep, ..to })?;
        let id = old.found()?;
        let (Some(old_name), Some(new_name)) = (&old.name, &new.name) else {
            return Err(FileError::Invalid);
        };
        let is_directory = self.tree.kind(id)? == Kind::Directory;
        if !is_directory && (from.path.ends_with('/') || to.path.ends_with('/')) {
            return Err(FileError::NotDirectory);
        }
        if is_directory && self.tree.holds_mount(id)
            || new.node.as_ref().is_some_and(|node| self.tree.is_mount_point(node))
        {
            return Err(FileError::MountPoint);
        }
        if self.tree.mount_of(&old.directory) != self.tree.mount_of(&new.directory) {
            return Err(FileError::CrossMount);
        }
        if is_directory && self.tree.is_within(&new.directory, id) {
            return Err(FileError::Invalid);
        }
        let keepers = (self.keeper(&old.directory, change)?, self.keeper(&new.directory, change)?);
        if let Id::Made(_) | Id::Packed(_) = id {
            self.changeable(id)?;
        }
        if new.node.as_ref() == Some(id) {
            return Ok(());
        }
        self.check_linked(&keepers.1)?;
        match keepers {
            (Holder::Session(old_directory), Holder::Session(new_directory)) => self.rename_in_memory(
                &old,
                (old_directory, old_name),
                &new,
                (new_directory, new_name),
                change,
            ),
            (Holder::Host(old_directory), Holder::Host(new_directory)) => {
                let (from, to) = (old_directory.child(old_name), new_directory.child(new_name));
                if is_directory {
                    let height = self.tree.mounts.height(&from)?;
                    self.quota.depth(self.tree.depth(&new.directory).saturating_add(height))?;
                }
                self.tree.mounts.rename(&from, &to)
            }
            _ => Err(FileError::CrossMount),
        }
    }

    fn rename_in_memory(
        &mut self,
        old: &Place,
        old_name: (u64, &str),
        new: &Place,
        new_name: (u64, &str),
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let Holder::Session(number) = self.holder(old.found()?, change)? else {
            return Err(FileError::CrossMount);
        };
        let id = Id::Made(number);
        let is_directory = self.tree.kind(&id)? == Kind::Directory;
        if let Some(replaced) = &new.node {
            self.check_replacing(replaced, is_directory)?;
        }
        if is_directory {
            self.detach(number, change)?;
            self.quota.depth(self.tree.depth(&new.directory) + self.tree.height(&id))?;
        }
        if let Some(replaced) = &new.node {
            self.discard(new_name, replaced, change)?;
        }
        self.tree.unlink(old_name, change.now_ns);
        self.tree.link(new_name, number, change.now_ns);
        self.tree.attach(new_name, number);
        Ok(())
    }

    fn check_replacing(&self, replaced: &Id, by_directory: bool) -> Result<(), FileError> {
        if let Id::Made(_) | Id::Packed(_) = replaced {
            self.changeable(replaced)?;
        }
        match (by_directory, self.tree.kind(replaced)? == Kind::Directory) {
            (true, false) => Err(FileError::NotDirectory),
            (false, true) => Err(FileError::IsDirectory),
            (true, true) if !self.tree.is_empty(replaced)? => Err(FileError::NotEmpty),
            _ => Ok(()),
        }
    }
}
