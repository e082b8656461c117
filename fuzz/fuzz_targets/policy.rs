//! Whatever is given as a policy: it is refused with a place that is in it, or it reads as the same policy when it is written out.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::policy(bytes));
