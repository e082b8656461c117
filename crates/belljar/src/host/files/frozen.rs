//! A session's files as part of a snapshot, and back.
//!
//! What the image, the caller and the host have is named and not repeated. Directories of the host are opened through the jar's own mounts
//! when a session goes on, and what was open in them is looked for again: what is another file then, or none, is lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Files;
use super::descriptor::{Access, Descriptors, SLOTS_MAX};
use super::error::FileError;
use super::hosted::Hosted;
use super::mounts::{HostFile, Identity, Mounts};
use super::node::{Body, Id, Node};
use super::pack::Pack;
use super::quota::Quota;
use super::space::Space;
use super::tree::Tree;
use crate::error::Result;
use crate::grants::Grants;
use crate::host::bounded;
use crate::host::elsewhere::Elsewhere;
use crate::limits::Limits;
use crate::snapshot::refused::SnapshotRefused;

/// The most mounts, and the most files and directories, that are read from a snapshot.
const MOUNTS_MAX: usize = 4096;
const NODES_MAX: usize = 2_000_000;

/// Everything that a session changed in its files.
#[derive(Serialize, Deserialize)]
pub(crate) struct FrozenFiles(Option<Frozen>);

#[derive(Serialize, Deserialize)]
struct Frozen {
    tree: FrozenTree,
    open: Descriptors,
    /// By what the files of the host that are open are known again.
    #[serde(deserialize_with = "bounded::list::<SLOTS_MAX, _, _>")]
    of_host: Vec<(u32, Identity)>,
    /// What was used of each mount's quota.
    #[serde(deserialize_with = "bounded::list::<MOUNTS_MAX, _, _>")]
    used: Vec<(u64, u32)>,
}

/// A tree without the image's part.
#[derive(Serialize, Deserialize)]
struct FrozenTree {
    #[serde(deserialize_with = "bounded::map::<NODES_MAX, _, _, _>")]
    nodes: BTreeMap<u64, Node>,
    #[serde(deserialize_with = "bounded::map::<NODES_MAX, _, _, _>")]
    over: BTreeMap<u32, u64>,
    next: u64,
}

impl FrozenFiles {
    /// The files of a session at rest.
    pub(crate) fn freeze(files: &Files, grants: &Grants) -> Self {
        let placed: HashMap<*const u8, u32> =
            (0..).zip(&grants.files).map(|(number, file)| (file.content.as_ptr(), number)).collect();
        let body = |body: &Body| match body {
            // A file that the caller placed is named by its number among the grants, which are the same when it is thawed.
            Body::Fixed(bytes) => Body::Fixed(
                placed
                    .get(&bytes.as_ptr())
                    .map_or_else(|| Arc::from([]), |number| Arc::from(number.to_le_bytes())),
            ),
            body => body.clone(),
        };
        Self(files.space.as_ref().map(|space| {
            let (open, of_host) = space.open.freeze();
            Frozen { tree: space.tree.freeze(body), open, of_host, used: space.tree.mounts.used() }
        }))
    }

    /// The files of a session that goes on from here.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) when a directory of the host cannot be mounted, and [`SnapshotRefused::Content`] when something does
    /// not fit together: nothing that was frozen here.
    pub(crate) fn thaw(
        self,
        limits: &Limits,
        pack: &Arc<Pack>,
        grants: &Grants,
        elsewhere: Option<&Arc<dyn Elsewhere>>,
    ) -> Result<Files> {
        let broken = SnapshotRefused::Content;
        let mut files = Files::new(limits, Arc::clone(pack));
        let Some(Frozen { tree, open, of_host, used }) = self.0 else {
            let is_whole = grants.mounts.is_empty() && grants.files.is_empty();
            return if is_whole {
                Ok(files)
            } else {
                Err(broken("files that were granted are missing").into())
            };
        };
        let open = open.thaw(limits.open_files).ok_or(broken("what it had open does not fit"))?;
        let tree = tree.thaw(used, pack, grants, elsewhere)?.opened(&open);
        let tree = tree.ok_or(broken("a file that is open is not there"))?;
        let quota = Quota::thaw(tree.nodes.values(), limits);
        let quota = quota.ok_or(broken("its files are larger than the limits allow"))?;
        let mut space = Space { tree, open, quota };
        for (fd, identity) in of_host {
            space.open_anew(fd, Some(&identity)).map_err(|_| broken("a file that is open is not there"))?;
        }
        files.space = Some(Box::new(space));
        Ok(files)
    }

    /// The same files with nothing open, for what the embedding program does with them.
    ///
    /// # Errors
    ///
    /// As for [`FrozenFiles::thaw`].
    pub(super) fn thaw_closed(self, limits: &Limits, pack: &Arc<Pack>, grants: &Grants) -> Result<Files> {
        let closed =
            |frozen| Frozen { open: Descriptors::new(limits.open_files), of_host: Vec::new(), ..frozen };
        Self(self.0.map(closed)).thaw(limits, pack, grants, None)
    }

