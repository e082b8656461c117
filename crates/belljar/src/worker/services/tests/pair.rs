//! A worker and its parent as two threads of one process: a session that has nothing but what its [`Services`] do for it. All messages are
//! written and read on their way, as they would be between processes.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;

use super::super::far::Far;
use super::super::granted::Granted;
use super::super::serving::{Services, State};
use super::super::*;
use crate::error::Result;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::host::elsewhere::Elsewhere;
use crate::host::files::Files;
use crate::jar::Jar;
use crate::limits::Limits;
use crate::outcome::{Ended, Outcome};
use crate::request::Request;
use crate::session::Session;
use crate::snapshot::SnapshotKey;

/// As it is read at the other end.
fn sent<T: Serialize + DeserializeOwned>(message: &T) -> T {
    let written = postcard::to_stdvec(message).unwrap();
    assert!(written.len() <= ASK_BYTES_MAX);
    postcard::from_bytes(&written).unwrap()
}

/// What the parent's thread is told.
enum Message {
    Ask(Ask, SyncSender<(Reply, Option<OwnedFd>)>),
    Begin(OperationNumber, OperationAsk),
    More(OperationNumber),
    GiveUp(OperationNumber),
    /// Something that the parent does by itself.
    Act(Box<dyn FnOnce(&mut Services) + Send>),
}

/// The one line of the one session.
struct Pair {
    messages: SyncSender<Message>,
    parent: OnceLock<Thread>,
    fields: Arc<Mutex<BTreeMap<OperationNumber, Sender<Field>>>>,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair")
    }
}

impl Pair {
    fn start(services: Services) -> Arc<Self> {
        let (messages, receiver) = sync_channel(64);
        let fields = Arc::<Mutex<BTreeMap<_, _>>>::default();
        let told = Arc::clone(&fields);
        let pair = Arc::new(Self { messages, parent: OnceLock::new(), fields });
        let thread = std::thread::spawn(move || serve(services, &receiver, &told));
        pair.parent.set(thread.thread().clone()).unwrap();
        pair
    }

    fn say(&self, message: Message) -> Result<(), LineDown> {
        self.messages.send(message).map_err(|_| LineDown)?;
        self.parent.get().unwrap().unpark();
        Ok(())
    }

    /// What the parent does by itself, and what comes of it.
    fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Services) -> T + Send + 'static) -> T {
        let (sender, receiver) = sync_channel(1);
        self.say(Message::Act(Box::new(move |services| sender.send(act(services)).unwrap()))).unwrap();
        receiver.recv().unwrap()
    }
}

impl Line for Pair {
    fn ask(&self, _: SessionNumber, ask: Ask) -> Result<(Reply, Option<OwnedFd>), LineDown> {
        let (sender, receiver) = sync_channel(1);
        self.say(Message::Ask(sent(&ask), sender))?;
        let (reply, descriptor) = receiver.recv().map_err(|_| LineDown)?;
        Ok((sent(&reply), descriptor))
    }

    fn begin(
        &self,
        _: SessionNumber,
        operation: OperationNumber,
        ask: OperationAsk,
        fields: Sender<Field>,
    ) -> Result<(), LineDown> {
        self.fields.lock().unwrap().insert(operation, fields);
        self.say(Message::Begin(sent(&operation), sent(&ask)))
    }

    fn more(&self, _: SessionNumber, operation: OperationNumber) {
        let _ = self.say(Message::More(operation));
    }

