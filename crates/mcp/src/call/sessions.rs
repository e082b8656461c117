//! `session_create`, `session_fork`, `session_reset`, `session_close` and `session_list`.

use super::{Called, Caller, blocking, told};
use crate::arguments::{Language, OfSession, SessionCreate, SessionFork};
use crate::refusal::Refusal;
use crate::results::{ClosedSession, ListedSessions, OneSession, SeenSession, Sessions};

/// How many copies are made at once.
const COPIES_MAX: usize = 16;

pub(crate) async fn create(caller: &Caller<'_>, arguments: SessionCreate) -> Called {
    let jar = caller.shared.jar(caller.owner, arguments.language)?;
    caller.shared.handles.check_room(caller.owner, 1)?;
    let session = {
        let jar = jar.clone();
        blocking(move || jar.session()).await?
    };
    let kept = caller.shared.handles.keep(caller.owner, jar, session)?;
    let handle = OneSession { session: kept.handle.to_string(), language: arguments.language.to_string() };
    told(format!("session {} ({})", handle.session, handle.language), &handle)
}

pub(crate) async fn fork(caller: &Caller<'_>, arguments: SessionFork) -> Called {
    let SessionFork { session, count } = arguments;
    if !(1..=COPIES_MAX).contains(&count) {
        let message = format!("count is {count}, and must be from 1 to {COPIES_MAX}");
        return Err(Refusal::new(message, "fork again for more"));
    }
    let handles = &caller.shared.handles;
    let kept = handles.find(caller.owner, &session)?;
    handles.check_room(caller.owner, count)?;
    let lease = kept.lease().await?;
    let original = lease.session();
    let copies = blocking(move || original.fork(count)).await?;
    drop(lease);
    let mut sessions = Vec::new();
    for copy in copies {
        sessions.push(handles.keep(caller.owner, kept.jar.clone(), copy)?.handle.to_string());
    }
    told(format!("sessions {}", sessions.join(", ")), &Sessions { sessions })
}

pub(crate) async fn reset(caller: &Caller<'_>, arguments: OfSession) -> Called {
    let kept = caller.shared.handles.find(caller.owner, &arguments.session)?;
    let mut lease = kept.lease().await?;
    let jar = kept.jar.clone();
    lease.replace(blocking(move || jar.session()).await?);
    let language = Language::of(&kept.jar).to_string();
    let text = format!("session {} is new", arguments.session);
    told(text, &OneSession { session: arguments.session, language })
}

pub(crate) fn close(caller: &Caller<'_>, arguments: &OfSession) -> Called {
    caller.shared.handles.close(caller.owner, &arguments.session)?;
    told(
        format!("session {} is closed", arguments.session),
        &ClosedSession { closed: arguments.session.clone() },
    )
}

pub(crate) fn list(caller: &Caller<'_>) -> Called {
    let sessions: Vec<SeenSession> = caller
        .shared
        .handles
        .of(caller.owner)
        .iter()
        .map(|kept| SeenSession {
            session: kept.handle.to_string(),
            language: Language::of(&kept.jar).to_string(),
            runs: kept.runs(),
            busy: kept.is_busy(),
            finished: kept.is_finished(),
            idle_s: kept.idle().as_secs(),
        })
        .collect();
    let lines: Vec<String> = sessions
        .iter()
        .map(|seen| {
            format!(
                "{} ({}, {} runs, {} s idle{})",
                seen.session,
                seen.language,
                seen.runs,
                seen.idle_s,
                if seen.busy { ", busy" } else { "" }
            )
        })
        .collect();
    let text = if lines.is_empty() { "there are no sessions".to_owned() } else { lines.join("\n") };
    told(text, &ListedSessions { sessions })
}
