//! Whatever bytes come in as lines of `belljar run --jsonl`: each is refused, or is a request whose id goes back as the JSON that it came as,
//! and whose limits are limits.
#![no_main]
#![allow(dead_code, reason = "the program uses more of these files than this target does")]

#[path = "../../crates/cli/src/commands/jsonl"]
mod jsonl {
    pub(crate) mod ask;
    pub(crate) mod id;
    pub(crate) mod line;
    pub(crate) mod refusal;
}

use belljar::Limits;
use jsonl::ask::{Ask, Verb, narrowed, parse};
use jsonl::line::Lines;
use serde::de::IgnoredAny;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next().expect("memory can be read") {
        let Ok(Ok(Some(Ask { id, verb }))) = line.map(|line| parse(&line)) else { continue };
        serde_json::from_str::<IgnoredAny>(id.get()).expect("an id is JSON");
        if let Verb::Run(run) = verb
            && let Some(asked) = run.limits
            && let Ok(limits) = narrowed(&Limits::default(), asked)
        {
            serde_json::to_string(&limits).expect("limits can be written");
        }
    }
});