    fn give_up(&self, _: SessionNumber, operation: OperationNumber) {
        self.fields.lock().unwrap().remove(&operation);
        let _ = self.say(Message::GiveUp(operation));
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The parent's thread: takes what comes, and tells what is to be told.
fn serve(
    mut services: Services,
    messages: &Receiver<Message>,
    told: &Mutex<BTreeMap<OperationNumber, Sender<Field>>>,
) {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match messages.try_recv() {
            Ok(message) => {
                take(&mut services, message);
                continue;
            }
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        match services.poll_told(&mut Context::from_waker(&waker)) {
            Poll::Ready((operation, Some(field))) => {
                if let Some(fields) = told.lock().unwrap().get(&operation) {
                    fields.try_send(field).expect("no more is told than there is room for");
                }
            }
            Poll::Ready((operation, None)) => drop(told.lock().unwrap().remove(&operation)),
            // Nobody says that the other end is gone.
            Poll::Pending => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

fn take(services: &mut Services, message: Message) {
    match message {
        Message::Ask(ask, reply) => {
            let _ = reply.send(services.serve(ask));
        }
        Message::Begin(operation, ask) => services.begin(operation, &ask).unwrap(),
        Message::More(operation) => services.more(operation).unwrap(),
        Message::GiveUp(operation) => services.give_up(operation),
        Message::Act(act) => act(services),
    }
}

/// A session as it lives in a worker, and its parent.
pub(super) struct Served {
    pub(super) session: Session,
    pub(super) grants: Grants,
    pub(super) limits: Limits,
    /// The parent's.
    pub(super) audit: Audit,
    pair: Arc<Pair>,
}

impl Served {
    pub(super) fn new(image: &str, grants: Grants) -> Self {
        Self::within(image, grants, Limits::default())
    }

    pub(super) fn within(image: &str, grants: Grants, limits: Limits) -> Self {
        Self::try_new(image, grants, limits).unwrap()
    }

    pub(super) fn try_new(image: &str, grants: Grants, limits: Limits) -> Result<Self> {
        let audit = Audit::of_session(None);
        let services = Services::new(&grants, &limits, &audit)?;
        Self::start(image, (grants, limits, audit), services, Jar::session)
    }

    /// A session that goes on in another worker from a snapshot.
    pub(super) fn going_on(image: &str, grants: Grants, state: State, snapshot: &[u8]) -> Self {
        let limits = Limits::default();
        let audit = Audit::of_session(None);
        let services = Services::resume(&grants, &limits, &audit, state).unwrap();
        Self::start(image, (grants, limits, audit), services, |jar| jar.restore(snapshot)).unwrap()
    }

    fn start(
        image: &str,
        (grants, limits, audit): (Grants, Limits, Audit),
        services: Services,
        begin: impl FnOnce(&Jar) -> Result<Session>,
    ) -> Result<Self> {
        let pair = Pair::start(services);
        let far: Arc<dyn Elsewhere> = Arc::new(Far::new(Arc::<Pair>::clone(&pair), SessionNumber(1)));
        let inside = sent(&Granted::of(&grants)).into_grants()?;
        let mut jar = Jar::open(image)?.with_limits(limits.clone())?.with_grants(inside);
        jar.elsewhere = Some(far);
        let session = begin(&jar.with_snapshot_key(SnapshotKey::new([7; 32])))?;
        Ok(Self { session, grants, limits, audit, pair })
    }

    /// Runs code as the parent would have it run: output is searched and cut here, and what the worker says of the run is searched as well.
    pub(super) fn run(&self, request: impl Into<Request>) -> Outcome {
        let limits = self.limits.clone();
        self.pair.act(move |services| services.begin_run(&limits));
        let mut outcome = self.session.run_blocking(request).unwrap();
        self.pair.act(move |services| {
            if outcome.ended == Ended::Suspended {
                services.check_pending(&outcome.pending).unwrap();
            }
            if let Some(secrets) = services.secrets() {
                scrub::outcome(secrets, &mut outcome);
            }
            outcome
        })
    }

    /// What the embedding program does with the files, which are handed over for that and taken back.
    pub(super) fn review<T>(&self, act: impl FnOnce(&mut Files) -> T) -> T {
        let jar = self.session.jar();
        let hand_over = |files: &mut Files| files.hand_over(&jar.grants).unwrap();
        let bytes = self.session.with_files(hand_over).unwrap();
        let mut files = Files::handed_over(&bytes, &self.limits, jar.image().files(), &self.grants).unwrap();
        let done = act(&mut files);
        let bytes = files.hand_over(&self.grants).unwrap();
        let take_back =
            |files: &mut Files| files.take_back(&bytes, &self.limits, &jar.grants, jar.elsewhere.as_ref());
        self.session.with_files(take_back).unwrap().unwrap();
        done
    }

    pub(super) fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Services) -> T + Send + 'static) -> T {
        self.pair.act(act)
    }
}
