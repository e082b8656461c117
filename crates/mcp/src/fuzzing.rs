//! Ways in for the fuzz targets: what strangers send. Compiled for fuzzing, and for the tests that try each of them with what lies in
//! `fuzz/seeds`.

use rmcp::model::{JsonObject, PaginatedRequestParams};
use serde::de::DeserializeOwned;

use crate::arguments::{
    AccessRequest, FileList, FileRead, FileWrite, Install, OfSession, Original, RunJavaScript, RunPython,
    SessionCreate, SessionFork, SessionList, ToolsSearch, read,
};
use crate::connection::{page, parsed};
use crate::refusal::MESSAGE_CHARS_MAX;
use crate::shown::uri_of;

pub use crate::http::fuzzing::heads;

/// Arguments of a call, the URI of a resource, or the cursor of a page: refused in few words, or read as what they are.
pub fn calls(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(arguments) = serde_json::from_str::<JsonObject>(text) {
        refused::<RunPython>(&arguments);
        refused::<RunJavaScript>(&arguments);
        refused::<SessionCreate>(&arguments);
        refused::<SessionFork>(&arguments);
        refused::<OfSession>(&arguments);
        refused::<SessionList>(&arguments);
        refused::<FileWrite>(&arguments);
        refused::<FileRead>(&arguments);
        refused::<FileList>(&arguments);
        refused::<Install>(&arguments);
        refused::<AccessRequest>(&arguments);
        refused::<ToolsSearch>(&arguments);
        refused::<Original>(&arguments);
    }
    if let Some((session, path)) = parsed(text) {
        let file = path.strip_prefix("/output/").unwrap_or_else(|| panic!("{path:?} was read"));
        assert!(!file.split('/').any(|part| ["", ".", ".."].contains(&part)), "{path:?} was read");
        assert_eq!(parsed(&uri_of(session, file)), Some((session, path.clone())));
    }
    let mut request = PaginatedRequestParams::default();
    request.cursor = Some(text.to_owned());
    if let Ok((shown, next)) = page((0..250).collect::<Vec<i32>>(), Some(request.clone())) {
        assert!(shown.len() <= 100);
        request.cursor = next;
        page(Vec::from_iter(0..250), Some(request)).expect("a cursor that was given is one");
    }
}

fn refused<T: DeserializeOwned>(arguments: &JsonObject) {
    if let Err(refusal) = read::<T>("a tool", Some(arguments.clone())) {
        assert!(refusal.message.chars().count() <= MESSAGE_CHARS_MAX, "{refusal:?}");
    }
}

#[cfg(test)]
mod tests {
    use belljar_fuzz_inputs::try_each;

    #[test]
    fn what_strangers_send_is_refused_or_read() {
        try_each("mcp_heads", 2000, super::heads);
        try_each("mcp_calls", 2000, super::calls);
    }
}
