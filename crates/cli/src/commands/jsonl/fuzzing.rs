//! A way in for the fuzz target `jsonl`: lines that somebody writes to the program. Compiled for fuzzing and for its test.

use belljar::Limits;
use serde::de::IgnoredAny;

use super::ask::{Ask, Verb, narrowed, parse};
use super::line::Lines;

/// Each line is refused, or is a request whose id goes back as the JSON that it came as, and whose limits are limits.
pub(crate) fn lines(bytes: &[u8]) {
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
}

#[cfg(test)]
mod tests {
    #[test]
    fn whatever_comes_in_is_refused_or_read() {
        belljar_fuzz_inputs::try_each("jsonl", 2000, super::lines);
    }
}
