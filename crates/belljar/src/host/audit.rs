//! What a session does with its grants, told to whoever listens: bounded in length and number, and without secrets.
//!
//! What a guest can cause is counted: after so many events of a run, others are counted and left out, refusals apart from the rest, so that a flood
//! of one does not hide the other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use serde_json::{Map, Value};

use super::random::fresh_id;
use super::secrets::Secrets;
use super::time::now_rfc3339;
use crate::audit::{AuditEvent, AuditKind, Decision, is_on, shown};

/// The most events of one run that its code can cause, and the most refusals.
const EVENTS_MAX: u64 = 1000;

/// Tells what one session does. Cheap to clone: all clones are the same session. The default tells nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit(Option<Arc<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// Drawn when it is first needed.
    id: OnceLock<String>,
    parent: OnceLock<String>,
    /// What must not be told.
    secrets: OnceLock<Arc<Secrets>>,
    has_begun: AtomicBool,
    run: AtomicU64,
    allowed: AtomicU64,
    refused: AtomicU64,
    /// What others than the guest's thread work on.
    going_on: Mutex<Vec<Weak<Mutex<Entry>>>>,
}

impl Audit {
    /// A session that goes on from another, or from none.
    pub(crate) fn of_session(parent: Option<String>) -> Self {
        let parent = parent.map_or_else(OnceLock::new, OnceLock::from);
        Self(Some(Arc::new(Told { parent, ..Told::default() })))
    }

    /// It goes on from another one, which was not known when it began.
    pub(crate) fn goes_on_from(&self, parent: &str) {
        if let Some(told) = &self.0 {
            let _ = told.parent.set(parent.to_owned());
        }
    }

    /// What the session is called, here and nowhere else.
    pub(crate) fn id(&self) -> &str {
        self.0.as_ref().map_or("", |told| told.id())
    }

    /// From now on the values of these are not told.
    pub(crate) fn keep_secret(&self, secrets: Option<&Arc<Secrets>>) {
        if let (Some(told), Some(secrets)) = (&self.0, secrets) {
            let _ = told.secrets.set(Arc::clone(secrets));
        }
    }

    /// Who is to be told, if anybody listens.
    fn listened_to(&self) -> Option<&Arc<Told>> {
        self.0.as_ref().filter(|_| is_on())
    }

    /// Tells that the session begins, once, of the image `target`.
    pub(crate) fn begin_session(&self, target: &str, details: impl FnOnce() -> Map<String, Value>) {
        if let Some(told) = self.listened_to()
            && !told.has_begun.swap(true, Ordering::Relaxed)
        {
            told.emit(AuditKind::SessionBegin, Decision::Allowed, (target, None), details());
        }
    }

    /// Tells that the session ends, if it was told that it began.
    pub(crate) fn end_session(&self) {
        if let Some(told) = self.listened_to().filter(|told| told.has_begun.load(Ordering::Relaxed)) {
            told.emit(AuditKind::SessionEnd, Decision::Allowed, ("", None), Map::new());
        }
    }

    /// Begins a run: events are counted anew.
    pub(crate) fn begin_run(&self) {
        if let Some(told) = &self.0 {
            told.run.fetch_add(1, Ordering::Relaxed);
            told.allowed.store(0, Ordering::Relaxed);
            told.refused.store(0, Ordering::Relaxed);
        }
    }

    /// Tells what is still going on, how many events were left out, if any were, and how the run ended.
    pub(crate) fn end_run(&self, details: impl FnOnce() -> Map<String, Value>) {
        let Some(told) = self.listened_to() else { return };
        // The program may be at its end as well: what was begun is not left to a thread that is not waited for. If it ends later than
        // the run, that is told besides.
        for entry in std::mem::take(&mut *held(&told.going_on)).iter().filter_map(Weak::upgrade) {
            held(&entry).tell_as("going on");
        }
        let over = |count: &AtomicU64| count.load(Ordering::Relaxed).saturating_sub(EVENTS_MAX);
        let (allowed, refused) = (over(&told.allowed), over(&told.refused));
        if allowed + refused > 0 {
            let counts = [("allowed".to_owned(), allowed.into()), ("refused".to_owned(), refused.into())];
            let target = format!("{} events", allowed + refused);
            told.emit(AuditKind::Dropped, Decision::Allowed, (&target, None), counts.into_iter().collect());
        }
        told.emit(AuditKind::RunEnd, Decision::Allowed, ("", None), details());
    }

