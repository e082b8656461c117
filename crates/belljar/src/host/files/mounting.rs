//! Puts directories of the host into the namespace, when a session begins.

use std::sync::Arc;

use super::Files;
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::Mounts;
use super::node::Id;
use super::space::Space;
use super::tree::IMAGE_TIME_NS;
use crate::error::Result;
use crate::host::audit::Audit;
use crate::host::elsewhere::Elsewhere;
use crate::mount::fault::MountFault;
use crate::mount::{Mount, MountMode};

impl Files {
    /// Opens directories of the host, unless `elsewhere` has them, and puts each at its place. To be done before anything else is placed.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) names the first mount that cannot be, and why.
    pub(crate) fn mount(&mut self, grants: &[Mount], elsewhere: Option<&Arc<dyn Elsewhere>>) -> Result<()> {
        if grants.is_empty() {
            return Ok(());
        }
        let mounts = Mounts::open(grants, elsewhere)?;
        let space = self.space();
        space.tree.mounts = mounts;
        for (number, grant) in (0..).zip(grants) {
            // What is in the way lies in the image.
            space.mount(number, grant).map_err(|_| grant.refused(MountFault::Taken))?;
        }
        Ok(())
    }
}

impl Files {
    /// From now on `audit` is told what is done with the host's files. A session that has touched none has none.
    pub(crate) fn tell(&mut self, audit: &Audit) {
        if let Some(space) = &mut self.space {
            space.tree.mounts.tell(audit);
        }
    }

    /// From now on these are the files of another session, which uses quotas of its own.
    pub(crate) fn count_apart(&mut self) {
        if let Some(space) = &mut self.space {
            space.tree.mounts.count_apart();
        }
    }

    /// From now on `elsewhere` is asked for what is done with directories of the host. What another session of this process had it open
    /// for this one is opened anew.
    pub(crate) fn ask(&mut self, elsewhere: &Arc<dyn Elsewhere>) {
        if let Some(space) = &mut self.space
            && space.tree.mounts.ask(elsewhere)
        {
            for (fd, identity) in space.open.take_far() {
                // The descriptor is there, and a file of the host's.
                let _ = space.open_anew(fd, identity.as_ref());
            }
        }
    }
}

impl Space {
    fn mount(&mut self, mount: u32, grant: &Mount) -> Result<(), FileError> {
        let names: Vec<&str> = grant.destination.split('/').skip(1).collect();
        let (above, name) = self.enter(names)?;
        if let Some((id, kind)) = self.tree.child(&Id::Made(above), name)? {
            let Id::Made(number) = id else { return Err(FileError::Exists) };
            if kind != Kind::Directory || self.writable(&id).is_err() || !self.tree.is_empty(&id)? {
                return Err(FileError::Exists);
            }
            self.tree.unlink((above, name), IMAGE_TIME_NS);
            self.tree.forget(number);
        }
        let root = Hosted::root(mount);
        if grant.mode == MountMode::CopyOnWrite {
            let times = self.tree.mounts.stat(&root)?.times;
            self.tree.cover((above, name), root, times);
        } else {
            self.tree.add_mount((above, name), mount);
        }
        Ok(())
    }
}
