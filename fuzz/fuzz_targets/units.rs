//! Whatever is typed as a size or a time: it is refused, or shown in a way that means no less when it is typed again.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::units(bytes));
