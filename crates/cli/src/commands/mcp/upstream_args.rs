//! Other MCP servers, whose tools code can call.

use belljar::Grants;
use belljar_mcp::{Upstream, UpstreamTool, connect};
use clap::Args;

use crate::exit::Failure;
use crate::render;

/// Other MCP servers, whose tools code can call.
#[derive(Args, Clone, Debug)]
pub(super) struct UpstreamArgs {
    /// Let code call the tools of another MCP server, as functions NAME_TOOL: the program that it is, with its arguments
    #[arg(long, value_name = "NAME=COMMAND", help_heading = "Tools")]
    mcp: Vec<String>,
    /// Of that server, let code call these tools and no others
    #[arg(long, value_name = "NAME=TOOL,...", help_heading = "Tools")]
    mcp_allow: Vec<String>,
}

impl UpstreamArgs {
    /// Starts the servers, and makes functions of their tools.
    pub(super) fn functions(&self, runtime: &tokio::runtime::Runtime) -> Result<Vec<UpstreamTool>, Failure> {
        let mut all = Vec::new();
        for upstream in self.upstreams()? {
            let name = upstream.name.clone();
            let connected = runtime.block_on(connect(upstream));
            let (tools, left_out) = connected.map_err(|problem| {
                Failure::usage(problem.to_string(), "try its command by itself, and see what it says")
            })?;
            left_out.iter().for_each(|one| render::note(&format!("left out of {name}: {one}")));
            all.extend(tools);
        }
        Ok(all)
    }

    fn upstreams(&self) -> Result<Vec<Upstream>, Failure> {
        let mut upstreams: Vec<Upstream> = Vec::new();
        for text in &self.mcp {
            let wrong = |what: &str| {
                Failure::usage(
                    format!("--mcp {text}: {what}"),
                    "write --mcp NAME=COMMAND, for example --mcp 'files=npx some-server /data'",
                )
            };
            let (name, command) = text.split_once('=').ok_or_else(|| wrong("it has no command"))?;
            let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && name.len() <= 32
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
            if !is_name {
                return Err(wrong("its name must have letters, digits, _ and -, and begin with a letter"));
            }
            if upstreams.iter().any(|known| known.name == name) {
                return Err(wrong("there is one of that name already"));
            }
            if command.starts_with("http://") || command.starts_with("https://") {
                return Err(wrong(
                    "servers over HTTP cannot be connected yet; name a program that bridges to it",
                ));
            }
            let command = words(command).ok_or_else(|| wrong("a quote is not closed"))?;
            if command.is_empty() {
                return Err(wrong("it has no command"));
            }
            upstreams.push(Upstream { name: name.to_owned(), command, allow: Vec::new() });
        }
        for text in &self.mcp_allow {
            let wrong = |what: &str| {
                Failure::usage(format!("--mcp-allow {text}: {what}"), "write --mcp-allow NAME=TOOL,...")
            };
            let (name, tools) = text.split_once('=').ok_or_else(|| wrong("it names no tools"))?;
            let upstream = upstreams.iter_mut().find(|known| known.name == name);
            let upstream = upstream.ok_or_else(|| wrong("no --mcp has that name"))?;
            upstream.allow.extend(tools.split(',').filter(|tool| !tool.is_empty()).map(str::to_owned));
            if upstream.allow.is_empty() {
                return Err(wrong("it names no tools"));
            }
        }
        Ok(upstreams)
    }
}

/// The grants, and these functions.
pub(super) fn granted(grants: Grants, functions: &[UpstreamTool]) -> Result<Grants, Failure> {
    functions.iter().try_fold(grants, |grants, function| Ok(grants.tool(function.tool.clone())?))
}

/// The words of a command, with quotes as a shell has them; none if one is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if letter == '\'' || letter == '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let words = |text| words(text).map(|words| words.join("|"));
        assert_eq!(words("npx -y  'a b' \"c d\"e ''").as_deref(), Some("npx|-y|a b|c de|"));
        assert_eq!(words("x 'y"), None);
    }
}
