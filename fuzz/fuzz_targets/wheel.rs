//! Whatever bytes are said to be a wheel: they are refused, or come apart into files whose paths are plain, relative, and name one file each.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar_packages::fuzzing::wheel(bytes));
