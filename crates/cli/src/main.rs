//! The one executable: every surface meets here.
fn main() {}
