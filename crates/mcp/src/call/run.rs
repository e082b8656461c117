//! `run_python` and `run_javascript`: code in a session, or by itself.

use std::pin::Pin;
use std::sync::Arc;

use belljar::{CancelToken, Jar, Limits, Outcome, Request, Session};
use rmcp::model::{CallToolResult, ContentBlock, Resource};
use serde_json::{Map, Value};

use super::{Called, Caller, blocking};
use crate::arguments::{Attach, Language};
use crate::feed::Feed;
use crate::handles::Kept;
use crate::refusal::Refusal;
use crate::shown::Shown;

/// What is to be run.
pub(crate) struct Asked {
    pub(crate) language: Language,
    /// What tracebacks call it.
    pub(crate) name: &'static str,
    pub(crate) code: String,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) session: Option<String>,
    pub(crate) time_ms: Option<u64>,
    pub(crate) attach: Vec<Attach>,
}

/// Runs it.
pub(crate) async fn run(caller: &Caller<'_>, asked: Asked) -> Called {
    let (outcome, kept) = match &asked.session {
        Some(handle) => {
            let kept = caller.shared.handles.find(caller.owner, handle)?;
            (in_session(caller, &kept, &asked).await?, Some(kept))
        }
        None => by_itself(caller, &asked).await?,
    };
    let shown = Shown::of(
        &outcome,
        kept.as_deref().map(|kept| &*kept.handle),
        caller.shared.settings.packages.is_some(),
    );
    Ok(result(&outcome, &shown, &asked.attach))
}

async fn in_session(caller: &Caller<'_>, kept: &Arc<Kept>, asked: &Asked) -> Result<Outcome, Refusal> {
    let language = Language::of(&kept.jar);
    if language != asked.language {
        let message = format!("the session runs {language}, not {}", asked.language);
        return Err(Refusal::new(message, format!("call run_{language}, or make another session")));
    }
    if kept.is_finished() {
        return Err(Refusal::new("the session is there for its files alone", "make one with session_create"));
    }
    let lease = kept.lease().await?;
    let session = lease.session();
    let (feed, token, request) = prepared(caller, &kept.jar, asked);
    lease.runs(&token);
    let outcome = until_cancelled(caller, &feed, &token, Box::pin(session.run(request))).await?;
    kept.left(&outcome.files);
    Ok(outcome)
}

/// Runs it in a session of its own, which is kept if there are files in it.
async fn by_itself(caller: &Caller<'_>, asked: &Asked) -> Result<(Outcome, Option<Arc<Kept>>), Refusal> {
    let jar = caller.shared.jar(caller.owner, asked.language)?;
    let session: Session = {
        let jar = jar.clone();
        blocking(move || jar.session()).await?
    };
    let (feed, token, request) = prepared(caller, &jar, asked);
    let outcome = until_cancelled(caller, &feed, &token, Box::pin(session.run_last(request))).await?;
    let kept = (!outcome.files.is_empty()).then(|| {
        let kept = caller.shared.handles.keep_finished(caller.owner, jar, session);
        kept.left(&outcome.files);
        kept
    });
    Ok((outcome, kept))
}

/// The request, what stops it, and what the client hears of it.
pub(super) fn prepared(caller: &Caller<'_>, jar: &Jar, asked: &Asked) -> (Feed, CancelToken, Request) {
    let token = CancelToken::new();
    let mut request = Request::new(asked.code.as_str()).name(asked.name).cancel_with(&token);
    for (name, value) in &asked.inputs {
        request = request.input(name, value.to_string());
    }
    let mut limits = jar.limits().clone();
    if let Some(time_ms) = asked.time_ms {
        limits = Limits { time_ms, cpu_ms: limits.cpu_ms.min(time_ms), ..limits };
        request = request.limits(limits.clone());
    }
    let mut feed = Feed::new(caller.context.peer.clone(), limits.time());
    feed.level = caller.level;
    feed.progress = caller.context.meta.get_progress_token();
    if let Some(sink) = feed.sink() {
        request = request.on_output(sink);
    }
    (feed, token, request)
}

/// Awaits a run, which the client can cancel. It is waited for all the same: a session is then as it was before. The run comes in a box, since each
/// future around another one would hold it anew.
pub(super) async fn until_cancelled(
    caller: &Caller<'_>,
    feed: &Feed,
    token: &CancelToken,
    mut run: Pin<Box<impl Future<Output = belljar::Result<Outcome>>>>,
) -> Result<Outcome, Refusal> {
    let run = async {
        tokio::select! {
            outcome = &mut run => outcome,
            () = caller.context.ct.cancelled() => {
                token.cancel();
                run.await
            }
        }
    };
    Ok(feed.during(run).await?)
}

fn result(outcome: &Outcome, shown: &Shown, attach: &[Attach]) -> CallToolResult {
    let mut content = vec![ContentBlock::text(shown.text())];
    if attach.contains(&Attach::Images) {
        let images = outcome.displays.iter().filter(|display| display.mime.starts_with("image/"));
        let raster = images.filter(|display| display.mime != "image/svg+xml");
        content.extend(raster.map(|image| ContentBlock::image(image.data.clone(), image.mime.clone())));
    }
    if attach.contains(&Attach::Files) {
        let links = shown.files.iter().filter_map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let resource = Resource::new(file.uri.clone()?, name).with_size(file.size_bytes);
            Some(ContentBlock::resource_link(resource))
        });
        content.extend(links);
    }
    let mut result = CallToolResult::success(content);
    result.is_error = Some(shown.is_failure());
    result.structured_content = serde_json::to_value(shown).ok();
    result
}
