//! Whatever bytes are said to be a wheel: they are refused, or come apart into files whose paths are plain, relative, and name one file each.
//! Bytes may be written in hexadecimal, as the seeds are, which are text.
#![no_main]

use std::collections::BTreeSet;

use belljar_packages::{MachineCode, WheelFault, unpack};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = hex::decode(text);
    let bytes = decoded.as_deref().unwrap_or(bytes);
    for machine_code in [MachineCode::Keep, MachineCode::LeaveOut] {
        let mut seen = BTreeSet::new();
        let _ = unpack(bytes, machine_code, &mut |path: &str, _: &[u8]| {
            let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\']);
            assert!(path.split('/').all(plain), "{path:?} was handed out");
            assert!(seen.insert(path.to_owned()), "{path:?} was handed out twice");
            Ok::<(), WheelFault>(())
        });
        for path in &seen {
            let above = path.match_indices('/').map(|(at, _)| &path[..at]);
            assert!(!above.clone().any(|folder| seen.contains(folder)), "{path:?} lies in a file");
        }
    }
});
