//! Sessions that have nothing but what is served to them: all that was granted works, with real engines, and nothing else does.

mod audit;
mod hostile;
mod pair;
mod sessions;

#[path = "../../../../tests/common/server.rs"]
mod server;
