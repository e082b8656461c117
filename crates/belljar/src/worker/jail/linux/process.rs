//! What the process gives up of itself: rights, being looked at, outliving its parent, and resources.

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_no_new_privs,
};

use super::lack_of;
use crate::worker::jail::layer::Lack;
use crate::worker::settings::WORKER_THREADS_MAX;

/// What root may do to files of others, and goes on doing where directories are mounted. Landlock bounds it to these.
const OF_FILES: CapabilitySet =
    CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH).union(CapabilitySet::FOWNER);

/// The most descriptors of a worker.
const WORKER_DESCRIPTORS_MAX: u64 = 4096;

/// How often it is looked whether a thread that has ended is gone.
const LOOKS_MAX: u32 = 1_000;

/// Whether the process has more than one thread, as far as the system tells. One that has just ended may still be there for a moment.
pub(super) fn has_threads(one_ended: bool) -> bool {
    let several = || std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 1);
    let looks = if one_ended { LOOKS_MAX } else { 1 };
    (0..looks).all(|_| {
        let several = several();
        if several && one_ended {
            std::thread::yield_now();
        }
        several
    })
}

/// Nothing that this process starts, and nothing that it turns into, gains rights.
pub(super) fn gain_nothing() -> Result<(), Lack> {
    set_no_new_privs(true).map_err(lack_of)
}

/// Nobody of the same user can trace this process, read its memory through `/proc`, or make it dump core.
pub(super) fn hide() -> Result<(), Lack> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(lack_of)
}

/// The process is killed when its parent ends. Whether the parent is still the one that it should be: one that had ended before has
/// another in its place.
pub(super) fn end_with(parent: u32) -> Result<bool, Lack> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(lack_of)?;
    Ok(getppid().map(Pid::as_raw_pid).and_then(|pid| u32::try_from(pid).ok()) == Some(parent))
}

/// Whether the process has rights to files of others, as root does.
pub(super) fn has_rights_to_files() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.intersects(OF_FILES))
}

/// Gives up all capabilities for good; but those that reach files of others, where `keep_files` says so and they are there.
pub(super) fn give_up_capabilities(keep_files: bool) -> Result<(), Lack> {
    use CapabilitiesSecureBits as Bits;

    let now = capabilities(None).map_err(lack_of)?.permitted;
    let kept = if keep_files { now & OF_FILES } else { CapabilitySet::empty() };
    if now.contains(CapabilitySet::SETPCAP) {
        // Those that the kernel does not know, it cannot give either.
        for capability in CapabilitySet::all().difference(kept).iter() {
            let _ = remove_capability_from_bounding_set(capability);
        }
        let locked = Bits::NO_ROOT | Bits::NO_SETUID_FIXUP | Bits::NO_CAP_AMBIENT_RAISE;
        let locks = Bits::NO_ROOT_LOCKED
            | Bits::NO_SETUID_FIXUP_LOCKED
            | Bits::NO_CAP_AMBIENT_RAISE_LOCKED
            | Bits::KEEP_CAPS_LOCKED;
        set_capabilities_secure_bits(locked | locks).map_err(lack_of)?;
    }
    // A kernel without ambient capabilities has none to clear.
    let _ = clear_ambient_capability_set();
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(lack_of)
}

/// No core dumps; and a worker has few descriptors, no locked memory and no queues. How long files may be is not bounded: what it writes answers to is
/// memory of its parent's, which is sealed against growing. Its threads are counted only where it has a user namespace of its own (`is_alone`): elsewhere, all processes of the user are counted together.
pub(super) fn limit(is_worker: bool, is_alone: bool) -> Result<(), Lack> {
    lower(Resource::Core, 0)?;
    if !is_worker {
        return Ok(());
    }
    lower(Resource::Nofile, WORKER_DESCRIPTORS_MAX)?;
    lower(Resource::Memlock, 0)?;
    lower(Resource::Msgqueue, 0)?;
    if is_alone {
        lower(Resource::Nproc, WORKER_THREADS_MAX)?;
    }
    Ok(())
}

/// Makes a bound no higher than `most`, for good.
fn lower(resource: Resource, most: u64) -> Result<(), Lack> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let lower = |now: Option<u64>| Some(now.map_or(most, |now| now.min(most)));
    setrlimit(resource, Rlimit { current: lower(current), maximum: lower(maximum) }).map_err(lack_of)
}
