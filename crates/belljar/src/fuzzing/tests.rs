//! Each property, tried with what was kept and with what is near to it.

use belljar_fuzz_inputs::try_each;

/// What is made of the seeds for targets that take microseconds, and for those that run code.
const MORE: usize = 2000;
const MORE_RUNS: usize = 20;

#[test]
fn what_a_guest_hands_over_is_refused_or_bounded() {
    try_each("host_calls", MORE, super::host_calls);
    try_each("reports", MORE, super::reports);
    try_each("json", MORE, super::json);
    try_each("http_request", MORE, super::http_request);
    try_each("scrub", MORE, super::scrub);
}

#[test]
fn what_a_caller_hands_over_is_refused_or_read() {
    try_each("requests", MORE, super::requests);
    try_each("mount", MORE, super::mount);
    try_each("net_rule", MORE, super::net_rule);
    try_each("policy", MORE, super::policy);
    try_each("units", MORE, super::units);
    try_each("pack", MORE, super::pack);
    try_each("declarations", MORE, super::declarations);
}

#[test]
fn what_is_run_breaks_nothing() {
    try_each("typescript", MORE_RUNS, super::typescript);
    try_each("modules", MORE_RUNS, super::modules);
}

#[test]
fn what_is_signed_as_a_snapshot_is_refused_or_gone_on_with() {
    let folder = tempfile::tempdir().expect("there are temporary files");
    std::fs::write(folder.path().join("a.txt"), "a").expect("the folder is ours");
    try_each("snapshot", MORE_RUNS, |input| super::snapshot(folder.path(), input));
}

#[test]
fn what_a_worker_says_is_refused_or_bounded() {
    try_each("frames", MORE, super::frames);
    let folder = tempfile::tempdir().expect("there are temporary files");
    try_each("services", MORE / 10, |input| super::services(folder.path(), input));
}
