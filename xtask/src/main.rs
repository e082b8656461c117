//! Engine builds, checks of the tree and generated documents.
fn main() {}
