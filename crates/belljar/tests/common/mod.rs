//! What the integration tests share.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of its own")]

use belljar::{Jar, Limits, Outcome};

/// A jar of the image `name`, or a panic that says how to get it.
pub fn jar(name: &str) -> Jar {
    Jar::open(name).unwrap_or_else(|error| panic!("{error} ({})", error.hint().unwrap_or("no hint")))
}

/// The same with other limits.
pub fn jar_with(name: &str, limits: Limits) -> Jar {
    jar(name).with_limits(limits).expect("the limits make sense")
}

/// Code that does the same in each language: the image's name, and the code.
pub type Twins<'a> = [(&'a str, &'a str); 2];

/// The repr of the value of a run that must have one.
#[track_caller]
pub fn repr(outcome: &Outcome) -> &str {
    match &outcome.value {
        Some(value) => &value.repr,
        None => panic!("no value: {outcome:#?}"),
    }
}

/// An outcome as its JSON says, which is what programs of the corpus promise something about.
pub fn seen(outcome: &Outcome) -> belljar_corpus::Outcome {
    let json = serde_json::to_string(outcome).expect("an outcome can be written");
    serde_json::from_str(&json).expect("what was written can be read")
}
