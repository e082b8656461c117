//! Writes requests as bytes for the engine: a sequence of tagged fields (`engines/abi.md`).

use crate::limits::Limits;

/// The tags of fields.
mod tag {
    pub(super) const VERB: u32 = 1;
    pub(super) const SEED: u32 = 2;
    pub(super) const NAME: u32 = 3;
    pub(super) const CODE: u32 = 4;
    pub(super) const ARGUMENT: u32 = 5;
    pub(super) const ENVIRONMENT: u32 = 6;
    pub(super) const INPUT: u32 = 7;
    pub(super) const CURSOR: u32 = 8;
    pub(super) const VALUE_LIMIT: u32 = 9;
    pub(super) const FLAGS: u32 = 10;
}

const FLAG_MODULE: u32 = 1;

/// What an engine is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Run = 1,
    Complete = 2,
    Check = 3,
}

/// A request in the making.
#[derive(Debug)]
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    pub(crate) fn new(verb: Verb) -> Self {
        let mut encoder = Self(Vec::with_capacity(256));
        encoder.number(tag::VERB, verb as u32);
        encoder
    }

    pub(crate) fn seed(&mut self, seed: &[u8; 32]) {
        self.field(tag::SEED, seed);
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.field(tag::NAME, name.as_bytes());
    }

    pub(crate) fn code(&mut self, code: &str) {
        self.field(tag::CODE, code.as_bytes());
    }

    pub(crate) fn argument(&mut self, argument: &str) {
        self.field(tag::ARGUMENT, argument.as_bytes());
    }

    pub(crate) fn environment(&mut self, variable: &str) {
        self.field(tag::ENVIRONMENT, variable.as_bytes());
    }

    pub(crate) fn input(&mut self, name: &str, json: &str) {
        self.header(tag::INPUT, name.len() + 1 + json.len());
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        self.0.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn cursor(&mut self, offset: u32) {
        self.number(tag::CURSOR, offset);
    }

    pub(crate) fn value_limit(&mut self, limits: &Limits) {
        self.header(tag::VALUE_LIMIT, 8);
        let bytes = u32::try_from(limits.value_bytes).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&bytes.to_le_bytes());
        self.0.extend_from_slice(&limits.value_depth.to_le_bytes());
    }

    /// The code is an ES module.
    pub(crate) fn module(&mut self) {
        self.number(tag::FLAGS, FLAG_MODULE);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn number(&mut self, tag: u32, number: u32) {
        self.field(tag, &number.to_le_bytes());
    }

    fn field(&mut self, tag: u32, bytes: &[u8]) {
        self.header(tag, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn header(&mut self, tag: u32, len: usize) {
        let len = u32::try_from(len).expect("the gate keeps every field far below 4 GiB");
        self.0.extend_from_slice(&tag.to_le_bytes());
        self.0.extend_from_slice(&len.to_le_bytes());
    }
}
