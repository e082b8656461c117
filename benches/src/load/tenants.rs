//! Those who ask: tenants with few or many clients at once, each of which asks for the next thing when it has the answer to the last one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use belljar::schemars::{self, JsonSchema};
use belljar::{Grants, Jar, Mount, SnapshotKey, Tool, Workers};
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

use super::chance::Chance;
use super::hostile;
use super::tally::{Off, Tally};
use super::work::{self, Done, Kept};

/// The file that code finds in a mount, and what is in it.
pub(super) const FILE: &str = "known.txt";
pub(super) const FILE_TEXT: &str = "what everybody knows\n";

/// How long whoever finds the queue full waits before it asks again.
const OVERLOADED_PAUSE: Duration = Duration::from_millis(20);

/// How long a client sleeps at once, so that it ends soon.
const NAP: Duration = Duration::from_millis(50);

/// What a tenant is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appetite {
    /// Asks for good work, a few things at once.
    Modest,
    /// Asks for good work, far more at once.
    Greedy,
    /// Does harm.
    Hostile,
}

impl Appetite {
    pub(super) const ALL: [Self; 3] = [Self::Modest, Self::Greedy, Self::Hostile];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Modest => "modest",
            Self::Greedy => "greedy",
            Self::Hostile => "hostile",
        }
    }

    /// How many tenants there are of it, and how many clients each has.
    pub(super) fn numbers(self) -> (u64, u64) {
        match self {
            Self::Modest => (14, 4),
            Self::Greedy => (2, 40),
            Self::Hostile => (4, 4),
        }
    }
}

/// One tenant.
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) appetite: Appetite,
    tally: Mutex<Tally>,
}

impl Tenant {
    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        // Counts are right between statements.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that clients share.
pub(super) struct World {
    pub(super) tenants: Vec<Tenant>,
    pub(super) is_over: AtomicBool,
    /// Clients that have not ended.
    pub(super) clients: AtomicU64,
    pub(super) kills: AtomicU64,
}

/// The jars of a tenant.
pub(super) struct Jars {
    pub(super) python: Jar,
    pub(super) javascript: Jar,
    /// With a function `add`.
    pub(super) tools: Jar,
    /// With a directory of the machine, whose changes are kept in memory.
    pub(super) files: Jar,
    /// Its sessions have checkpoints.
    pub(super) lasting: Jar,
    /// Drives what is given up before its end.
    pub(super) clock: Runtime,
}

/// What the tool takes.
#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: u64,
    b: u64,
}

/// The workers, images and files of everybody.
pub(super) struct Ground {
    python: Jar,
    javascript: Jar,
    pub(super) workers: Workers,
    /// Whose sessions have checkpoints.
    pub(super) keeping: Workers,
    folder: PathBuf,
}

