//! The threads that keep a worker in each slot: they start one, listen to it, bury it, and start the next one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Board, Member, PAUSE_MAX, PAUSE_MIN, SOUND_LIFE, Slot, State};
use crate::host::stopwatch::monotonic;
use crate::worker::frame::Setup;
use crate::worker::listen::{self, NotStarted};
use crate::worker::peer::Worker;
use crate::worker::process;
use crate::worker::settings::Settings;

impl Board {
    /// Starts a thread for each slot that lacks an image.
    pub(super) fn fill(self: &Arc<Self>, state: &mut State) {
        let known = state.images.len();
        for slot in 0..state.slots.len() {
            let lacks = match &state.slots[slot] {
                Slot::Empty => true,
                // When it is ready it is looked at again.
                Slot::Starting(_) => false,
                Slot::Taken => state.members.iter().any(|member| {
                    member.slot == slot && !member.is_leaving && member.worker.kinds.len() < known
                }),
            };
            if lacks {
                state.slots[slot] = Slot::Starting(known);
                let board = Arc::clone(self);
                let begun = std::thread::Builder::new()
                    .name("belljar-worker".to_owned())
                    .spawn(move || board.keep(slot));
                if let Err(error) = begun {
                    let doing = "cannot start the thread of a worker";
                    state.slots[slot] = Slot::Empty;
                    state.failed(NotStarted::System { doing, errno: error.raw_os_error() });
                }
            }
        }
    }

    /// Keeps a worker in a slot: the life of its thread.
    fn keep(self: &Arc<Self>, slot: usize) {
        let mut pause = PAUSE_MIN;
        loop {
            let Some((number, setup)) = self.setup(slot) else { return };
            let began = monotonic();
            let has_answered;
            match listen::begin(number, &self.settings, &setup) {
                Ok(begun) => {
                    let worker = Arc::clone(&begun.worker);
                    self.joined(slot, &worker);
                    let violation = listen::listen(begun);
                    self.hold_against(&worker);
                    worker.bury(violation);
                    has_answered = worker.calls.has_answered();
                    if !self.left(slot, &worker) {
                        return;
                    }
                }
                Err(why) => {
                    self.not_started(slot, why);
                    return;
                }
            }
            if has_answered || monotonic() - began > SOUND_LIFE {
                pause = PAUSE_MIN;
            } else {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }

    fn setup(&self, slot: usize) -> Option<(u64, Setup)> {
        let mut state = self.lock();
        if state.is_stopped {
            return None;
        }
        state.next_worker += 1;
        state.slots[slot] = Slot::Starting(state.images.len());
        let Settings { sessions_max, runs_max, requires_jail, .. } = self.settings;
        let (images, parent) = (state.images.clone(), process::own_id());
        Some((state.next_worker, Setup { images, sessions_max, runs_max, requires_jail, parent }))
    }

    /// A worker is ready. The one that had its slot before leaves when it has nothing left to do.
    fn joined(self: &Arc<Self>, slot: usize, worker: &Arc<Worker>) {
        let mut state = self.lock();
        for member in state.members.iter_mut().filter(|member| member.slot == slot) {
            member.is_leaving = true;
            if member.is_free() {
                member.worker.dismiss();
            }
        }
        if state.is_stopped {
            worker.dismiss();
        }
        let worker = Arc::clone(worker);
        let (runs, tenant) = (Vec::new(), None);
        state.members.push(Member { worker, slot, is_leaving: false, runs, sessions: 0, tenant });
        state.slots[slot] = Slot::Taken;
        // More images may have become known meanwhile.
        self.fill(&mut state);
        drop(state);
        self.dispatch();
        self.changes.send_modify(|count| *count += 1);
    }

    /// A worker has died: that is held against those who had something running in it.
    fn hold_against(&self, worker: &Worker) {
        let mut state = self.lock();
        let State { members, deaths, .. } = &mut *state;
        let member = members.iter().find(|member| member.worker.number == worker.number);
        if let Some(member) = member.filter(|_| !worker.is_dismissed()) {
            let tenants: BTreeSet<&Arc<str>> = member.runs.iter().collect();
            deaths.count(tenants.into_iter(), monotonic());
        }
    }

    /// A worker has ended. Whether another one is to take its slot.
    fn left(self: &Arc<Self>, slot: usize, worker: &Arc<Worker>) -> bool {
        let mut state = self.lock();
        let at = state.members.iter().position(|member| member.worker.number == worker.number);
        let member = at.map(|at| state.members.swap_remove(at));
        let was_leaving = member.as_ref().is_some_and(|member| member.is_leaving);
        let orphans = state.queue.remove(|ticket| ticket.want.on == Some(worker.number));
        let goes_on = !was_leaving && !state.is_stopped && state.slots[slot] == Slot::Taken;
        if goes_on {
            state.slots[slot] = Slot::Starting(state.images.len());
        } else if !was_leaving && state.slots[slot] == Slot::Taken {
            state.slots[slot] = Slot::Empty;
        }
        drop(state);
        drop(orphans);
        self.changes.send_modify(|count| *count += 1);
        goes_on
    }

    /// No worker could be started. Those who wait for one hear why, unless there are others.
    fn not_started(&self, slot: usize, why: NotStarted) {
        let mut state = self.lock();
        tracing::error!(why = %why.to_error(), "a worker cannot be started");
        state.slots[slot] = Slot::Empty;
        let waiting = if state.members.is_empty() { state.queue.remove(|_| true) } else { Vec::new() };
        state.failed(why);
        drop(state);
        drop(waiting);
        self.changes.send_modify(|count| *count += 1);
    }
}
