//! A conversation with `belljar run --jsonl`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Talk {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    pub(crate) fn begin(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    pub(crate) fn say(&mut self, request: &Value) {
        self.say_text(&request.to_string());
    }

    pub(crate) fn say_text(&mut self, line: &str) {
        self.say_bytes(format!("{line}\n").as_bytes());
    }

    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Says nothing more.
    pub(crate) fn fall_silent(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.say(request);
        self.hear()
    }

    /// The answers to several requests, in the order of their ids.
    pub(crate) fn hear_all(&mut self, count: usize) -> Vec<Value> {
        let mut answers: Vec<Value> = (0..count).map(|_| self.hear()).collect();
        answers.sort_by_key(|answer| answer["id"].as_u64());
        answers
    }

    /// How the program ends when it is asked nothing more.
    pub(crate) fn end(mut self) -> i32 {
        self.fall_silent();
        self.child.wait().unwrap().code().unwrap()
    }
}
