//! One directory of the host, opened once: everything in it is reached from its descriptor, name by name, and no link is ever followed.
//!
//! This file and `file.rs` are all of the library that touches mounted directories. Whatever a process of the host does to them
//! meanwhile, a name is looked up in a directory that was opened from the one above it: what turns into a symbolic link is refused.

use std::ops::Deref;
use std::os::unix::fs::DirEntryExt;
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt, SystemTimeSpec};
use cap_std::ambient_authority;
use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt,
};
use cap_std::time::{Duration, SystemTime};

use super::file::HostFile;
use super::seen::{HostEntry, Listing, Seen, kind_of};
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;
use crate::host::files::kind::Kind;
use crate::host::files::name::is_name;
use crate::host::files::node::NewTimes;

/// The most names that one directory can have to be listed: what a listing keeps in memory is charged, and made in one go.
const LISTED_MAX: usize = 100_000;

/// What a new file and a new directory may be used for, before the process's mask.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// A directory of the host.
#[derive(Debug)]
pub(in crate::host::files) struct Source {
    dir: Dir,
}

/// A directory that was opened for one access, or the mounted one.
enum Opened<'a> {
    Root(&'a Dir),
    Below(Dir),
}

impl Deref for Opened<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        match self {
            Self::Root(dir) => dir,
            Self::Below(dir) => dir,
        }
    }
}

