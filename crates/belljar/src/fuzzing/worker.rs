//! What a worker that has fallen can say to its parent.

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::task::{Context, Waker};

use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::mount::Mount;
use crate::tool::Tool;
use crate::worker::services::serving::Services;
use crate::worker::services::{ASK_BYTES_MAX, Ask, OperationAsk, OperationNumber};

/// Whatever a fallen worker asks of its parent, in an empty `folder`: it is served or refused. Nothing changes but what its session may change, and what
/// is lent can be read and nothing else.
pub fn services(folder: &Path, bytes: &[u8]) {
    lay_out(folder);
    for descriptor in serve(&folder.join("mounted"), bytes) {
        fs::File::from(descriptor).write(b"x").expect_err("it is for reading");
    }
    for (path, text) in [("mounted/ro/f", "f"), ("beside/secret", "secret"), ("mounted/rw/.env", "KEY=1")] {
        let is = fs::read_to_string(folder.join(path));
        assert!(is.as_deref().is_ok_and(|is| is == text), "{path} is {is:?}");
    }
    for (path, count) in [("", 2), ("beside", 1), ("mounted", 2), ("mounted/ro", 1)] {
        let found = fs::read_dir(folder.join(path)).expect("it is there").count();
        assert_eq!(found, count, "in {path:?}");
    }
}

/// What is mounted, and what lies beside it: as it is before anything is asked, whatever was done to it.
fn lay_out(folder: &Path) {
    for (path, name) in [("mounted/ro", "f"), ("beside", "secret")] {
        fs::create_dir_all(folder.join(path)).expect("the folder can be written");
        fs::write(folder.join(path).join(name), name).expect("so can a file in it");
    }
    let written = folder.join("mounted/rw");
    let _ = fs::remove_dir_all(&written);
    fs::create_dir_all(written.join("d")).expect("the folder can be written");
    for (name, text) in [("f", "0123456789"), (".env", "KEY=1")] {
        fs::write(written.join(name), text).expect("so can a file in it");
    }
    symlink("../../beside", written.join("away")).expect("and a link");
}

/// What a worker that has fallen sends: questions, operations and what belongs to them, served to a session that has folders in `folder` mounted: `ro`
/// in the two ways in which it stays as it is, and `rw`. With the descriptors that were lent, which are for reading alone.
fn serve(folder: &Path, bytes: &[u8]) -> Vec<OwnedFd> {
    let grants = Grants::default()
        .mount(Mount::read_only(folder.join("ro"), "/data"))
        .mount(Mount::copy_on_write(folder.join("ro"), "/work/cow"))
        .mount(Mount::read_write(folder.join("rw"), "/work/rw").bytes_max(1000).files_max(4))
        .tool(Tool::answered_by_caller("ask"))
        .and_then(|grants| grants.tool(Tool::new("one", |_: serde_json::Map<_, _>| Ok::<_, String>(1))))
        .expect("they are tools");
    let mut services =
        Services::new(&grants, &super::limits(), &Audit::default()).expect("the directories are there");
    services.begin_run(&super::limits());
    let (mut rest, mut lent) = (bytes, Vec::new());
    while let Some((what, after)) = rest.split_first() {
        rest = after;
        let number = OperationNumber(u32::from(what >> 2));
        match what & 3 {
            0 | 1 => {
                let Ok((ask, after)) = postcard::take_from_bytes::<Ask>(rest) else { continue };
                rest = after;
                let (reply, descriptor) = services.serve(ask);
                let told = postcard::to_stdvec(&reply).expect("it can be written");
                assert!(told.len() <= ASK_BYTES_MAX, "{} bytes are told at once", told.len());
                lent.extend(descriptor);
            }
            2 => {
                let Ok((ask, after)) = postcard::take_from_bytes::<OperationAsk>(rest) else { continue };
                rest = after;
                let _ = services.begin(number, &ask);
            }
            _ if what & 4 == 0 => drop(services.more(number)),
            _ => services.give_up(number),
        }
        // Tools have threads of their own, which nobody waits for here.
        let _ = services.poll_told(&mut Context::from_waker(Waker::noop()));
    }
    lent
}

/// Whatever a worker says to its parent.
pub fn frames(bytes: &[u8]) {
    crate::worker::fuzzed::frames(bytes);
}
