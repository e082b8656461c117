//! A server of MCP that listens, for what is tried on it over HTTP.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// What is tried asks as fast as it can, and more often than one client may.
const REQUESTS_PER_SECOND: &str = "1000";

/// `belljar mcp http`, on a port of the kernel's choice.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts it, with `more` arguments.
    pub(crate) fn start(belljar: &Path, more: &[&str]) -> Result<Self> {
        let mut command = Command::new(belljar);
        command.args(["mcp", "http", "--listen", "127.0.0.1:0", "--rate", REQUESTS_PER_SECOND]).args(more);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("starting the server")?;
        let mut lines = BufReader::new(child.stderr.take().context("it has no standard error")?).lines();
        // It says where it listens, or why it does not.
        let mut said = Vec::new();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let url = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
            said.push(line);
            url
        });
        let Some(url) = url else { bail!("the server does not listen: {}", said.join("; ")) };
        // What else it says is shown with what clients say.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("server: {line}")));
        Ok(Self { child, url: url.trim_end_matches(',').to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to end, which it must do by itself.
    pub(crate) fn end(mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.context("starting kill")?.success() {
            bail!("the server was gone before its time");
        }
        let status = self.child.wait().context("waiting for the server")?;
        if status.success() { Ok(()) } else { bail!("the server ended badly ({status})") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already unless something else failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
