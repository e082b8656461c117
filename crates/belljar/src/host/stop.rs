//! Why the host ends a run from its own side.

/// The reason for which a host function, or the epoch callback, leaves the guest for good.
///
/// It travels through the WebAssembly runtime as an error and is found again where the guest was entered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the code exited with {0}")]
    Exit(i32),
    #[error("the wall time is used up")]
    WallTime,
    #[error("the CPU time is used up")]
    CpuTime,
    #[error("too many calls of the host")]
    HostCalls,
    #[error("too much output")]
    Output,
    #[error("no memory left for the request")]
    NoMemory,
    #[error("the run was cancelled")]
    Cancelled,
    /// The engine gave up on itself (an abort in C), or broke the contract.
    #[error("the engine failed: {0}")]
    Fault(String),
    /// `throw` of the contract: on its way to the innermost `try`.
    #[error("a throw without a try")]
    Throw,
}
