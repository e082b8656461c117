//! A tool of another server as a function of the jar.

use std::collections::HashSet;

use belljar::{Grants, Tool};
use jsonschema::{PatternOptions, Validator};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::link::Link;
use super::{AT_ONCE_MAX, CALL_TIME, TOOLS_MAX, Upstream, UpstreamProblem};
use crate::person::{Said, ask, quoted};

/// The longest description of a tool that is kept, in characters.
const ABOUT_MAX: usize = 1_000;

/// The longest schemas of a tool, in bytes of JSON. Longer ones are for no model to read.
const SCHEMA_BYTES_MAX: usize = 64 << 10;

/// How much of a call a person is shown, in characters.
const SHOWN_MAX: usize = 2_000;

/// A tool of another server that code may call.
#[derive(Clone, Debug)]
pub struct UpstreamTool {
    /// What it is called in code.
    pub name: String,
    /// What its server says that it does.
    pub about: String,
    /// The function.
    pub tool: Tool,
    /// Whether the person at the client is asked before each call.
    pub is_approved: bool,
}

/// Functions for tools, and what is left out with the reason.
pub(super) fn tools(
    link: &Link,
    listed: Vec<rmcp::model::Tool>,
) -> Result<(Vec<UpstreamTool>, Vec<String>), UpstreamProblem> {
    let upstream = link.upstream();
    if let Some(missing) = upstream.missing(&listed) {
        return Err(UpstreamProblem::NoTool { name: upstream.name.clone(), tool: missing.to_owned() });
    }
    let is_allowed = |tool: &rmcp::model::Tool| {
        upstream.allow.is_empty() || upstream.allow.iter().any(|name| name.as_str() == tool.name)
    };
    let (mut made, mut left_out, mut names) = (Vec::new(), Vec::new(), HashSet::new());
    for tool in listed.into_iter().filter(is_allowed).take(TOOLS_MAX) {
        let name = name_in_code(&upstream.name, &tool.name);
        let short: String = tool.name.chars().take(64).collect();
        if !names.insert(name.clone()) {
            left_out.push(format!("{short}: another tool is called {name} as well"));
            continue;
        }
        if schema_bytes(&tool) > SCHEMA_BYTES_MAX {
            left_out.push(format!("{short}: its schemas have more than {SCHEMA_BYTES_MAX} bytes"));
            continue;
        }
        let made_one = made_of(link, &name, tool)?;
        // What cannot be granted is found out now, and not when a session begins.
        match Grants::default().tool(made_one.tool.clone()) {
            Ok(_) => made.push(made_one),
            Err(error) => left_out.push(format!("{short}: {error}")),
        }
    }
    Ok((made, left_out))
}

fn schema_bytes(tool: &rmcp::model::Tool) -> usize {
    let schemas = [Some(&tool.input_schema), tool.output_schema.as_ref()];
    schemas.into_iter().flatten().map(|schema| json!(schema.as_ref()).to_string().len()).sum()
}

fn made_of(link: &Link, name: &str, tool: rmcp::model::Tool) -> Result<UpstreamTool, UpstreamProblem> {
    let upstream = link.upstream();
    let narrow = narrowing(upstream, &tool.name)?;
    let is_approved = upstream.approve.iter().any(|named| named == "*" || named.as_str() == tool.name);
    let about: String = tool.description.unwrap_or_default().chars().take(ABOUT_MAX).collect();
    let (link, own_name) = (link.clone(), tool.name.into_owned());
    let call = move |arguments: Map<String, Value>| {
        let (link, own_name) = (link.clone(), own_name.clone());
        async move { link.call(&own_name, arguments).await.and_then(value) }
    };
    let time_ms = u64::try_from(CALL_TIME.as_millis()).unwrap_or(u64::MAX);
    let mut function = Tool::asynchronous(name, call)
        .about(about.clone())
        .parameters(Value::Object(tool.input_schema.as_ref().clone()))
        .returns(json!({}))
        .calls_max(upstream.calls_max)
        .concurrent_max(AT_ONCE_MAX)
        .time_ms_max(time_ms);
    if let Some(returns) = tool.output_schema {
        function = function.returns(Value::Object(returns.as_ref().clone()));
    }
    if let Some(narrow) = narrow {
        function = function.check(move |call| {
            narrow.validate(&call.arguments).map_err(|error| {
                let place = error.instance_path().as_str().to_owned();
                if place.is_empty() { error.to_string() } else { format!("at {place}: {error}") }
            })
        });
    }
    if is_approved {
        let server = upstream.name.clone();
        function = function.approve(move |call| {
            let arguments = quoted(&call.arguments.to_string(), SHOWN_MAX);
            let text = format!(
                "May code that the model wrote call the tool {} of {server}? Its arguments: {arguments}",
                quoted(&call.tool, SHOWN_MAX)
            );
            async move { ask(text).await == Said::Yes }
        });
    }
    Ok(UpstreamTool { name: name.to_owned(), about, tool: function, is_approved })
}

/// What arguments must fit besides the tool's own schema.
fn narrowing(upstream: &Upstream, tool: &str) -> Result<Option<Validator>, UpstreamProblem> {
    let Some((_, schema)) = upstream.narrow.iter().find(|(named, _)| named == tool) else { return Ok(None) };
    // Patterns meet what a guest sends: only an engine that never backtracks may read them.
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let problem = |error: jsonschema::ValidationError<'_>| UpstreamProblem::Narrow {
        name: upstream.name.clone(),
        tool: tool.to_owned(),
        reason: error.to_string(),
    };
    options.build(schema).map(Some).map_err(problem)
}

/// What a call gives to code: the object where there is one, and else the text.
fn value(result: CallToolResult) -> Result<Value, String> {
    let text = || {
        let texts = result.content.iter().filter_map(ContentBlock::as_text);
        texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
    };
    if result.is_error == Some(true) {
        return Err(text());
    }
    if let Some(object) = &result.structured_content {
        return Ok(object.clone());
    }
    let text = text();
    // Many servers give JSON as text.
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// `NAME_TOOL`, of letters, digits and `_`.
fn name_in_code(server: &str, tool: &str) -> String {
    let letters = format!("{server}_{tool}");
    letters.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_code_are_names() {
        assert_eq!(name_in_code("git-hub", "issues/list"), "git_hub_issues_list");
        assert_eq!(name_in_code("a", &"x".repeat(100)).len(), 64);
    }
}