    /// Puts these files in the place of those of a session, which are the same but for what the embedding program did with them. What the session
    /// has open stays open.
    ///
    /// # Errors
    ///
    /// As for [`FrozenFiles::thaw`].
    pub(super) fn replace(
        self,
        files: &mut Files,
        limits: &Limits,
        grants: &Grants,
        elsewhere: Option<&Arc<dyn Elsewhere>>,
    ) -> Result<()> {
        let Some(Frozen { tree, used, .. }) = self.0 else { return Ok(()) };
        let pack = Arc::clone(&files.pack);
        let space = files.space();
        let tree = tree.thaw(used, &pack, grants, elsewhere)?.opened(&space.open);
        space.tree = tree.ok_or(SnapshotRefused::Content("a file that is open is not there"))?;
        let quota = Quota::thaw(space.tree.nodes.values(), limits);
        space.quota = quota.ok_or(SnapshotRefused::Content("its files are larger than the limits allow"))?;
        Ok(())
    }

    /// What was used of each mount's quota, in bytes and files.
    pub(crate) fn used(&self) -> &[(u64, u32)] {
        self.0.as_ref().map_or(&[], |frozen| &frozen.used)
    }

    /// What the meter holds for a session's files that does not go into a snapshot.
    pub(crate) fn held_by_listings(files: &Files) -> u64 {
        files.space.as_ref().map_or(0, |space| space.open.listed_bytes())
    }
}

impl Space {
    /// Opens the file of the host again that a descriptor stands for. When that is not possible, or another file is there, the descriptor is
    /// lost, and says so when it is used.
    pub(super) fn open_anew(&mut self, fd: u32, identity: Option<&Identity>) -> Result<(), FileError> {
        let node = self.open.node(fd)?;
        let place = match (&node.id, self.tree.node(&node.id).map(|node| &node.body)) {
            (Id::Host(place), _) | (_, Some(Body::Lower(place, _))) => place.clone(),
            _ => return Err(FileError::Invalid),
        };
        let access = node.access;
        let is_it = |file: &HostFile| {
            identity.is_some_and(|known| file.identity().is_ok_and(|found| known.is(&found)))
        };
        let found = self.find_again(&place, access).filter(is_it);
        self.open.reopened(fd, found)
    }

    fn find_again(&self, place: &Hosted, access: Access) -> Option<HostFile> {
        self.check_host_files(place).ok()?;
        let mounts = &self.tree.mounts;
        let file = if access.write { mounts.open_to_write(place) } else { mounts.open_for_embedder(place) };
        file.ok()
    }
}

impl FrozenTree {
    fn thaw(
        self,
        used: Vec<(u64, u32)>,
        pack: &Arc<Pack>,
        grants: &Grants,
        elsewhere: Option<&Arc<dyn Elsewhere>>,
    ) -> Result<Tree> {
        let broken = SnapshotRefused::Content;
        let mounts = Mounts::open(&grants.mounts, elsewhere)?;
        let mounts = mounts.go_on(used).ok_or(broken("its mounts are others"))?;
        let read = |body| match body {
            Body::Fixed(number) if number.is_empty() => Some(Body::Fixed(number)),
            Body::Fixed(number) => {
                let number = u32::from_le_bytes(*number.first_chunk()?);
                Some(Body::Fixed(Arc::clone(&grants.files.get(number as usize)?.content)))
            }
            body => Some(body),
        };
        Ok(Tree::thaw(self, Arc::clone(pack), mounts, read).map_err(broken)?)
    }
}

impl Tree {
    /// What was made in this session, each node's body as `write` has it.
    fn freeze(&self, write: impl Fn(&Body) -> Body) -> FrozenTree {
        let frozen = |node: &Node| Node { body: write(&node.body), ..node.clone() };
        let nodes = self.nodes.iter().map(|(number, node)| (*number, frozen(node))).collect();
        FrozenTree { nodes, over: self.over.clone(), next: self.next }
    }

    /// The tree again, each node's body as `read` has it.
    ///
    /// # Errors
    ///
    /// When it is not one tree.
    fn thaw(
        frozen: FrozenTree,
        pack: Arc<Pack>,
        mounts: Mounts,
        read: impl Fn(Body) -> Option<Body>,
    ) -> std::result::Result<Self, &'static str> {
        let thawed = |(number, node): (u64, Node)| Some((number, Node { body: read(node.body)?, ..node }));
        let nodes = frozen.nodes.into_iter().map(thawed).collect::<Option<BTreeMap<_, _>>>();
        let nodes = nodes.ok_or("a file that was placed is not there")?;
        let (covering, points) = (BTreeMap::new(), BTreeMap::new());
        let (over, next) = (frozen.over, frozen.next);
        let mut tree = Self { pack, mounts, nodes, over, covering, points, next };
        tree.check_whole()?;
        tree.hang_mounts()?;
        Ok(tree)
    }

    /// Counts how often each node is open. None when one is not there.
    fn opened(mut self, open: &Descriptors) -> Option<Self> {
        for node in open.nodes() {
            match &node.id {
                Id::Made(number) => self.nodes.get_mut(number)?.opens += 1,
                Id::Host(place) => drop(self.mounts.mode(place).ok()?),
                Id::Packed(index) => drop(self.pack.get(*index)?),
            }
        }
        Some(self)
    }
}
