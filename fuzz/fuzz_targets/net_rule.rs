//! A rule of the network, and a URL: whatever they are, a rule covers no host that does not end in what it names.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::net_rule(bytes));
