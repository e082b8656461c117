//! From names to addresses. Only names that a grant covers get here, so that nothing can be told to a name server by asking.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

/// The most addresses of a name that are looked at.
pub(crate) const ADDRESSES_MAX: usize = 16;

/// Finds the addresses of a name.
///
/// It is called on a thread that may block, once for each exchange; the addresses it returns are those that the exchange uses. A
/// closure is a resolver.
pub trait Resolver: Send + Sync {
    /// The addresses of `name`, which is in ASCII (punycode) and has no dot at its end.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. An empty list means that there is no such name.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

impl<F: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync> Resolver for F {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self(name)
    }
}

/// A resolver that many share.
#[derive(Clone)]
pub(crate) struct SharedResolver(pub(crate) Arc<dyn Resolver>);

impl Default for SharedResolver {
    fn default() -> Self {
        Self(Arc::new(System))
    }
}

impl fmt::Debug for SharedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// The operating system's resolver.
struct System;

impl Resolver for System {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}
