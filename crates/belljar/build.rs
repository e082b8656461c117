//! Says which side of the second ring is built: `cfg(second_ring)` is Linux, where workers and the jail are; everywhere else ring one stands alone.

/// Set by the gate, which checks the other side on a machine that has this one.
const PRETENCE: &str = "BELLJAR_PRETEND_NO_SECOND_RING";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(second_ring)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={PRETENCE}");
    let is_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    if is_linux && std::env::var_os(PRETENCE).is_none() {
        println!("cargo::rustc-cfg=second_ring");
    }
}
