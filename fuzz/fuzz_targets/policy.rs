//! Whatever is given as a policy: it is refused with a place that is in it, or it reads as the same policy when it is written out.
#![no_main]

use belljar::{Error, Policy};

libfuzzer_sys::fuzz_target!(|text: &str| {
    match Policy::parse(text, "fuzzed") {
        Ok(policy) => {
            let shown = policy.to_string();
            let again = Policy::parse(&shown, "fuzzed").unwrap_or_else(|error| panic!("{shown}\n{error}"));
            assert_eq!(again, policy, "{shown}");
        }
        Err(Error::Policy(problems)) => {
            assert!(!problems.all().is_empty() && problems.all().len() <= 20);
            for problem in problems.all() {
                assert!(problem.line <= text.matches('\n').count() + 1, "{problem}");
                assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem}");
            }
        }
        Err(other) => panic!("{other}"),
    }
});
