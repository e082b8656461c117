//! Writes requests as bytes for the engine: a sequence of tagged fields (`engines/abi.md`).

use crate::admit::Plan;
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
    pub(super) const TOOLS: u32 = 11;
}

/// The code is an ES module.
const FLAG_MODULE: u32 = 1;

/// What an engine is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Run = 1,
    Complete = 2,
    Check = 3,
    Resume = 4,
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

    /// What is to be run, and with what.
    pub(crate) fn plan(&mut self, plan: &Plan) {
        self.field(tag::NAME, plan.name.as_bytes());
        self.value_limit(&plan.limits);
        plan.arguments.iter().for_each(|argument| self.field(tag::ARGUMENT, argument.as_bytes()));
        plan.environment.iter().for_each(|variable| self.field(tag::ENVIRONMENT, variable.as_bytes()));
        plan.inputs.iter().for_each(|(name, json)| self.input(name, json));
        if plan.module {
            self.number(tag::FLAGS, FLAG_MODULE);
        }
        self.code(&plan.code);
    }

    pub(crate) fn code(&mut self, code: &str) {
        self.field(tag::CODE, code.as_bytes());
    }

    pub(crate) fn cursor(&mut self, offset: u32) {
        self.number(tag::CURSOR, offset);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn input(&mut self, name: &str, json: &str) {
        self.header(tag::INPUT, name.len() + 1 + json.len());
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        self.0.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn value_limit(&mut self, limits: &Limits) {
        self.header(tag::VALUE_LIMIT, 8);
        let bytes = u32::try_from(limits.value_bytes).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&bytes.to_le_bytes());
        self.0.extend_from_slice(&limits.value_depth.to_le_bytes());
    }

    /// The tools that the session has, as JSON.
    pub(crate) fn tools(&mut self, json: &str) {
        self.field(tag::TOOLS, json.as_bytes());
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
