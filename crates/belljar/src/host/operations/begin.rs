//! Begins operations: reads which kind is asked for, and hands the request to whoever serves it.

use crate::host::Host;
use crate::host::memory::GuestMemory;
use crate::host::stop::Stop;
use crate::host::tools;

/// A call of a tool.
const TOOL: u32 = 1;

/// An exchange over HTTP.
const HTTP: u32 = 2;

/// Begins an operation. 0 when too many are open; whatever else is wrong, the answer says.
pub(crate) fn begin(
    host: &mut Host,
    memory: &GuestMemory<'_>,
    kind: u32,
    (ptr, len): (u32, u32),
) -> Result<u32, Stop> {
    let request = memory.bytes(ptr, len)?;
    if host.operations.is_full() {
        return Ok(0);
    }
    let answer = match kind {
        TOOL => tools::begin(host, request),
        HTTP => host.net.begin(&mut host.meter, host.secrets.as_ref(), &host.audit, request),
        _ => return Err(Stop::Fault(format!("it began an operation of an unknown kind {kind}"))),
    };
    Ok(host.operations.open(answer))
}
