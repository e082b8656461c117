//! Calls of tools, one family a file.

#![expect(
    deprecated,
    reason = "the newest revision discourages logging, and clients listen to it all the same"
)]

mod access;
pub(crate) mod files;
mod functions;
mod install;
mod original;
mod run;
mod sessions;

pub use original::answer_of;
use rmcp::ErrorData;
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, LoggingLevel};
use rmcp::service::{RequestContext, RoleServer};
use serde::Serialize;

use crate::arguments::{Language, RunJavaScript, RunPython, read};
use crate::catalog::ORIGINAL;
use crate::handles::Owner;
use crate::refusal::Refusal;
use crate::server::Shared;

/// Who calls, and how he is answered meanwhile.
pub(crate) struct Caller<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) owner: &'a Owner,
    pub(crate) context: &'a RequestContext<RoleServer>,
    /// The least severe level of log messages that he wants.
    pub(crate) level: Option<LoggingLevel>,
}

type Called = Result<CallToolResult, Refusal>;

/// Serves a call. A tool that there is not is an error of the protocol; whatever else is wrong is a result that the model reads.
pub(crate) async fn call(
    caller: &Caller<'_>,
    request: CallToolRequestParams,
) -> Result<CallToolResult, ErrorData> {
    let name = request.name.as_ref();
    if !caller.shared.tools.iter().any(|tool| tool.name == name) {
        let known: Vec<&str> = caller.shared.tools.iter().map(|tool| tool.name.as_ref()).collect();
        let short: String = name.chars().take(64).collect();
        let message = format!("there is no tool {short:?}; there are {}", known.join(", "));
        return Err(ErrorData::invalid_params(message, None));
    }
    let _going = caller.shared.begin();
    let called = named(caller, name, request.arguments).await;
    Ok(called.unwrap_or_else(Refusal::into_result))
}

async fn named(caller: &Caller<'_>, name: &str, arguments: Option<rmcp::model::JsonObject>) -> Called {
    match name {
        ORIGINAL => original::run(caller, read(name, arguments)?).await,
        "run_python" => {
            let RunPython { code, inputs, session, time_ms, attach } = read(name, arguments)?;
            let asked = run::Asked {
                language: Language::Python,
                name: "main.py",
                code,
                inputs,
                session,
                time_ms,
                attach,
            };
            run::run(caller, asked).await
        }
        "run_javascript" => {
            let RunJavaScript { code, typescript, inputs, session, time_ms, attach } = read(name, arguments)?;
            let name = if typescript { "main.ts" } else { "main.js" };
            let asked =
                run::Asked { language: Language::Javascript, name, code, inputs, session, time_ms, attach };
            run::run(caller, asked).await
        }
        "session_create" => sessions::create(caller, read(name, arguments)?).await,
        "session_fork" => sessions::fork(caller, read(name, arguments)?).await,
        "session_reset" => sessions::reset(caller, read(name, arguments)?).await,
        "session_close" => sessions::close(caller, &read(name, arguments)?),
        "session_list" => {
            read::<crate::arguments::SessionList>(name, arguments)?;
            sessions::list(caller)
        }
        "file_write" => files::write(caller, read(name, arguments)?).await,
        "file_read" => files::read(caller, read(name, arguments)?).await,
        "file_list" => files::list(caller, read(name, arguments)?).await,
        "tools_search" => functions::search(caller, &read(name, arguments)?),
        "install" => install::install(caller, read(name, arguments)?).await,
        "access_request" => access::request(caller, read(name, arguments)?).await,
        other => Err(Refusal::new(format!("the tool {other} does nothing"), "call another one")),
    }
}

/// A result that says the same as text and as an object.
fn told(text: String, object: &impl Serialize) -> Called {
    let object = serde_json::to_value(object)
        .map_err(|error| Refusal { message: format!("a result cannot be written: {error}"), hint: None })?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(object);
    Ok(result)
}

/// Does something that waits on the thread that does it.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> belljar::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    Ok(tokio::task::spawn_blocking(act).await??)
}
