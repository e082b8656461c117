//! Where this process may make control groups, and what has to be done for that first.
//!
//! The kernel lets a group bound the groups below it only while no process is in it itself. So a process to which a group was delegated moves itself into a
//! group below that, which is what systemd asks of those that it delegates to (<https://systemd.io/CGROUP_DELEGATION/>). Nobody else is ever moved.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Access, access, getxattr};

use super::failed;
use crate::worker::jail::layer::Lack;

/// The controllers that workers are bounded by, as they are switched on.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
const SWITCH_ON: &str = "+memory +pids";

/// The group into which a parent moves itself.
const ASIDE: &str = "belljar-parent";

/// How systemd marks a group that it has delegated.
const DELEGATED: &str = "user.delegate";

/// The group below which those of workers are made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Home(PathBuf);

/// What it takes to make groups.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Nothing.
    Ready(PathBuf),
    /// Controllers are switched on, in the group of all.
    SwitchOn(PathBuf),
    /// This process moves aside, and they are switched on.
    MoveAside(PathBuf),
}

impl Home {
    /// Whether there is one, or could be.
    pub(super) fn look() -> Result<(), Lack> {
        Way::of(&own_folder()?, std::process::id()).map(|_| ())
    }

    /// Finds it, and makes it one if `may_change` says so. None if it would have to be made one.
    pub(super) fn take(may_change: bool) -> Result<Option<Self>, Lack> {
        // Of two threads at once, the second finds it ready.
        static TAKING: Mutex<()> = Mutex::new(());
        let _turn = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let way = Way::of(&own_folder()?, std::process::id())?;
        if !may_change && !matches!(way, Way::Ready(_)) {
            return Ok(None);
        }
        way.go(std::process::id()).map(|folder| Some(Self(folder)))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }
}

impl Way {
    /// What it takes for the process `me`, which is in the group `folder`.
    fn of(folder: &Path, me: u32) -> Result<Self, Lack> {
        if let Some(above) = folder.parent().filter(|above| is_for_us(folder, above)) {
            return Ok(Self::Ready(above.to_owned()));
        }
        let is_writable = ["", "cgroup.procs", "cgroup.subtree_control"]
            .into_iter()
            .all(|file| access(folder.join(file), Access::WRITE_OK).is_ok());
        if !is_writable {
            return Err(Lack::NotDelegated);
        }
        if has_all(&folder.join("cgroup.subtree_control")) {
            return Ok(Self::Ready(folder.to_owned()));
        }
        if !has_all(&folder.join("cgroup.controllers")) {
            return Err(Lack::NotDelegated);
        }
        if !folder.join("cgroup.type").exists() {
            return Ok(Self::SwitchOn(folder.to_owned()));
        }
        let inside = fs::read_to_string(folder.join("cgroup.procs")).map_err(|error| failed(&error))?;
        let is_alone = inside.lines().all(|process| process.parse() == Ok(me));
        if is_alone { Ok(Self::MoveAside(folder.to_owned())) } else { Err(Lack::Shared) }
    }

    /// Does what it takes.
    fn go(self, me: u32) -> Result<PathBuf, Lack> {
        match self {
            Self::Ready(folder) => Ok(folder),
            Self::SwitchOn(folder) => switch_on(&folder).map(|()| folder).map_err(|error| failed(&error)),
            Self::MoveAside(folder) => {
                let aside = folder.join(ASIDE);
                let moved = make(&aside).and_then(|()| move_to(&aside, me)).and_then(|()| switch_on(&folder));
                match moved {
                    Ok(()) => Ok(folder),
                    Err(error) => {
                        // As it was before, as far as that goes.
                        let _ = move_to(&folder, me).and_then(|()| fs::remove_dir(&aside));
                        Err(failed(&error))
                    }
                }
            }
        }
    }
}

/// Whether the group `above` was made for groups like ours: by this program, which moved aside into `folder`, or by systemd, which started it in one below that
/// which it delegated (`DelegateSubgroup=`).
fn is_for_us(folder: &Path, above: &Path) -> bool {
    let is_aside = folder.file_name().is_some_and(|name| name == ASIDE);
    let is_delegated = || {
        let mut mark = [0; 1];
        getxattr(above, DELEGATED, &mut mark).is_ok_and(|length| length == 1) && mark == *b"1"
    };
    has_all(&above.join("cgroup.subtree_control"))
        && access(above, Access::WRITE_OK).is_ok()
        && (is_aside || is_delegated())
}

/// Whether a file names all controllers that are needed.
fn has_all(file: &Path) -> bool {
    let named = fs::read_to_string(file).unwrap_or_default();
    CONTROLLERS.iter().all(|controller| named.split_whitespace().any(|name| name == *controller))
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn move_to(folder: &Path, process: u32) -> io::Result<()> {
    fs::write(folder.join("cgroup.procs"), process.to_string())
}

fn switch_on(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("cgroup.subtree_control"), SWITCH_ON)
}

