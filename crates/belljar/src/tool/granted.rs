//! A tool that was granted: its schemas are compiled, so that each call is checked at once.

use std::sync::Arc;
use std::time::Duration;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::work::Done;
use super::{KEYWORDS, OTHERS, Tool, timer};
use crate::error::{Error, Result};

/// A call took longer than its tool may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    pub(crate) ms: u64,
}

/// A tool that sessions may call.
#[derive(Debug)]
pub(crate) struct GrantedTool {
    pub(crate) tool: Tool,
    arguments: Validator,
    result: Option<Validator>,
    /// Places for calls that go on, where their number is limited.
    places: Option<Arc<Semaphore>>,
}

impl GrantedTool {
    /// Checks the tool and compiles its schemas.
    ///
    /// # Errors
    ///
    /// [`Error::Tool`] with what is wrong.
    pub(crate) fn new(tool: Tool) -> Result<Self> {
        tool.validate()?;
        let compile = |schema: &Value| {
            // Patterns meet what a guest sends: only an engine that never backtracks may read them.
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            options.build(schema).map_err(|error| Error::Tool {
                name: tool.name.clone(),
                reason: format!("its schema cannot be used: {error}"),
            })
        };
        let promised = tool.returns.as_ref().filter(|_| tool.checks_result);
        let (arguments, result) = (compile(&tool.parameters)?, promised.map(compile).transpose()?);
        let places = tool.concurrent_max.map(|most| Arc::new(Semaphore::new(most)));
        Ok(Self { tool, arguments, result, places })
    }

    /// What the guest is told of it.
    pub(crate) fn described(&self) -> Value {
        let Tool { name, about, parameters, returns, .. } = &self.tool;
        json!({
            "name": name,
            "about": about,
            "awaited": self.tool.is_awaited(),
            "parameters": readable(parameters),
            "returns": returns,
        })
    }

    /// Does the work of a call, within the tool's time and when there is a place for it. None for a tool that the caller answers.
    pub(crate) async fn work(&self, arguments: Value) -> Option<Result<Done, TooLong>> {
        let work = async {
            let place = match &self.places {
                Some(places) => Arc::clone(places).acquire_owned().await.ok(),
                None => None,
            };
            Some(self.tool.work.begin(&self.tool.name, arguments, place)?.await)
        };
        let Some(ms) = self.tool.time_ms_max else { return work.await.map(Ok) };
        match timer::within(Duration::from_millis(ms), work).await {
            Some(done) => done.map(Ok),
            None => Some(Err(TooLong { ms })),
        }
    }

    /// Whether arguments fit the schema; if not, what does not, and where.
    pub(crate) fn check_arguments(&self, arguments: &Value) -> Result<(), String> {
        check(&self.arguments, arguments)
    }

    /// Whether a result is JSON, and fits the schema where somebody wrote one.
    pub(crate) fn check_result(&self, json: &str) -> Result<(), String> {
        let value = serde_json::from_str(json).map_err(|error| format!("it is not JSON: {error}"))?;
        self.result.as_ref().map_or(Ok(()), |validator| check(validator, &value))
    }
}

fn check(validator: &Validator, value: &Value) -> Result<(), String> {
    validator.validate(value).map_err(|error| match error.instance_path().as_str() {
        "" => error.to_string(),
        place => format!("at {place}: {error}"),
    })
}

/// The schema of arguments as the guest reads it, which makes parameters of its properties: a word of the language cannot be one, nor can the name that
/// all others go by. They are given as further arguments, and are checked against the schema as it is.
fn readable(parameters: &Value) -> Value {
    let mut parameters = parameters.clone();
    if let Some(properties) = parameters.get_mut("properties").and_then(Value::as_object_mut) {
        let before = properties.len();
        properties.retain(|name, _| name != OTHERS && !KEYWORDS.contains(&name.as_str()));
        if properties.len() < before {
            parameters["additionalProperties"] = Value::Bool(true);
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_language_are_no_parameters() {
        let schema = json!({
            "type": "object",
            "properties": { "from": {}, "to": {}, "arguments": {} },
            "additionalProperties": false,
        });
        let told = super::readable(&schema);
        assert_eq!(told["properties"], json!({ "to": {} }));
        assert_eq!(told["additionalProperties"], true, "they can be given all the same");
        let plain = json!({ "type": "object", "properties": { "to": {} } });
        assert_eq!(super::readable(&plain), plain);
    }
}
