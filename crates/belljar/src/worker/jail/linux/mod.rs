//! The jail on Linux, layer by layer, from the outside in: what was inherited, namespaces, rights, Landlock, and last the filter of system calls,
//! which would not let the others be closed.
//!
//! `raw` has the system calls that need `unsafe`.

mod calls;
mod descriptors;
mod landlock;
mod namespaces;
mod process;
mod raw;

use rustix::io::Errno;

pub(super) use descriptors::listed;
pub(super) use raw::close;

use crate::engine::clock;
use crate::error::{Error, Result};
use crate::worker::cgroups;
use crate::worker::jail::layer::{Lack, Layer, Layers, Standing};
use crate::worker::jail::needs::Needs;

/// Why a layer is open that a test does not want.
const LEFT_OUT: &str = "a test left it out";

/// Closes what the process does not need.
pub(super) fn enter(needs: &Needs) -> Result<Layers> {
    let mut layers = Layers::default();
    let has_threads = process::has_threads(clock::rest());
    // Root's rights to files of others are what directories can be mounted with that are not root's own.
    let keeps_rights = !needs.rules.is_empty() && process::has_rights_to_files();
    take_namespaces(needs, keeps_rights, &mut layers);
    take_rights(needs, keeps_rights, &mut layers)?;
    close_layer(needs, Layer::Landlock, &mut layers, |layers| {
        let abi = landlock::restrict(needs)?;
        layers.landlock_abi = Some(abi);
        if has_threads && abi < landlock::ALL_THREADS_ABI { Err(Lack::Threads) } else { Ok(()) }
    });
    close_layer(needs, Layer::Seccomp, &mut layers, |_| calls::filter(needs));
    layers.set(Layer::ControlGroup, Standing::Open("a parent puts its workers into one"));
    Ok(layers)
}

fn take_namespaces(needs: &Needs, keeps_rights: bool, layers: &mut Layers) {
    let mut wanted = Vec::new();
    for (layer, _) in namespaces::KINDS {
        match needed_open(needs, keeps_rights, layer) {
            Some(needed) => layers.set(layer, Standing::Open(needed)),
            None => wanted.push(layer),
        }
    }
    namespaces::leave(&wanted, layers);
    let root =
        match (needed_open(needs, keeps_rights, Layer::EmptyRoot), layers.standing(Layer::MountNamespace)) {
            (Some(needed), _) => Standing::Open(needed),
            (None, Standing::InForce) => namespaces::empty_root().map_err(lack_of).into(),
            (None, other) => other,
        };
    layers.set(Layer::EmptyRoot, root);
}

/// For what a namespace is not taken, if it is not.
fn needed_open(needs: &Needs, keeps_rights: bool, layer: Layer) -> Option<&'static str> {
    match layer {
        layer if needs.without.contains(&layer) => Some(LEFT_OUT),
        Layer::UserNamespace if keeps_rights => Some("root's rights to files of others"),
        Layer::MountNamespace | Layer::EmptyRoot if needs.reads() || needs.names() => {
            Some("files are opened by their paths")
        }
        Layer::NetworkNamespace if needs.connects() => Some("connections are made"),
        Layer::PidNamespace if needs.threads => Some("threads cannot be started from it"),
        Layer::MountNamespace | Layer::EmptyRoot | Layer::NetworkNamespace if !needs.is_worker() => {
            Some("it would take more time than all other layers together")
        }
        _ => None,
    }
}

fn take_rights(needs: &Needs, keeps_rights: bool, layers: &mut Layers) -> Result<()> {
    let (is_worker, is_alone) = (needs.is_worker(), layers.holds(Layer::UserNamespace));
    close_layer(needs, Layer::ResourceLimits, layers, |_| process::limit(is_worker, is_alone));
    close_layer(needs, Layer::Capabilities, layers, |_| process::give_up_capabilities(keeps_rights));
    close_layer(needs, Layer::NoNewPrivileges, layers, |_| process::gain_nothing());
    // Last of these: a change of rights would undo it.
    close_layer(needs, Layer::NotDumpable, layers, |_| process::hide());
    match needs.parent.map(process::end_with) {
        None | Some(Ok(true)) => Ok(()),
        Some(Ok(false) | Err(_)) => Err(Error::ParentGone),
    }
}

fn close_layer(
    needs: &Needs,
    layer: Layer,
    layers: &mut Layers,
    act: impl FnOnce(&mut Layers) -> Result<(), Lack>,
) {
    let standing = match needs.without.contains(&layer) {
        true => Standing::Open(LEFT_OUT),
        false => act(layers).into(),
    };
    layers.set(layer, standing);
}

/// What can be had here, found out in children.
pub(super) fn probe() -> Layers {
    let mut layers = Layers::default();
    for layer in Layer::ALL {
        layers.set(layer, Standing::InForce);
    }
    let user = raw::try_in_child(|| raw::unshare(namespaces::USER));
    let base = if user.is_ok() { namespaces::USER } else { namespaces::NONE };
    for (layer, flag) in namespaces::KINDS {
        let made = raw::try_in_child(|| raw::unshare(base | flag));
        layers.set(layer, made.map_err(namespaces::lack).into());
    }
    let root = || raw::unshare(base | namespaces::MOUNT).and_then(|()| namespaces::empty_root());
    layers.set(Layer::EmptyRoot, raw::try_in_child(root).map_err(lack_of).into());
    let landlock = raw::landlock_abi();
    layers.landlock_abi = landlock.ok();
    layers.set(Layer::Landlock, landlock.map(|_| ()).map_err(lack_of).into());
    layers.set(Layer::Seccomp, raw::seccomp_can_kill().map_err(lack_of).into());
    layers.set(Layer::ControlGroup, cgroups::look().into());
    layers
}

/// What an error of the kernel says of a layer.
fn lack_of(errno: Errno) -> Lack {
    match errno {
        Errno::NOSYS | Errno::OPNOTSUPP => Lack::Kernel,
        Errno::PERM | Errno::ACCESS => Lack::Refused,
        Errno::NOSPC | Errno::USERS => Lack::TooMany,
        other => Lack::Failed(other.raw_os_error()),
    }
}
