//! The person at a client, who can be asked whether something may be, where whoever runs the server wants that.
//!
//! In the older revisions the client is sent a request while a call waits. In the newest one the answer to the call is a question, and the client comes back
//! with what was said (`rounds`). Whoever asks need not know which.

mod rounds;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use rmcp::model::{
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability, ElicitationSchema,
    ProtocolVersion,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

pub(crate) use self::rounds::{Going, Rounds};

/// How long a person is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many questions may wait until a client is told of them.
const QUESTIONS_MAX: usize = 64;

tokio::task_local! {
    /// Whoever is at the client of the call that this task serves.
    static PERSON: Person;
}

/// Whoever is at a client.
#[derive(Clone, Debug)]
pub(crate) enum Person {
    /// The client asks nobody.
    Nobody,
    /// The client is sent a request.
    Requested(Peer<RoleServer>),
    /// The client comes back with the answer.
    ComesBack(Sender<Question>),
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Yes,
    /// No, or nothing.
    No,
    /// The client asks nobody.
    Nothing,
}

/// Something that a person is asked, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Question {
    text: String,
    answer: oneshot::Sender<bool>,
}

impl Person {
    /// Whoever is at the client of a request, and, where the client is to come back, what he will be asked.
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> (Self, Option<Receiver<Question>>) {
        let capability = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
        if !capability.as_ref().is_some_and(shows_forms) {
            return (Self::Nobody, None);
        }
        if context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
            let (sender, questions) = channel(QUESTIONS_MAX);
            return (Self::ComesBack(sender), Some(questions));
        }
        (Self::Requested(context.peer.clone()), None)
    }

    /// Serves a call, in which he can be asked.
    pub(crate) async fn during<T>(self, call: impl Future<Output = T>) -> T {
        PERSON.scope(self, call).await
    }

    async fn agrees(self, text: String) -> Said {
        let agreed = match self {
            Self::Nobody => return Said::Nothing,
            Self::Requested(peer) => {
                let asked = peer.create_elicitation_with_timeout(form(text), Some(PATIENCE)).await;
                asked.is_ok_and(|result| result.action == ElicitationAction::Accept)
            }
            Self::ComesBack(questions) => {
                let (answer, said) = oneshot::channel();
                let is_sent = questions.send(Question { text, answer }).await.is_ok();
                // A question that is dropped was not answered.
                is_sent && said.await.unwrap_or(false)
            }
        };
        if agreed { Said::Yes } else { Said::No }
    }
}

/// Whether a client that says this of itself shows forms. In the older revisions it says nothing of kinds, and there are only forms.
fn shows_forms(capability: &ElicitationCapability) -> bool {
    capability.form.is_some() || capability.url.is_none()
}

/// Asks whoever is at the client of the call that this task serves.
pub(crate) async fn ask(text: String) -> Said {
    match PERSON.try_with(Clone::clone) {
        Ok(person) => person.agrees(text).await,
        Err(_) => Said::Nothing,
    }
}

/// A form with nothing to fill in: to send it is to agree.
fn form(message: String) -> ElicitRequestParams {
    let requested_schema = ElicitationSchema::new(BTreeMap::new());
    ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
}

/// Whether the answer to a form is that of somebody who agrees.
fn is_agreed(said: &serde_json::Value) -> bool {
    serde_json::from_value::<ElicitResult>(said.clone())
        .is_ok_and(|result| result.action == ElicitationAction::Accept)
}

/// A stranger's words as a person can be shown them: in one line, at most so long, with nothing in them that is not seen or that turns the line around.
pub(crate) fn quoted(text: &str, chars_max: usize) -> String {
    let mut shown = String::from("\u{ab}");
    for (number, letter) in text.chars().enumerate() {
        if number == chars_max {
            shown.push('\u{2026}');
            break;
        }
        if letter.is_control() || is_unseen(letter) {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown.push('\u{bb}');
    shown
}

/// Letters of the categories Cf, Zl and Zp, and other spaces than the usual one (Unicode 17), as far as text without markup has a use for them; also the quotation
/// marks around what is shown.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{a0}' | '\u{ab}' | '\u{ad}' | '\u{bb}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_words_stay_in_their_quotation_marks() {
        assert_eq!(quoted("to see the weather", 50), "\u{ab}to see the weather\u{bb}");
        assert_eq!(quoted("a\nb\u{202e}c\u{bb}", 50), "\u{ab}a\\u{a}b\\u{202e}c\\u{bb}\u{bb}");
        assert_eq!(quoted("\u{fc}ber", 2), "\u{ab}\u{fc}b\u{2026}\u{bb}");
    }

    #[test]
    fn only_a_form_that_was_sent_is_agreement() {
        for (said, agrees) in [
            (serde_json::json!({"action": "accept", "content": {}}), true),
            (serde_json::json!({"action": "decline"}), false),
            (serde_json::json!({"action": "cancel"}), false),
            (serde_json::json!({"action": "yes"}), false),
            (serde_json::json!({}), false),
            (serde_json::json!(true), false),
        ] {
            assert_eq!(is_agreed(&said), agrees, "{said}");
        }
    }
}
