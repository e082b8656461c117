//! Binds the functions of the contract that take files by their paths (`file_*`, see `engines/abi.md`) to the host.

use wasmtime::{Caller, Linker};

use super::State;
use super::imports::{MODULE, split};
use crate::host::paths;
use crate::host::wasi::serve;

/// Each line is a function as the guest imports it, and the host's function that serves it.
macro_rules! bind {
    ($linker:ident: $($import:ident($($name:ident: $type:ty),*) => $function:ident($($argument:expr),*);)*) => {
        $($linker.func_wrap(MODULE, stringify!($import), |mut caller: Caller<'_, State>, $($name: $type),*| {
            let (mut memory, host) = split(&mut caller)?;
            serve(host, &mut memory, |host, memory| paths::$function(host, memory, $($argument),*))
                .map_err(wasmtime::Error::new)
        })?;)*
    };
}

/// Adds them to `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bind! { linker:
        file_stat(ptr: u32, len: u32, follows: u32, out: u32) => stat((ptr, len), follows, out);
        file_read(ptr: u32, len: u32, from: u64, into: u32, room: u32, out: u32)
            => read((ptr, len), from, ((into, room), out));
        file_write(ptr: u32, len: u32, begins: u32, bytes: u32, count: u32)
            => write((ptr, len), begins, (bytes, count));
        file_list(ptr: u32, len: u32, into: u32, room: u32, out: u32)
            => list((ptr, len), ((into, room), out));
        file_link(ptr: u32, len: u32, into: u32, room: u32, out: u32)
            => link((ptr, len), ((into, room), out));
        file_change(what: u32, ptr: u32, len: u32, other: u32, other_len: u32)
            => change(what, (ptr, len), (other, other_len));
    }
    Ok(())
}
