//! Each property, tried with what was kept and with what is near to it.

use belljar_fuzz_inputs::inputs;

/// What is made of the seeds for targets that take microseconds, and for those that run code.
const MORE: usize = 2000;
const MORE_RUNS: usize = 20;

fn each(target: &str, more: usize, property: impl Fn(&[u8])) {
    for input in inputs(target, more) {
        // A failure shows the input, ready to become a seed.
        let shown = Shown(&input);
        property(&input);
        std::mem::forget(shown);
    }
}

struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        eprintln!("the input was, in hexadecimal: {}", hex(self.0));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_a_guest_hands_over_is_refused_or_bounded() {
    each("host_calls", MORE, super::host_calls);
    each("reports", MORE, super::reports);
    each("json", MORE, super::json);
    each("http_request", MORE, super::http_request);
    each("scrub", MORE, super::scrub);
}

#[test]
fn what_a_caller_hands_over_is_refused_or_read() {
    each("requests", MORE, super::requests);
    each("mount", MORE, super::mount);
    each("net_rule", MORE, super::net_rule);
    each("policy", MORE, super::policy);
    each("units", MORE, super::units);
    each("pack", MORE, super::pack);
}

#[test]
fn what_is_run_breaks_nothing() {
    each("typescript", MORE_RUNS, super::typescript);
    each("modules", MORE_RUNS, super::modules);
}

#[test]
fn what_is_signed_as_a_snapshot_is_refused_or_gone_on_with() {
    let folder = tempfile::tempdir().expect("there are temporary files");
    std::fs::write(folder.path().join("a.txt"), "a").expect("the folder is ours");
    each("snapshot", MORE_RUNS, |input| super::snapshot(folder.path(), input));
}

#[test]
fn what_a_worker_says_is_refused_or_bounded() {
    each("frames", MORE, super::frames);
    let folder = tempfile::tempdir().expect("there are temporary files");
    each("services", MORE / 10, |input| super::services(folder.path(), input));
}