    /// Something of which there is little: a step in the life of a session.
    pub(crate) fn step(
        &self,
        kind: AuditKind,
        target: &str,
        refused: Option<&str>,
        details: Map<String, Value>,
    ) {
        if let Some(told) = self.listened_to() {
            let decision = if refused.is_some() { Decision::Refused } else { Decision::Allowed };
            told.emit(kind, decision, (target, refused), details);
        }
    }

    /// Something that a guest does. It is told when the entry is dropped, with what is known of it by then.
    pub(crate) fn entry(&self, kind: AuditKind, target: impl FnOnce() -> String) -> Entry {
        let open = |told: &Arc<Told>| Open {
            told: Arc::clone(told),
            kind,
            target: target(),
            decision: Decision::Allowed,
            reason: None,
            details: Map::new(),
        };
        Entry(self.listened_to().map(|told| Box::new(open(told))))
    }

    /// An entry that others than the guest's thread work on. If it is still open at the end of
    /// the run, it is told then as well.
    pub(crate) fn share(&self, entry: Entry) -> Arc<Mutex<Entry>> {
        let entry = Arc::new(Mutex::new(entry));
        if let Some(told) = self.listened_to() {
            let mut going_on = held(&told.going_on);
            going_on.retain(|entry| entry.strong_count() > 0);
            going_on.push(Arc::downgrade(&entry));
        }
        entry
    }
}

/// Nothing panics while one of these is held.
fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told {
    fn id(&self) -> &str {
        self.id.get_or_init(fresh_id)
    }

    fn tell(&self, open: &Open, details: Map<String, Value>) {
        let Open { kind, target, decision, reason, .. } = open;
        let count = match decision {
            Decision::Allowed => &self.allowed,
            Decision::Refused => &self.refused,
        };
        if count.fetch_add(1, Ordering::Relaxed) < EVENTS_MAX {
            self.emit(*kind, *decision, (target, reason.as_deref()), details);
        }
    }

    fn emit(
        &self,
        kind: AuditKind,
        decision: Decision,
        (target, reason): (&str, Option<&str>),
        details: Map<String, Value>,
    ) {
        let event = AuditEvent {
            time: now_rfc3339(),
            session: Some(self.id().to_owned()),
            parent: self.parent.get().cloned(),
            run: self.run.load(Ordering::Relaxed),
            kind,
            decision,
            target: self.text(target),
            reason: reason.map(|reason| self.text(reason)),
            details: details.into_iter().map(|(name, value)| (name, self.value(value))).collect(),
        };
        event.emit();
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(name, value)| (name, self.value(value))).collect())
            }
            other => other,
        }
    }

    /// Text as it may be told. It is searched for secrets before it is cut.
    fn text(&self, text: &str) -> String {
        match self.secrets.get() {
            Some(secrets) => shown(&String::from_utf8_lossy(&secrets.scrub(text.as_bytes().to_vec()))),
            None => shown(text),
        }
    }
}

/// Something that is being told; nothing, where nobody listens.
#[derive(Debug)]
pub(crate) struct Entry(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    told: Arc<Told>,
    kind: AuditKind,
    target: String,
    decision: Decision,
    reason: Option<String>,
    details: Map<String, Value>,
}

impl Entry {
    /// An entry that nobody hears of.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// It was not allowed.
    pub(crate) fn refuse(&mut self, reason: &str) {
        if let Some(open) = &mut self.0 {
            (open.decision, open.reason) = (Decision::Refused, Some(reason.to_owned()));
        }
    }

    /// It was allowed, and failed.
    pub(crate) fn fail(&mut self, reason: &str) {
        if let Some(open) = &mut self.0 {
            open.reason = Some(reason.to_owned());
        }
    }

    /// Something more about it.
    pub(crate) fn detail(&mut self, name: &str, value: impl FnOnce() -> Value) {
        if let Some(open) = &mut self.0 {
            open.details.insert(name.to_owned(), value());
        }
    }

    /// Tells what is known by now, with this outcome. It stays open.
    fn tell_as(&self, outcome: &str) {
        if let Some(open) = &self.0 {
            let mut details = open.details.clone();
            details.insert("outcome".to_owned(), outcome.into());
            open.told.tell(open, details);
        }
    }

    /// Nothing more is known of it: it is told now.
    pub(crate) fn close(&mut self) {
        if let Some(mut open) = self.0.take() {
            let details = std::mem::take(&mut open.details);
            open.told.tell(&open, details);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.close();
    }
}
