//! A request over HTTP, in the fields that a guest hands over: what is accepted names one host, and can be sent.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::http_request(bytes));
