//! Ways in for the fuzz targets: what strangers publish. Compiled for fuzzing, and for the tests that try each of them with what lies in
//! `fuzz/seeds`.

use std::collections::BTreeSet;

use crate::{MachineCode, Requirement, Script, WheelFault, unpack};

/// What is said to be a wheel: refused, or taken apart into files whose paths are plain, relative, and name one file each. Bytes may be
/// written in hexadecimal, as the seeds are, which are text.
pub fn wheel(bytes: &[u8]) {
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = hex::decode(text);
    let bytes = decoded.as_deref().unwrap_or(bytes);
    for machine_code in [MachineCode::Keep, MachineCode::LeaveOut] {
        let mut seen = BTreeSet::new();
        let _ = unpack(bytes, machine_code, &mut |path: &str, _: &[u8]| {
            let plain =
                |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\']);
            assert!(path.split('/').all(plain), "{path:?} was handed out");
            assert!(seen.insert(path.to_owned()), "{path:?} was handed out twice");
            Ok::<(), WheelFault>(())
        });
        for path in &seen {
            let above = path.match_indices('/').map(|(at, _)| &path[..at]);
            assert!(!above.clone().any(|folder| seen.contains(folder)), "{path:?} lies in a file");
        }
    }
}

/// What a script says of itself: refused, or packages by names that are one line, and no option, path or address.
pub fn script(bytes: &[u8]) {
    let Ok(code) = std::str::from_utf8(bytes) else { return };
    let Ok(Some(script)) = Script::read(code) else { return };
    let _ = script.check_python("3.13.15");
    for dependency in &script.dependencies {
        let text = dependency.to_string();
        let plain = !text.starts_with('-') && !text.contains(['\n', '\r', '/', '@', '\\', '#']);
        assert!(plain, "{text:?} was accepted");
        assert_eq!(text.parse::<Requirement>().expect("it was accepted before"), *dependency);
        let _ = dependency.accepts("1.2.3");
    }
}

#[cfg(test)]
mod tests {
    use belljar_fuzz_inputs::try_each;

    #[test]
    fn what_strangers_publish_is_refused_or_plain() {
        try_each("wheel", 2000, super::wheel);
        try_each("script", 2000, super::script);
    }
}
