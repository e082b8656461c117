//! Whatever bytes are offered as an archive of files: they are refused or read, and nothing reads outside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::pack(bytes));
