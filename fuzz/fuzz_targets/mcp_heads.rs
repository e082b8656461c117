//! Heads of requests to the MCP server: whatever the gate lets in is, to whoever else reads it, of this machine or named; and nobody is known without
//! the token.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar_mcp::fuzzing::heads(bytes));
