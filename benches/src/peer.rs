//! A peer: a process that answers asks.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::protocol::{Answer, Ask};

/// A peer that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The same when it was asked to stop code: not all can stop everything.
const PATIENCE_STOP: Duration = Duration::from_secs(8);

/// What `cargo xtask bench` found out about a peer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerSpec {
    /// What the table calls it.
    pub(crate) name: String,
    /// `python` or `javascript`.
    pub(crate) language: String,
    /// How it is started.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// Its environment, besides ours.
    #[serde(default)]
    pub(crate) environment: Vec<(String, String)>,
    /// Why it is not there, when it is not.
    pub(crate) missing: Option<String>,
    /// What others' times on the processor are divided by.
    #[serde(default)]
    pub(crate) native: bool,
    /// Whether it must answer everything that it offers, and rightly: our own engines, and what they are compared with.
    #[serde(default)]
    pub(crate) must: bool,
    /// Whether it speaks a part of the language, so that programs may be beyond it.
    #[serde(default)]
    pub(crate) subset: bool,
}

/// A running peer.
pub(crate) struct Peer {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
    pub(crate) version: String,
    pub(crate) offers: Vec<String>,
}

impl Peer {
    /// Starts it and greets it. What it says on standard error goes to a file in `logs`.
    pub(crate) fn start(spec: &PeerSpec, logs: &Path) -> Result<Self> {
        let [program, arguments @ ..] = spec.command.as_slice() else { bail!("it has no command") };
        let log = logs.join(format!("{}.log", spec.name.replace([' ', '/', ','], "-")));
        let log = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(spec.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let stdin = child.stdin.take().context("it has no standard input")?;
        let stdout = child.stdout.take().context("it has no standard output")?;
        let (sender, answers) = sync_channel(1);
        // It ends when the peer does, which `drop` sees to.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut peer = Self { child, stdin, answers, version: String::new(), offers: Vec::new() };
        let hello = peer.ask(&Ask::Hello)?;
        peer.version = hello.version.unwrap_or_default();
        peer.offers = hello.offers;
        Ok(peer)
    }

    /// Asks. A peer that could not do it right is an error.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<Answer> {
        let line = serde_json::to_string(ask).context("writing an ask")? + "\n";
        self.stdin.write_all(line.as_bytes()).context("it has ended")?;
        let patience = if matches!(ask, Ask::Stop { .. }) { PATIENCE_STOP } else { PATIENCE };
        let line = match self.answers.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => bail!("no answer within {} s", patience.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("it has ended"),
        };
        let answer: Answer = serde_json::from_str(&line).with_context(|| format!("it answered {line:?}"))?;
        match answer.error {
            Some(error) => bail!("{error}"),
            None => Ok(answer),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
