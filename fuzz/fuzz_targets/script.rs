//! Whatever a script's metadata says (PEP 723): it is refused, or asks for packages by names that are one line, and no option, path or address.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar_packages::fuzzing::script(bytes));