impl Drop for Ground {
    fn drop(&mut self) {
        // A folder that stays behind is under the system's temporary ones.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Ground {
    pub(super) fn new(processes: usize, queue_max: usize) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("belljar-load-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let builder = |processes| Workers::builder(processes).queue_max(queue_max);
        let (workers, keeping) = (builder(processes).build(), builder(1).checkpoints().build());
        let (python, javascript) = (Jar::open("python")?, Jar::open("javascript")?);
        let ground = Self { python, javascript, workers, keeping, folder };
        let file = ground.file();
        std::fs::write(&file, FILE_TEXT).with_context(|| format!("writing {}", file.display()))?;
        Ok(ground)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Whether the machine's files are as they were.
    pub(super) fn is_untouched(&self) -> bool {
        let count = |folder: &Path| std::fs::read_dir(folder).map_or(0, Iterator::count);
        std::fs::read_to_string(self.file()).is_ok_and(|text| text == FILE_TEXT) && count(&self.folder) == 1
    }

    fn jars(&self, tenant: &str) -> Result<[Jar; 5]> {
        let of = |jar: &Jar, grants: Grants, workers: &Workers| {
            let key = SnapshotKey::new([7; 32]).tenant(tenant);
            jar.clone().with_grants(grants).with_snapshot_key(key).in_workers(workers)
        };
        let add = Tool::new("add", |Sum { a, b }| Ok::<_, String>(a + b));
        let tools = Grants::default().tool(add)?;
        let files = Grants::default().mount(Mount::copy_on_write(&self.folder, "/data"));
        Ok([
            of(&self.python, Grants::default(), &self.workers)?,
            of(&self.javascript, Grants::default(), &self.workers)?,
            of(&self.python, tools, &self.workers)?,
            of(&self.python, files, &self.workers)?,
            of(&self.python, Grants::default(), &self.keeping)?,
        ])
    }
}

impl World {
    /// Begins everybody's clients.
    pub(super) fn begin(ground: &Ground) -> Result<Arc<Self>> {
        let tenants = Appetite::ALL.into_iter().flat_map(|appetite| {
            let of = move |number| Tenant {
                name: format!("{}-{number}", appetite.name()),
                appetite,
                tally: Mutex::default(),
            };
            (0..appetite.numbers().0).map(of)
        });
        let world = Arc::new(Self {
            tenants: tenants.collect(),
            is_over: AtomicBool::new(false),
            clients: AtomicU64::new(0),
            kills: AtomicU64::new(0),
        });
        for (at, tenant) in world.tenants.iter().enumerate() {
            let jars = ground.jars(&tenant.name)?;
            for number in 0..tenant.appetite.numbers().1 {
                let [python, javascript, tools, files, lasting] = jars.clone();
                let clock = Builder::new_current_thread().enable_time().build().context("making a clock")?;
                let jars = Jars { python, javascript, tools, files, lasting, clock };
                let client = Client { world: Arc::clone(&world), tenant: at, jars };
                world.clients.fetch_add(1, Ordering::SeqCst);
                let thread = std::thread::Builder::new().name(tenant.name.clone());
                let seed = at as u64 * 1000 + number;
                thread.spawn(move || client.live(Chance::new(seed))).context("starting a client")?;
            }
        }
        Ok(world)
    }

    /// Ends the clients, each when it has its answer. Whether all have ended within `patience`.
    pub(super) fn end(&self, patience: Duration) -> bool {
        self.is_over.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        while self.clients.load(Ordering::SeqCst) > 0 {
            if begun.elapsed() > patience {
                return false;
            }
            std::thread::sleep(NAP);
        }
        true
    }

    /// What came of all the work of tenants of this kind.
    pub(super) fn sum(&self, appetite: Appetite) -> Tally {
        let mut sum = Tally::default();
        self.of(appetite).for_each(|tenant| sum.add(&tenant.tally()));
        sum
    }

    pub(super) fn of(&self, appetite: Appetite) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().filter(move |tenant| tenant.appetite == appetite)
    }
}

/// One that asks for one thing at a time.
struct Client {
    world: Arc<World>,
    tenant: usize,
    jars: Jars,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.world.clients.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Client {
    fn live(self, mut chance: Chance) {
        let tenant = &self.world.tenants[self.tenant];
        let mut kept = Kept::default();
        while !self.is_over() {
            tenant.tally().ask();
            let Done { what, came, waited } = match tenant.appetite {
                Appetite::Modest | Appetite::Greedy => work::piece(&self.jars, &mut kept, &mut chance),
                Appetite::Hostile => {
                    let (what, came) = hostile::harm(&self.jars, &mut chance);
                    Done { what, came, waited: None }
                }
            };
            let pause = match &came {
                Err(Off::Overloaded) => OVERLOADED_PAUSE,
                Err(Off::Paused(pause)) => *pause,
                _ => Duration::ZERO,
            };
            let mut tally = tenant.tally();
            tally.answer(what, came);
            waited.into_iter().for_each(|waited| tally.waits.take(waited));
            drop(tally);
            self.rest(pause);
        }
    }

    fn rest(&self, pause: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < pause && !self.is_over() {
            std::thread::sleep(NAP.min(pause));
        }
    }

    fn is_over(&self) -> bool {
        self.world.is_over.load(Ordering::SeqCst)
    }
}
