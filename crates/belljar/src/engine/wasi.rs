//! Binds the functions of WASI preview 1 (module `wasi_snapshot_preview1`) to the host: which takes what, and nothing else.

use wasmtime::{AsContextMut, Caller, Linker};

use super::State;
use super::deadline;
use super::imports::{split, wait};
use crate::host::wasi::errno::Errno;
use crate::host::wasi::path::{How, Named};
use crate::host::wasi::{answer, clock, fd, path, poll, process, serve};

const MODULE: &str = "wasi_snapshot_preview1";

/// Each line is a function as the guest imports it, and the host's function that serves it.
macro_rules! bind {
    ($linker:ident: $($import:ident($($name:ident: $type:ty),*) => $family:ident::$function:ident($($argument:expr),*);)*) => {
        $($linker.func_wrap(MODULE, stringify!($import), |mut caller: Caller<'_, State>, $($name: $type),*| {
            let (mut memory, host) = split(&mut caller)?;
            serve(host, &mut memory, |host, memory| $family::$function(host, memory, $($argument),*))
                .map_err(wasmtime::Error::new)
        })?;)*
    };
}

/// Adds all of preview 1 to `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    descriptors(linker)?;
    paths(linker)?;
    surroundings(linker)?;
    waiting(linker)
}

fn descriptors(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bind! { linker:
        fd_advise(fd: u32, _at: u64, _len: u64, _advice: u32) => fd::settle(fd);
        fd_allocate(fd: u32, at: u64, len: u64) => fd::allocate(fd, (at, len));
        fd_close(fd: u32) => fd::close(fd);
        fd_datasync(fd: u32) => fd::settle(fd);
        fd_fdstat_get(fd: u32, out: u32) => fd::fdstat_get(fd, out);
        fd_fdstat_set_flags(fd: u32, flags: u32) => fd::fdstat_set_flags(fd, flags);
        fd_fdstat_set_rights(fd: u32, _base: u64, _inheriting: u64) => fd::settle(fd);
        fd_filestat_get(fd: u32, out: u32) => fd::filestat_get(fd, out);
        fd_filestat_set_size(fd: u32, size: u64) => fd::filestat_set_size(fd, size);
        fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32)
            => fd::filestat_set_times(fd, (accessed, modified), flags);
        fd_pread(fd: u32, list: u32, count: u32, at: u64, out: u32) => fd::pread(fd, (list, count), (at, out));
        fd_prestat_get(fd: u32, out: u32) => fd::prestat_get(fd, out);
        fd_prestat_dir_name(fd: u32, ptr: u32, len: u32) => fd::prestat_dir_name(fd, (ptr, len));
        fd_pwrite(fd: u32, list: u32, count: u32, at: u64, out: u32) => fd::pwrite(fd, (list, count), (at, out));
        fd_readdir(fd: u32, ptr: u32, len: u32, cookie: u64, out: u32)
            => fd::readdir(fd, (ptr, len), (cookie, out));
        fd_renumber(from: u32, to: u32) => fd::renumber(from, to);
        fd_seek(fd: u32, by: i64, whence: u32, out: u32) => fd::seek(fd, (by, whence), out);
        fd_sync(fd: u32) => fd::settle(fd);
        fd_tell(fd: u32, out: u32) => fd::tell(fd, out);
        fd_write(fd: u32, list: u32, count: u32, out: u32) => fd::write(fd, (list, count), out);
    }
    Ok(())
}

