//! What clients send to the MCP server: arguments, URIs and cursors are refused in few words, or read as what they are.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar_mcp::fuzzing::calls(bytes));
