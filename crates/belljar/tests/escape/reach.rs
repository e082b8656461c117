//! Jails with grants: what is granted is in reach, and nothing beside it.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use belljar::{Access, Grants, Jail, Layer, Mount};
use libc as c;

use crate::inherited;
use crate::prisoner::{Got, call, in_child};

/// A folder with `inside/file` and `outside/file`, gone when this is.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("escape-{name}-{}", std::process::id()));
        for folder in ["inside", "outside"] {
            std::fs::create_dir_all(path.join(folder)).unwrap();
            std::fs::write(path.join(folder).join("file"), "text").unwrap();
        }
        std::os::unix::fs::symlink("../outside/file", path.join("inside/link")).unwrap();
        Self(path)
    }

    fn path(&self, path: &str) -> CString {
        CString::new(self.0.join(path).into_os_string().into_encoded_bytes()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens a path in a jail.
fn open(jail: &dyn Fn() -> Jail, path: &CString, flags: i32) -> Got {
    let got = in_child(|| {
        jail().enter().unwrap();
        call!(c::SYS_openat, c::AT_FDCWD, path.as_ptr(), flags, 0o600)
    });
    // Which number it got says nothing.
    if let Got::Done(_) = got { Got::Done(0) } else { got }
}

fn jail() -> Jail {
    Jail::closed().threads().leave(inherited())
}

#[test]
fn a_mount_is_in_reach_as_it_is_mounted_and_nothing_beside_it() {
    let place = Place::new("mount");
    let inside = place.0.join("inside");
    let mount = |mount: Mount| move || jail().grants(&Grants::default().mount(mount.clone()));
    let denied = Got::Refused(c::EACCES);
    let read_only = mount(Mount::read_only(&inside, "/data"));
    for jail in [&read_only as &dyn Fn() -> Jail, &mount(Mount::copy_on_write(&inside, "/data"))] {
        assert_eq!(open(jail, &place.path("inside/file"), c::O_RDONLY), Got::Done(0));
        assert_eq!(open(jail, &place.path("inside/file"), c::O_WRONLY), denied);
        assert_eq!(open(jail, &place.path("inside/file"), c::O_RDONLY | c::O_TRUNC), denied);
        assert_eq!(open(jail, &place.path("inside/new"), c::O_WRONLY | c::O_CREAT), denied);
    }
    let writable = mount(Mount::read_write(&inside, "/data"));
    assert_eq!(open(&writable, &place.path("inside/file"), c::O_RDWR), Got::Done(0));
    assert_eq!(open(&writable, &place.path("inside/new"), c::O_WRONLY | c::O_CREAT), Got::Done(0));
    for jail in [&read_only as &dyn Fn() -> Jail, &writable] {
        for path in ["outside/file", "inside/../outside/file", "inside/link", "."] {
            assert_eq!(open(jail, &place.path(path), c::O_RDONLY), denied, "{path}");
        }
        assert_eq!(open(jail, &c"/etc/passwd".to_owned(), c::O_RDONLY), denied);
        assert_eq!(open(jail, &c"/proc/self/mem".to_owned(), c::O_RDONLY), denied);
    }
}

#[test]
fn a_mount_to_change_executes_nothing_and_makes_no_devices_or_sockets() {
    let place = Place::new("execute");
    std::fs::copy("/bin/true", place.0.join("inside/true")).unwrap();
    let inside = place.0.join("inside");
    let jail = || jail().files(&inside, Access::Change).without(Layer::Seccomp);
    let program = place.path("inside/true");
    let none = std::ptr::null::<u8>();
    let executed = in_child(|| {
        jail().enter().unwrap();
        call!(c::SYS_execve, program.as_ptr(), none, none)
    });
    assert_eq!(executed, Got::Refused(c::EACCES));
    let new = place.path("inside/new");
    for kind in [c::S_IFIFO, c::S_IFSOCK, c::S_IFCHR] {
        let made = in_child(|| {
            jail().enter().unwrap();
            call!(c::SYS_mknodat, c::AT_FDCWD, new.as_ptr(), kind | 0o600, 0x0103)
        });
        assert!(matches!(made, Got::Refused(c::EACCES | c::EPERM)), "{kind}: {made:?}");
    }
}

#[test]
fn a_place_to_keep_something_in_is_neither_read_nor_written() {
    let place = Place::new("name");
    let inside = place.0.join("inside");
    let jail = || jail().files(&inside, Access::Name).files(&inside, Access::Name);
    for (path, flags) in
        [("inside/file", c::O_RDONLY), ("inside/file", c::O_WRONLY), ("outside/file", c::O_RDONLY)]
    {
        assert_eq!(open(&jail, &place.path(path), flags), Got::Refused(c::EACCES), "{path} {flags}");
    }
}

/// With hosts granted, sockets are IP, and connections go to the ports that were granted.
#[test]
fn a_network_grant_opens_its_ports_and_no_other_kind_of_socket() {
    let jail = || jail().grants(&Grants::default().net("localhost:4433".parse().unwrap()));
    let connect = |port: u16| {
        in_child(|| {
            jail().enter().unwrap();
            let address = c::sockaddr_in {
                sin_family: u16::try_from(c::AF_INET).unwrap(),
                sin_port: port.to_be(),
                sin_addr: c::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
                sin_zero: [0; 8],
            };
            let Got::Done(socket) = call!(c::SYS_socket, c::AF_INET, c::SOCK_STREAM, 0) else {
                return Got::Ended(1);
            };
            call!(c::SYS_connect, socket, &raw const address, size_of_val(&address))
        })
    };
    // Nobody listens there, which is found out by asking.
    assert_eq!(connect(4433), Got::Refused(c::ECONNREFUSED));
    assert_eq!(connect(4434), Got::Refused(c::EACCES));
    for family in (0..46).filter(|family| ![c::AF_INET, c::AF_INET6, c::AF_NETLINK].contains(family)) {
        let made = in_child(|| {
            jail().enter().unwrap();
            call!(c::SYS_socket, family, c::SOCK_STREAM, 0)
        });
        assert_eq!(made, Got::Refused(c::EACCES), "{family}");
    }
    for (what, number) in [("listen", c::SYS_listen), ("accept", c::SYS_accept4), ("execute", c::SYS_execve)]
    {
        let made = in_child(|| {
            jail().enter().unwrap();
            call!(number, 0, 0, 0, 0)
        });
        assert_eq!(made, Got::Killed(c::SIGSYS), "{what}");
    }
    let mapped = in_child(|| {
        jail().enter().unwrap();
        let (protection, flags) = (c::PROT_READ | c::PROT_EXEC, c::MAP_PRIVATE | c::MAP_ANONYMOUS);
        call!(c::SYS_mmap, 0, 4096, protection, flags, -1, 0)
    });
    assert_eq!(mapped, Got::Refused(c::EACCES));
}

/// Numbers of another kind of program are none of the list's.
#[cfg(target_arch = "x86_64")]
#[test]
fn system_calls_of_other_kinds_of_programs_are_none() {
    // x32: the number of `getpid`, marked.
    let x32 = in_child(|| {
        jail().enter().unwrap();
        call!(0x4000_0000_i64 | c::SYS_getpid)
    });
    assert_eq!(x32, Got::Killed(c::SIGSYS));
    let old = in_child(|| {
        jail().enter().unwrap();
        let mut number: u64 = 20;
        // SAFETY: it asks for the process's number, as programs of 32 bits do, and changes no register but the one that is named.
        unsafe {
            std::arch::asm!("int 0x80", inout("rax") number, lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _)
        };
        Got::Done(i64::from(number > 0))
    });
    // A kernel that runs no such programs ends the process itself.
    assert!(matches!(old, Got::Killed(c::SIGSYS | c::SIGSEGV)), "{old:?}");
}
