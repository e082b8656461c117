//! Other MCP servers, whose tools code can call.

use belljar::Grants;
use belljar_mcp::{Place, Upstream, UpstreamTool, connect};
use clap::Args;

use crate::exit::Failure;
use crate::render;

/// Other MCP servers, whose tools code can call.
#[derive(Args, Clone, Debug)]
pub(super) struct UpstreamArgs {
    /// Let code call the tools of another MCP server, as functions NAME_TOOL: the program that it is, with its arguments, or its URL
    #[arg(long, value_name = "NAME=COMMAND|URL", help_heading = "Tools")]
    mcp: Vec<String>,
    /// The bearer token for that server, in an environment variable
    #[arg(long, value_name = "NAME=VARIABLE", help_heading = "Tools")]
    mcp_token: Vec<String>,
    /// Of that server, let code call these tools and no others
    #[arg(long, value_name = "NAME=TOOL,...", help_heading = "Tools")]
    mcp_allow: Vec<String>,
    /// Ask the user, through the client, before each call of these tools of that server; * for all
    #[arg(long, value_name = "NAME=TOOL,...", help_heading = "Tools")]
    mcp_approve: Vec<String>,
    /// Take only arguments that fit this JSON Schema, too: files=read={"properties":{"path":{"pattern":"^/data/"}}}
    #[arg(long, value_name = "NAME=TOOL=SCHEMA", help_heading = "Tools")]
    mcp_narrow: Vec<String>,
    /// How often one run may call each tool of that server [default: 200]
    #[arg(long, value_name = "NAME=N", help_heading = "Tools")]
    mcp_calls: Vec<String>,
}

impl UpstreamArgs {
    /// Starts the servers, and makes functions of their tools.
    pub(super) fn functions(&self, runtime: &tokio::runtime::Runtime) -> Result<Vec<UpstreamTool>, Failure> {
        let mut all = Vec::new();
        for upstream in self.upstreams()? {
            let name = upstream.name.clone();
            let connected = runtime.block_on(connect(upstream));
            let (tools, left_out) = connected.map_err(|problem| {
                Failure::usage(problem.to_string(), "try it by itself, and see what it says")
            })?;
            left_out.iter().for_each(|one| render::note(&format!("left out of {name}: {one}")));
            all.extend(tools);
        }
        Ok(all)
    }

    fn upstreams(&self) -> Result<Vec<Upstream>, Failure> {
        let mut upstreams: Vec<Upstream> = Vec::new();
        for text in &self.mcp {
            let upstream = upstream(text)?;
            if upstreams.iter().any(|known| known.name == upstream.name) {
                return Err(MCP.wrong(text, "there is one of that name already"));
            }
            upstreams.push(upstream);
        }
        for (flag, text) in self.settings() {
            let (name, value) = text.split_once('=').ok_or_else(|| flag.wrong(text, "it has no ="))?;
            let upstream = upstreams.iter_mut().find(|known| known.name == name);
            let upstream = upstream.ok_or_else(|| flag.wrong(text, "no --mcp has that name"))?;
            (flag.set)(upstream, value).map_err(|what| flag.wrong(text, &what))?;
        }
        Ok(upstreams)
    }

    /// What is said of servers, flag by flag.
    fn settings(&self) -> impl Iterator<Item = (&'static Flag, &String)> {
        let all = [
            (&TOKEN, &self.mcp_token),
            (&ALLOW, &self.mcp_allow),
            (&APPROVE, &self.mcp_approve),
            (&NARROW, &self.mcp_narrow),
            (&CALLS, &self.mcp_calls),
        ];
        all.into_iter().flat_map(|(flag, texts)| texts.iter().map(move |text| (flag, text)))
    }
}

/// A flag that says something of a server.
struct Flag {
    name: &'static str,
    hint: &'static str,
    set: fn(&mut Upstream, &str) -> Result<(), String>,
}

impl Flag {
    fn wrong(&self, text: &str, what: &str) -> Failure {
        Failure::usage(format!("{} {text}: {what}", self.name), self.hint)
    }
}

const MCP: Flag = Flag {
    name: "--mcp",
    hint: "write --mcp NAME=COMMAND or --mcp NAME=URL, for example --mcp 'files=npx some-server /data'",
    set: |_, _| Ok(()),
};

const TOKEN: Flag = Flag {
    name: "--mcp-token",
    hint: "write --mcp-token NAME=VARIABLE, and set the variable",
    set: set_token,
};

const ALLOW: Flag = Flag {
    name: "--mcp-allow",
    hint: "write --mcp-allow NAME=TOOL,...",
    set: |upstream, value| tools(value).map(|tools| upstream.allow.extend(tools)),
};

const APPROVE: Flag = Flag {
    name: "--mcp-approve",
    hint: "write --mcp-approve NAME=TOOL,..., or NAME=*",
    set: |upstream, value| tools(value).map(|tools| upstream.approve.extend(tools)),
};

const NARROW: Flag = Flag {
    name: "--mcp-narrow",
    hint: "write --mcp-narrow 'NAME=TOOL=SCHEMA', with a JSON Schema",
    set: set_narrow,
};

const CALLS: Flag = Flag {
    name: "--mcp-calls",
    hint: "write --mcp-calls NAME=N",
    set: |upstream, value| {
        upstream.calls_max = value.parse().map_err(|_| format!("{value:?} is no number"))?;
        Ok(())
    },
};

fn tools(text: &str) -> Result<Vec<String>, String> {
    let tools: Vec<String> = text.split(',').filter(|tool| !tool.is_empty()).map(str::to_owned).collect();
    if tools.is_empty() { Err("it names no tools".to_owned()) } else { Ok(tools) }
}

fn set_token(upstream: &mut Upstream, variable: &str) -> Result<(), String> {
    let Place::Http { url, .. } = &upstream.place else {
        return Err("that server is a program, and has no use for a token".to_owned());
    };
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| format!("the environment has no variable {variable}"))?;
    upstream.place = Place::http(url, Some(value))?;
    Ok(())
}

fn set_narrow(upstream: &mut Upstream, value: &str) -> Result<(), String> {
    let (tool, schema) = value.split_once('=').ok_or("it has no schema")?;
    let schema = serde_json::from_str(schema).map_err(|error| format!("its schema is not JSON: {error}"))?;
    if upstream.narrow.iter().any(|(known, _)| known == tool) {
        return Err("there is one for that tool already".to_owned());
    }
    upstream.narrow.push((tool.to_owned(), schema));
    Ok(())
}

/// What `--mcp` names.
fn upstream(text: &str) -> Result<Upstream, Failure> {
    let wrong = |what: &str| MCP.wrong(text, what);
    let (name, place) = text.split_once('=').ok_or_else(|| wrong("it has no command and no URL"))?;
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.len() <= 32
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
    if !is_name {
        return Err(wrong("its name must have letters, digits, _ and -, and begin with a letter"));
    }
    if place.starts_with("http://") || place.starts_with("https://") {
        return Ok(Upstream::new(name, Place::http(place, None).map_err(wrong)?));
    }
    let command = words(place).ok_or_else(|| wrong("a quote is not closed"))?;
    if command.is_empty() {
        return Err(wrong("it has no command and no URL"));
    }
    Ok(Upstream::new(name, Place::Program(command)))
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
