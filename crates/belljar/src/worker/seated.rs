//! Sessions as they live in workers.

use std::sync::Arc;

use super::board::{Board, Seat};
use super::form::KnownJar;
use super::frame::{Call, Down, Reply};
use super::served::Served;
use super::waiting::{Asking, ask};
use crate::error::{Error, Result};
use crate::limits::MIB;

/// Room for everything in an answer that has no limit of its own.
pub(super) const ANSWER_BYTES_MAX: u64 = 64 * MIB;

/// Where a session lives. It ends there when this is dropped.
pub(super) struct Seated {
    pub(super) session: u64,
    pub(super) seat: Seat,
    /// What it was after its last run, where that is kept.
    pub(super) saved: Option<Arc<[u8]>>,
    /// Whether the worker keeps its files alone, since it has ended.
    pub(super) has_ended: bool,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seat.worker.tell(&Down::Drop { session: self.session });
    }
}

/// A session that goes on in some worker from a body.
pub(super) async fn resumed(
    board: &Arc<Board>,
    jar: &Arc<KnownJar>,
    served: &mut Served,
    body: &[u8],
) -> Result<(Seated, Reply)> {
    seated(board, jar, served, |jar, session| Call::Resume { jar, session, body: body.to_vec() }).await
}

/// A session that begins in some worker as `how` says, given the jar's number and its own.
pub(super) async fn seated(
    board: &Arc<Board>,
    jar: &Arc<KnownJar>,
    served: &mut Served,
    how: impl FnOnce(u64, u64) -> Call,
) -> Result<(Seated, Reply)> {
    let mut place = board.place(jar.want(true), &jar.image).await?;
    let worker = Arc::clone(&place.worker);
    worker.know(jar.number, &jar.form)?;
    let session = worker.number_sessions(1);
    let seat = place.take_seat().ok_or_else(|| Error::Internal("a place has no seat".to_owned()))?;
    let seated = Seated { session, seat, saved: None, has_ended: false };
    let what = how(jar.number, session);
    let asking = Asking { worker: &worker, held: Box::new(place), what, session, served };
    let answer = ask(asking, ANSWER_BYTES_MAX).await?;
    let reply = answer.map_err(|refusal| refusal.into_error(jar.sessions_max()))?;
    Ok((seated, reply))
}
