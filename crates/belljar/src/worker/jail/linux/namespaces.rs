//! Namespaces of one's own, and a root directory with nothing in it.

use rustix::io::Errno;
use rustix::process::{chdir, pivot_root};
use rustix::thread::UnshareFlags;

use super::lack_of;
use super::raw;
use crate::worker::jail::layer::{Lack, Layer, Layers, Standing};

/// Each kind of namespace, and the layer that it is. The user namespace comes first: the others are made with the rights in it.
pub(super) const KINDS: [(Layer, UnshareFlags); 7] = [
    (Layer::UserNamespace, UnshareFlags::NEWUSER),
    (Layer::MountNamespace, UnshareFlags::NEWNS),
    (Layer::NetworkNamespace, UnshareFlags::NEWNET),
    (Layer::IpcNamespace, UnshareFlags::NEWIPC),
    (Layer::UtsNamespace, UnshareFlags::NEWUTS),
    (Layer::CgroupNamespace, UnshareFlags::NEWCGROUP),
    (Layer::PidNamespace, UnshareFlags::NEWPID),
];

pub(super) const NONE: UnshareFlags = UnshareFlags::empty();
pub(super) const USER: UnshareFlags = UnshareFlags::NEWUSER;
pub(super) const MOUNT: UnshareFlags = UnshareFlags::NEWNS;

/// Moves the process into namespaces of these kinds: all at once, or, where that fails, as many as can be had.
pub(super) fn leave(wanted: &[Layer], layers: &mut Layers) {
    let kinds = KINDS.iter().filter(|(layer, _)| wanted.contains(layer));
    let all = kinds.clone().fold(UnshareFlags::empty(), |all, (_, flag)| all | *flag);
    if all.is_empty() {
        return;
    }
    let whole = raw::unshare(all);
    for (layer, flag) in kinds {
        let made = whole.or_else(|_| raw::unshare(*flag));
        layers.set(*layer, Standing::from(made.map_err(lack)));
    }
}

/// What a namespace lacks. `EINVAL` is what a process with threads gets.
pub(super) fn lack(errno: Errno) -> Lack {
    match errno {
        Errno::INVAL => Lack::Threads,
        other => lack_of(other),
    }
}

/// Puts an empty directory that cannot be written in the place of the root. Needs a mount namespace, and the right to mount in it. What is open
/// stays open.
pub(super) fn empty_root() -> Result<(), Errno> {
    // What is mounted here stays unknown to others. The mount point is any directory: it is hidden at once, with all else.
    raw::mount(c"none", c"/", libc::MS_REC | libc::MS_PRIVATE, c"")?;
    let flags = libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    raw::mount(c"tmpfs", c"/proc", flags, c"size=4096,nr_inodes=1,mode=0555")?;
    chdir("/proc")?;
    pivot_root(".", ".")?;
    // The old root lies upon the new one now.
    raw::unmount(c".")?;
    chdir("/")
}
