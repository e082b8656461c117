//! Takes the values of secrets out of what a worker says of a run: the worker does not know them.

use std::sync::Arc;

use crate::host::secrets::Secrets;
use crate::host::shown;
use crate::outcome::{Json, Outcome};

/// Takes secrets out of everything in an outcome that code can have chosen, but the output: that is searched as it comes
/// ([`Output::without`](crate::host::output::Output::without)), before it is cut.
pub(crate) fn outcome(secrets: &Arc<Secrets>, outcome: &mut Outcome) {
    let Outcome { value, displays, error, files, changes, .. } = outcome;
    if let Some(value) = value {
        text(secrets, &mut value.repr);
        text(secrets, &mut value.r#type);
        value.json = value.json.take().and_then(|json| {
            let mut written = json.get().to_owned();
            text(secrets, &mut written);
            // A placeholder in the place of a number's digits is no JSON.
            Json::new(written).ok()
        });
    }
    for display in displays {
        text(secrets, &mut display.mime);
        text(secrets, &mut display.data);
    }
    if let Some(error) = error {
        text(secrets, &mut error.r#type);
        text(secrets, &mut error.message);
        text(secrets, &mut error.traceback);
    }
    files.iter_mut().for_each(|file| text(secrets, &mut file.path));
    changes.iter_mut().for_each(|change| text(secrets, &mut change.path));
}

/// Takes secrets out of a text.
pub(crate) fn text(secrets: &Arc<Secrets>, text: &mut String) {
    *text = shown(Some(secrets), std::mem::take(text));
}