/// The group that this process is in.
fn own_folder() -> Result<PathBuf, Lack> {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    folder_of(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo")).ok_or(Lack::Kernel)
}

/// The folder of the group of version 2 that `groups` tells of (`/proc/PID/cgroup`), by where `mounts` says that groups are (`/proc/PID/mountinfo`).
fn folder_of(groups: &str, mounts: &str) -> Option<PathBuf> {
    let path = Path::new(groups.lines().find_map(|line| line.strip_prefix("0::"))?);
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        if system.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3).map(unescaped);
        let (root, place) = (fields.next()?, fields.next()?);
        // What lies outside of the mount, or of the namespace, has no folder here.
        let within = path.strip_prefix(&root).ok().filter(|within| within.components().all(is_plain))?;
        // Not joined where there is nothing to join, which would end the path with a slash.
        Some(within.components().fold(PathBuf::from(place), |folder, name| folder.join(name)))
    })
}

fn is_plain(component: std::path::Component<'_>) -> bool {
    matches!(component, std::path::Component::Normal(_))
}

/// A field of the table of mounts, in which spaces, line ends and backslashes are octal numbers.
fn unescaped(field: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(field.to_owned(), |field, (escape, letter)| field.replace(escape, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
        32 31 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        41 31 0:31 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_own_group_is_found() {
        let of = |groups, mounts| folder_of(groups, mounts).map(|folder| folder.display().to_string());
        let unified = |rest: &str| Some(format!("/sys/fs/cgroup/unified{rest}"));
        assert_eq!(of("4:memory:/x\n0::/\n", MOUNTS), unified(""));
        assert_eq!(of("0::/user.slice/a b.scope\n", MOUNTS), unified("/user.slice/a b.scope"));
        // A process outside of the namespace's root, machines without version 2, and a mount of a part.
        for (groups, mounts) in
            [("0::/../x\n", MOUNTS), ("4:memory:/x\n", MOUNTS), ("0::/x\n", ""), ("", ""), ("0::", MOUNTS)]
        {
            assert_eq!(of(groups, mounts), None, "{groups} {mounts}");
        }
        let part = "41 31 0:31 /pod/a /my\\040groups rw - cgroup2 cgroup2 rw\n";
        assert_eq!(of("0::/pod/a/b\n", part).as_deref(), Some("/my groups/b"));
        assert_eq!(of("0::/pod/other\n", part), None);
    }

    /// A folder that looks as a group does.
    fn group(folder: &Path, [controllers, switched_on, inside]: [&str; 3]) {
        fs::create_dir_all(folder).unwrap();
        let files = [("cgroup.controllers", controllers), ("cgroup.subtree_control", switched_on)];
        for (file, text) in files.into_iter().chain([("cgroup.procs", inside), ("cgroup.type", "domain\n")]) {
            fs::write(folder.join(file), text).unwrap();
        }
    }

    #[test]
    fn a_process_that_is_alone_in_a_delegated_group_moves_aside() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a.service");
        group(&folder, ["cpu memory pids\n", "", "77\n"]);
        let way = Way::of(&folder, 77).unwrap();
        assert_eq!(way, Way::MoveAside(folder.clone()));
        assert_eq!(way.go(77), Ok(folder.clone()));
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(
            (read("cgroup.subtree_control").as_str(), read("belljar-parent/cgroup.procs").as_str()),
            (SWITCH_ON, "77")
        );
        // From where it is then, it is found to be ready.
        fs::write(folder.join("cgroup.subtree_control"), "memory pids\n").unwrap();
        assert_eq!(Way::of(&folder.join(ASIDE), 77), Ok(Way::Ready(folder)));
    }

    #[test]
    fn a_group_that_systemd_has_delegated_is_used_from_below() {
        let place = tempfile::tempdir().unwrap();
        let (above, folder) = (place.path().join("a.service"), place.path().join("a.service/main"));
        group(&above, ["memory pids\n", "memory pids\n", ""]);
        group(&folder, ["\n", "", "77\n"]);
        assert_eq!(Way::of(&folder, 77), Err(Lack::NotDelegated));
        let marked = rustix::fs::setxattr(&above, DELEGATED, b"1", rustix::fs::XattrFlags::empty());
        if marked.is_ok() {
            assert_eq!(Way::of(&folder, 77), Ok(Way::Ready(above)));
        }
    }

    #[test]
    fn what_is_missing_is_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let of = |name: &str, files| {
            let folder = place.path().join(name);
            group(&folder, files);
            Way::of(&folder, 77)
        };
        assert_eq!(of("shared", ["memory pids\n", "", "77\n78\n"]), Err(Lack::Shared));
        assert_eq!(of("without", ["hugetlb\n", "", "77\n"]), Err(Lack::NotDelegated));
        assert_eq!(of("one", ["memory\n", "", "77\n"]), Err(Lack::NotDelegated));
        assert_eq!(Way::of(&place.path().join("nowhere"), 77), Err(Lack::NotDelegated));
        let ready = of("ready", ["memory pids\n", "pids memory\n", ""]);
        assert_eq!(ready, Ok(Way::Ready(place.path().join("ready"))));
        // The group of all has no type.
        fs::remove_file(place.path().join("shared/cgroup.type")).unwrap();
        let all = place.path().join("shared");
        assert_eq!(Way::of(&all, 77), Ok(Way::SwitchOn(all)));
    }
}
