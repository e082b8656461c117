//! Whatever a script's metadata says (PEP 723): it is refused, or asks for packages by names that are one line, and no option, path or address.
#![no_main]

use belljar_packages::{Requirement, Script};

libfuzzer_sys::fuzz_target!(|code: &str| {
    let Ok(Some(script)) = Script::read(code) else { return };
    let _ = script.check_python("3.13.15");
    for dependency in &script.dependencies {
        let text = dependency.to_string();
        assert!(!text.starts_with('-') && !text.contains(['\n', '\r', '/', '@', '\\', '#']), "{text:?} was accepted");
        assert_eq!(text.parse::<Requirement>().expect("it was accepted before"), *dependency);
        let _ = dependency.accepts("1.2.3");
    }
});
