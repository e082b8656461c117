//! Begins operations: reads which kind is asked for, and hands the request to whoever serves it.

use std::sync::Arc;

use super::{Answer, Failure, Kind, Waiting};
use crate::host::elsewhere::{Elsewhere, REQUEST_BYTES_MAX};
use crate::host::memory::GuestMemory;
use crate::host::stop::Stop;
use crate::host::{Host, net, tools};

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
    let Some(kind) = Kind::of(kind) else {
        return Err(Stop::Fault(format!("it began an operation of an unknown kind {kind}")));
    };
    let answer = match (host.elsewhere.clone(), kind) {
        (Some(elsewhere), kind) => begin_elsewhere(host, &elsewhere, kind, request),
        (None, Kind::Tool) => tools::begin(&mut host.tools, &mut host.meter, &host.audit, request),
        (None, Kind::Http) => host.net.begin(&mut host.meter, host.secrets.as_ref(), &host.audit, request),
    };
    Ok(host.operations.open(answer))
}

/// Begins an operation that another process serves. What the session holds for it is what it would hold if it served it itself.
fn begin_elsewhere(host: &mut Host, elsewhere: &Arc<dyn Elsewhere>, kind: Kind, request: &[u8]) -> Answer {
    let (held, waits_for) = match kind {
        Kind::Http => (net::held_for(request), None),
        Kind::Tool => host.tools.held_for(request),
    };
    if request.len() > REQUEST_BYTES_MAX {
        return Answer::failed(Failure::Limit, "a request in a worker has at most 64 MiB");
    }
    if host.meter.hold(held).is_err() {
        return Answer::failed(Failure::Limit, "there is no memory left for its answer");
    }
    if let Some(tool) = waits_for {
        return match elsewhere.admit(request) {
            Ok(arguments) => Answer::of_the_caller(held, Waiting { tool, arguments }),
            Err((failure, text)) => {
                host.meter.release(held);
                Answer::failed(failure, &text)
            }
        };
    }
    let (sender, answer) = Answer::channel(held);
    match elsewhere.begin(kind, request, sender) {
        Some(supply) => answer.supplied(supply),
        None => answer.instead(Failure::Broken, "there is nobody to serve it any more"),
    }
}