impl Source {
    /// Opens a directory of the host by its path. The path is the operator's: links in it are followed.
    pub(in crate::host::files) fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self { dir: Dir::open_ambient_dir(path, ambient_authority())? })
    }

    /// Whether one directory is the other, or lies in it.
    pub(in crate::host::files) fn overlap(one: &Self, other: &Self) -> std::io::Result<bool> {
        Ok(is_within(&one.dir, &other.dir)? || is_within(&other.dir, &one.dir)?)
    }

    /// What is known of what lies there. A link is not followed.
    pub(in crate::host::files) fn stat(&self, place: &Hosted) -> Result<Seen, FileError> {
        let metadata = if place.is_root() {
            self.dir.dir_metadata()
        } else {
            self.above(place)?.symlink_metadata(place.name())
        };
        Ok(Seen::of(&metadata?))
    }

    /// Where a symbolic link leads, as it is written.
    pub(in crate::host::files) fn link_target(&self, place: &Hosted) -> Result<Box<str>, FileError> {
        let target = self.above(place)?.read_link_contents(place.name())?;
        target.into_os_string().into_string().map(Into::into).map_err(|_| FileError::Outside)
    }

    /// What a directory holds.
    pub(in crate::host::files) fn list(&self, place: &Hosted) -> Result<Listing, FileError> {
        let mut listing = Listing::default();
        for entry in self.directory(place)?.entries()? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(Arc::<str>::from) else {
                listing.hides = true;
                continue;
            };
            if listing.entries.len() >= LISTED_MAX {
                return Err(FileError::TooBig);
            }
            let kind = entry.file_type().map_or(Kind::Special, kind_of);
            if is_name(name.as_bytes()) {
                listing.entries.push(HostEntry { name, kind, inode: entry.ino() });
            }
        }
        listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listing)
    }

    /// Whether a directory holds nothing, hidden names counted.
    pub(in crate::host::files) fn is_empty(&self, place: &Hosted) -> Result<bool, FileError> {
        Ok(self.directory(place)?.entries()?.next().is_none())
    }

    /// Opens a file. Anything else is refused before it is opened, since opening alone can do something to a device.
    pub(in crate::host::files) fn open_file(
        &self,
        place: &Hosted,
        write: bool,
    ) -> Result<HostFile, FileError> {
        let above = self.above(place)?;
        match kind_of(above.symlink_metadata(place.name())?.file_type()) {
            Kind::File => {}
            Kind::Directory => return Err(FileError::IsDirectory),
            // It was a file when the path was walked, or the walk had followed it.
            Kind::Link => return Err(FileError::Outside),
            Kind::Special | Kind::Character => return Err(FileError::Special),
        }
        let mut options = OpenOptions::new();
        options.read(true).write(write).follow(FollowSymlinks::No).nonblock(true);
        HostFile::new(above.open_with(place.name(), &options)?)
    }

    /// Makes a file that must not be there.
    pub(in crate::host::files) fn create_file(&self, place: &Hosted) -> Result<HostFile, FileError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        HostFile::new(self.above(place)?.open_with(place.name(), &options)?)
    }

    /// Makes a directory.
    pub(in crate::host::files) fn make_directory(&self, place: &Hosted) -> Result<(), FileError> {
        let mut builder = DirBuilder::new();
        builder.mode(DIRECTORY_MODE);
        Ok(self.above(place)?.create_dir_with(place.name(), &builder)?)
    }

    /// Makes a symbolic link. Whoever calls has looked at where it leads.
    pub(in crate::host::files) fn make_link(&self, place: &Hosted, target: &str) -> Result<(), FileError> {
        Ok(self.above(place)?.symlink(target, place.name())?)
    }

    /// Removes a file or link.
    pub(in crate::host::files) fn remove_file(&self, place: &Hosted) -> Result<(), FileError> {
        Ok(self.above(place)?.remove_file(place.name())?)
    }

    /// Removes an empty directory.
    pub(in crate::host::files) fn remove_directory(&self, place: &Hosted) -> Result<(), FileError> {
        Ok(self.above(place)?.remove_dir(place.name())?)
    }

    /// Renames, in place of what has the new name.
    pub(in crate::host::files) fn rename(&self, from: &Hosted, to: &Hosted) -> Result<(), FileError> {
        let (old, new) = (self.above(from)?, self.above(to)?);
        Ok(old.rename(from.name(), &new, to.name())?)
    }

    /// Gives a file a second name that must be free, and takes the first away: a rename that never replaces anything.
    pub(in crate::host::files) fn rename_to_free(&self, from: &Hosted, to: &Hosted) -> Result<(), FileError> {
        let (old, new) = (self.above(from)?, self.above(to)?);
        old.hard_link(from.name(), &new, to.name())?;
        // The file is where it is to be, whatever becomes of the name beside it.
        let _ = old.remove_file(from.name());
        Ok(())
    }

    /// Sets the times of a file or directory. A link is not followed.
    pub(in crate::host::files) fn set_times(&self, place: &Hosted, new: NewTimes) -> Result<(), FileError> {
        let at = |ns: u64| {
            SystemTimeSpec::Absolute(SystemTime::from_std(std::time::UNIX_EPOCH + Duration::from_nanos(ns)))
        };
        let above = self.above(place)?;
        Ok(above.set_symlink_times(place.name(), new.accessed_ns.map(at), new.modified_ns.map(at))?)
    }

    /// Gives a file the permissions that another one had; none beyond reading, writing and executing.
    pub(in crate::host::files) fn permit(file: &HostFile, mode: u32) -> Result<(), FileError> {
        Ok(file.own()?.set_permissions(Permissions::from_mode(mode & 0o777))?)
    }

    /// Makes sure that the names of a directory are on disk.
    pub(in crate::host::files) fn sync_directory(&self, place: &Hosted) -> Result<(), FileError> {
        Ok(self.directory(place)?.open(".")?.sync_all()?)
    }

    /// The directory that holds the last name of a place. The mounted directory has no name that could be used.
    fn above(&self, place: &Hosted) -> Result<Opened<'_>, FileError> {
        let above = place.parent().ok_or(FileError::MountPoint)?;
        self.directory(&above)
    }

    fn directory(&self, place: &Hosted) -> Result<Opened<'_>, FileError> {
        let mut here = Opened::Root(&self.dir);
        for name in place.names() {
            here = Opened::Below(here.open_dir_nofollow(name)?);
        }
        Ok(here)
    }
}

/// Whether a directory is `outer`, or lies in it: goes up to the root of the machine.
fn is_within(inner: &Dir, outer: &Dir) -> std::io::Result<bool> {
    let identity = |dir: &Dir| dir.dir_metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    let sought = identity(outer)?;
    let mut here = inner.try_clone()?;
    loop {
        let reached = identity(&here)?;
        if reached == sought {
            return Ok(true);
        }
        here = here.open_parent_dir(ambient_authority())?;
        if identity(&here)? == reached {
            return Ok(false);
        }
    }
}
