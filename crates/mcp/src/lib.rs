//! Belljar as a server of the Model Context Protocol: a surface that turns calls of tools into code, limits and grants, and outcomes into results.
//!
//! It holds no policy and runs nothing itself. What code may use and reach is in the jars that a [`Server`] is given; where it runs is the
//! jars' business too, and for a server that should be [workers](belljar::Workers).
//!
//! The modules stand in the order in which a call travels.

mod settings;

mod http;
mod stdio;

mod server;

mod fixtures;

mod connection;

mod arguments;
mod catalog;
mod portable;

mod call;

mod feed;
mod handles;
mod own;
mod person;
mod tasks;

mod upstream;

mod absent;
mod marked;
mod plain;
mod refusal;
mod results;
mod shown;

#[cfg(any(fuzzing, test))]
pub mod fuzzing;

pub use call::answer_of;
pub use http::{HttpSettings, TokenProblem, Tokens, serve_http};
pub use server::Server;
pub use settings::{Offered, Packages, PackagesRefused, ReturnForm, Settings};
pub use stdio::serve_stdio;
pub use upstream::{Place, Upstream, UpstreamProblem, UpstreamTool, connect};
