//! Machines that lack something: the jail says what, and whether it goes on is the caller's choice.

use std::collections::BTreeMap;

use belljar::{Error, Jail, Lack, Layer, Layers, Standing};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::prisoner::{Got, call, in_child, with_text};
use crate::{own, worker};

/// A kernel or container that answers these system calls with an error.
fn answers(calls: &[i64], errno: i32) {
    let calls: BTreeMap<i64, Vec<_>> = calls.iter().map(|number| (*number, Vec::new())).collect();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(errno.unsigned_abs()));
    let here = std::env::consts::ARCH.try_into().unwrap();
    let program: BpfProgram = SeccompFilter::new(calls, others, these, here).unwrap().try_into().unwrap();
    apply_filter(&program).unwrap();
}

const LANDLOCK: [i64; 3] =
    [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self];

/// What the jail of a worker says where the system answers so.
fn said(calls: &'static [i64], errno: i32, then: impl FnOnce(&Layers) -> bool) {
    let got = in_child(|| {
        answers(calls, errno);
        let layers = worker().enter().unwrap();
        Got::Done(then(&layers).into())
    });
    assert_eq!(got, Got::Done(1), "{calls:?} {errno}");
}

/// With what the jail refuses to be closed there.
fn refusal(jail: fn() -> Jail, calls: &'static [i64], errno: i32) -> String {
    let (got, text) = with_text(|tell| {
        answers(calls, errno);
        match jail().require().enter() {
            Err(error @ Error::Jail { .. }) => tell(&format!("{error} ({})", error.hint().unwrap())),
            other => tell(&format!("{other:?}")),
        }
        Got::Done(0)
    });
    assert_eq!(got, Got::Done(0), "{text}");
    text
}

#[test]
fn a_kernel_without_landlock_is_told() {
    let missing = |layers: &Layers| {
        layers.standing(Layer::Landlock) == Standing::Missing(Lack::Kernel)
            && layers.holds(Layer::Seccomp)
            && !layers.are_a_jail()
            && layers.missing().count() == 1
    };
    said(&LANDLOCK, libc::ENOSYS, missing);
    said(&LANDLOCK, libc::EOPNOTSUPP, missing);
    assert_eq!(
        refusal(own, &LANDLOCK, libc::ENOSYS),
        "the jail cannot be closed: landlock: the kernel has none (Linux has it from 5.13 on, where it was built with \
         CONFIG_SECURITY_LANDLOCK and `lsm=` names landlock)"
    );
}

#[test]
fn a_system_that_gives_no_user_namespaces_is_told_and_has_the_rest() {
    for (errno, lack) in
        [(libc::EPERM, Lack::Refused), (libc::ENOSYS, Lack::Kernel), (libc::ENOSPC, Lack::TooMany)]
    {
        said(&[libc::SYS_unshare], errno, |layers| {
            let of = |layer| layers.standing(layer) == Standing::Missing(lack);
            of(Layer::UserNamespace)
                && of(Layer::NetworkNamespace)
                && of(Layer::EmptyRoot)
                && layers.are_a_jail()
                && layers.holds(Layer::Capabilities)
        });
    }
}

#[test]
fn a_system_that_lets_nobody_filter_is_refused() {
    assert_eq!(
        refusal(worker, &[libc::SYS_seccomp], libc::EPERM),
        "the jail cannot be closed: seccomp: the kernel refuses it (run it in a container whose profile lets programs restrict \
         themselves)"
    );
}

/// A container without privileges: root by name, and no namespaces.
#[test]
fn root_in_a_container_without_privileges_ends_with_none() {
    let got = in_child(|| {
        // SAFETY: it asks for a number.
        if unsafe { libc::geteuid() } != 0 {
            return Got::Done(1);
        }
        let header = [0x2008_0522_u32, 0];
        // What Docker leaves to root: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP and a few more.
        let docker = 0xa804_25fb_u32;
        assert_eq!(
            call!(libc::SYS_capset, header.as_ptr(), [docker, docker, 0, 0, 0, 0].as_ptr()),
            Got::Done(0)
        );
        answers(&[libc::SYS_unshare, libc::SYS_mount, libc::SYS_pivot_root], libc::EPERM);
        let layers = worker().without(Layer::Seccomp).enter().unwrap();
        let mut sets = [u32::MAX; 6];
        assert_eq!(call!(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr()), Got::Done(0));
        let bounding = (0..40)
            .any(|capability| call!(libc::SYS_prctl, libc::PR_CAPBSET_READ, capability) == Got::Done(1));
        Got::Done((layers.holds(Layer::Landlock) && sets == [0; 6] && !bounding).into())
    });
    assert_eq!(got, Got::Done(1));
}

#[test]
fn an_ordinary_user_has_every_layer() {
    let got = in_child(|| {
        become_nobody();
        let layers = worker().enter().unwrap();
        Got::Done(i64::try_from(layers.missing().count()).unwrap())
    });
    // Whether it is given a control group is its parent's concern.
    let offered = Layers::probe().missing().filter(|(layer, _)| *layer != Layer::ControlGroup).count();
    assert_eq!(got, Got::Done(i64::try_from(offered).unwrap()));
}

/// Turns into a user without rights, where the test is run by root.
pub(crate) fn become_nobody() {
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } == 0 {
        assert_eq!(call!(libc::SYS_setgroups, 0, std::ptr::null::<u8>()), Got::Done(0));
        assert_eq!(call!(libc::SYS_setresgid, 65534, 65534, 65534), Got::Done(0));
        assert_eq!(call!(libc::SYS_setresuid, 65534, 65534, 65534), Got::Done(0));
    }
}

/// Landlock and namespaces are a thread's: one that was there before would not be held. The filter holds it.
#[test]
fn a_process_with_threads_is_told_what_does_not_hold_them() {
    let got = in_child(|| {
        let (go, wait) = std::sync::mpsc::sync_channel::<()>(0);
        let other = std::thread::spawn(move || {
            let _ = wait.recv();
            call!(libc::SYS_openat, libc::AT_FDCWD, c"/etc/passwd".as_ptr(), libc::O_RDONLY)
        });
        let layers = own().enter().unwrap();
        go.send(()).unwrap();
        let held = other.join().unwrap() == Got::Refused(libc::EACCES);
        let of = |layer| layers.standing(layer) == Standing::Missing(Lack::Threads);
        let abi = layers.landlock_abi().unwrap_or(0);
        Got::Done((held && of(Layer::UserNamespace) && (of(Layer::Landlock) || abi >= 8)).into())
    });
    assert_eq!(got, Got::Done(1));
    let refused = in_child(|| {
        let _other = std::thread::spawn(std::thread::park);
        Got::Done(own().require().enter().is_err().into())
    });
    assert!(refused == Got::Done(1) || Layers::probe().landlock_abi() >= Some(8), "{refused:?}");
}
