//! Control groups (cgroup v2): bounds on memory and threads that the kernel holds for a whole process, whatever that does.
//!
//! [`home`] finds where groups can be made. Each worker gets one of its own from its parent before it is told anything, and the group goes with it.
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>

mod home;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::jail::layer::Lack;
use super::settings::WORKER_THREADS_MAX;
use home::Home;

/// What the names of groups begin with; the parent's process id and a number follow.
const NAME: &str = "belljar-worker-";

/// The group of one worker, gone when this is.
#[derive(Debug)]
pub(super) struct Group(PathBuf);

/// Whether workers can have groups here. Nothing is changed.
pub(super) fn look() -> Result<(), Lack> {
    Home::look()
}

impl Group {
    /// A group for one more worker. None where groups could be had, and whoever keeps the workers did not ask for what they bound: then nothing of the
    /// machine's groups is changed.
    pub(super) fn new(memory_max_bytes: Option<u64>) -> Result<Option<Self>, Lack> {
        let home = Home::take(memory_max_bytes.is_some())?;
        home.map(|home| Self::below(home.folder(), memory_max_bytes).map_err(|error| failed(&error)))
            .transpose()
    }

    fn below(home: &Path, memory_max_bytes: Option<u64>) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        remove_left_overs(home);
        let group = loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let folder = home.join(format!("{NAME}{}-{number}", std::process::id()));
            match fs::create_dir(&folder) {
                // Of a parent with the same number in another namespace.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => break made.map(|()| Self(folder))?,
            }
        };
        group.set("pids.max", WORKER_THREADS_MAX)?;
        if let Some(bytes) = memory_max_bytes {
            group.set("memory.max", bytes)?;
            group.set("memory.oom.group", 1)?;
            // A kernel without swap has no bound on it.
            match group.set("memory.swap.max", 0) {
                Err(_) if !group.0.join("memory.swap.max").exists() => {}
                set => set?,
            }
        }
        Ok(group)
    }

    /// Puts a process into it, with all its threads.
    pub(super) fn take_in(&self, process: u32) -> Result<(), Lack> {
        self.set("cgroup.procs", u64::from(process)).map_err(|error| failed(&error))
    }

    /// Whether the kernel has ended what was in it, for using more memory than it may.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.0.join("memory.events")).unwrap_or_default();
        let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        kills.and_then(|kills| kills.parse::<u64>().ok()).is_some_and(|kills| kills > 0)
    }

    fn set(&self, file: &str, value: u64) -> io::Result<()> {
        fs::write(self.0.join(file), value.to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Whoever was in it has ended. What cannot be removed now is a left-over for the next parent.
        let _ = fs::remove_dir(&self.0);
    }
}

/// Removes the groups of parents that have ended without doing so.
fn remove_left_overs(home: &Path) {
    let Ok(entries) = fs::read_dir(home) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let parent = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').next());
        let parent = parent.and_then(|parent| parent.parse::<u32>().ok());
        if parent.is_some_and(|parent| !Path::new("/proc").join(parent.to_string()).exists()) {
            // One in which something lives, whose parent lives where it cannot be seen from here, is not removed by this.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn failed(error: &io::Error) -> Lack {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Lack::NotDelegated,
        _ => error.raw_os_error().map_or(Lack::NotDelegated, Lack::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(group: &Group, file: &str) -> String {
        fs::read_to_string(group.0.join(file)).unwrap()
    }

    #[test]
    fn a_group_has_its_bounds_before_anybody_is_in_it() {
        let home = tempfile::tempdir().unwrap();
        let group = Group::below(home.path(), Some(1 << 30)).unwrap();
        for (file, value) in [
            ("memory.max", "1073741824"),
            ("memory.swap.max", "0"),
            ("memory.oom.group", "1"),
            ("pids.max", "512"),
        ] {
            assert_eq!(read(&group, file), value, "{file}");
        }
        group.take_in(1234).unwrap();
        assert_eq!(read(&group, "cgroup.procs"), "1234");
        let other = Group::below(home.path(), None).unwrap();
        assert!(other.0 != group.0 && !other.0.join("memory.max").exists());
    }

    #[test]
    fn the_kernel_says_whether_memory_ran_out() {
        let home = tempfile::tempdir().unwrap();
        let group = Group::below(home.path(), None).unwrap();
        let said = |text: &str| {
            fs::write(group.0.join("memory.events"), text).unwrap();
            group.ran_out_of_memory()
        };
        assert!(!group.ran_out_of_memory());
        assert!(!said("low 0\nhigh 0\nmax 12\noom 3\noom_kill 0\noom_group_kill 0\n"));
        assert!(said("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n"));
    }

    #[test]
    fn groups_of_the_dead_are_removed_and_others_are_not() {
        let home = tempfile::tempdir().unwrap();
        let living = format!("{NAME}{}-7", std::process::id());
        // No process has a number as high.
        let names = [format!("{NAME}4194305-0"), living, "another".to_owned(), format!("{NAME}x-1")];
        names.iter().for_each(|name| fs::create_dir(home.path().join(name)).unwrap());
        remove_left_overs(home.path());
        let left = names.iter().map(|name| home.path().join(name).exists());
        assert_eq!(left.collect::<Vec<_>>(), [false, true, true, true]);
        let group = Group(home.path().join("another"));
        drop(group);
        assert!(!home.path().join("another").exists());
    }
}
