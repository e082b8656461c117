//! The second ring: sessions in child processes under an operating-system jail.

#[cfg_attr(not(test), expect(dead_code, reason = "waits for worker processes, which carry what is asked"))]
pub(crate) mod services;