fn paths(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bind! { linker:
        path_create_directory(fd: u32, ptr: u32, len: u32) => path::create_directory(keep(fd, ptr, len));
        path_filestat_get(fd: u32, lookup: u32, ptr: u32, len: u32, out: u32)
            => path::filestat_get(Named { fd, lookup, path: (ptr, len) }, out);
        path_filestat_set_times(fd: u32, lookup: u32, ptr: u32, len: u32, accessed: u64, modified: u64, flags: u32)
            => path::filestat_set_times(Named { fd, lookup, path: (ptr, len) }, (accessed, modified), flags);
        path_link(_old: u32, _lookup: u32, _ptr: u32, _len: u32, _new: u32, _new_ptr: u32, _new_len: u32)
            => path::link();
        path_open(fd: u32, lookup: u32, ptr: u32, len: u32, oflags: u32, rights: u64, _inheriting: u64, fdflags: u32, out: u32)
            => path::open(Named { fd, lookup, path: (ptr, len) }, How { oflags, rights, fdflags }, out);
        path_readlink(fd: u32, ptr: u32, len: u32, into: u32, room: u32, out: u32)
            => path::readlink(keep(fd, ptr, len), (into, room), out);
        path_remove_directory(fd: u32, ptr: u32, len: u32) => path::remove_directory(keep(fd, ptr, len));
        path_rename(fd: u32, ptr: u32, len: u32, new_fd: u32, new_ptr: u32, new_len: u32)
            => path::rename(keep(fd, ptr, len), keep(new_fd, new_ptr, new_len));
        path_symlink(target: u32, target_len: u32, fd: u32, ptr: u32, len: u32)
            => path::symlink((target, target_len), keep(fd, ptr, len));
        path_unlink_file(fd: u32, ptr: u32, len: u32) => path::unlink_file(keep(fd, ptr, len));
    }
    Ok(())
}

fn surroundings(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bind! { linker:
        args_get(_pointers: u32, _text: u32) => process::args_get();
        args_sizes_get(count: u32, size: u32) => process::args_sizes_get(count, size);
        clock_res_get(clock: u32, out: u32) => clock::res_get(clock, out);
        clock_time_get(clock: u32, _precision: u64, out: u32) => clock::time_get(clock, out);
        environ_get(pointers: u32, text: u32) => process::environ_get(pointers, text);
        environ_sizes_get(count: u32, size: u32) => process::environ_sizes_get(count, size);
        proc_raise(_signal: u32) => process::not_offered();
        random_get(ptr: u32, len: u32) => process::random_get((ptr, len));
        sched_yield() => process::sched_yield();
        sock_accept(_fd: u32, _flags: u32, _out: u32) => process::not_offered();
        sock_recv(_fd: u32, _list: u32, _count: u32, _flags: u32, _size: u32, _out: u32) => process::not_offered();
        sock_send(_fd: u32, _list: u32, _count: u32, _flags: u32, _out: u32) => process::not_offered();
        sock_shutdown(_fd: u32, _how: u32) => process::not_offered();
    }
    linker.func_wrap(MODULE, "proc_exit", |mut caller: Caller<'_, State>, code: u32| {
        let (mut memory, host) = split(&mut caller)?;
        let served = serve(host, &mut memory, |host, memory| process::exit(host, memory, code));
        served.map(|_| ()).map_err(wasmtime::Error::new)
    })?;
    Ok(())
}

/// The two functions that may wait: `poll_oneoff`, and `fd_read` for standard input.
fn waiting(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "fd_read",
        |mut caller: Caller<'_, State>, (fd, list, count, out): (u32, u32, u32, u32)| {
            Box::new(async move {
                if split(&mut caller)?.1.is_input(fd)
                    && !deadline::wait_for_input(caller.as_context_mut()).await?
                {
                    return Ok(Errno::Intr.number());
                }
                let (mut memory, host) = split(&mut caller)?;
                let read =
                    serve(host, &mut memory, |host, memory| fd::read(host, memory, fd, (list, count), out));
                read.map_err(wasmtime::Error::new)
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "poll_oneoff",
        |mut caller: Caller<'_, State>, (list, events, subscriptions, count): (u32, u32, u32, u32)| {
            Box::new(async move {
                let mut found = None;
                let (mut memory, host) = split(&mut caller)?;
                let prepared = serve(host, &mut memory, |host, memory| {
                    found = Some(poll::prepare(host, memory, (list, subscriptions), (events, count))?);
                    Ok(())
                });
                let number = prepared.map_err(wasmtime::Error::new)?;
                let Some(found) = found else { return Ok(number) };
                wait(&mut caller, found.duration).await?;
                let (mut memory, _) = split(&mut caller)?;
                answer(poll::finish(&mut memory, &found)).map_err(wasmtime::Error::new)
            })
        },
    )?;
    Ok(())
}

/// A path whose last link is not followed.
fn keep(fd: u32, ptr: u32, len: u32) -> Named {
    Named { fd, lookup: 0, path: (ptr, len) }
}
