//! A session's files as part of a snapshot, and back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Files;
use super::descriptor::Descriptors;
use super::mounts::Mounts;
use super::node::{Body, Id, Node};
use super::pack::Pack;
use super::quota::Quota;
use super::space::Space;
use super::tree::{ROOT_NUMBER, Tree};
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::limits::Limits;

/// Everything that a session changed in its files. What the image and the caller gave it is named and not repeated.
#[derive(Serialize, Deserialize)]
pub(crate) struct FrozenFiles(Option<Frozen>);

#[derive(Serialize, Deserialize)]
struct Frozen {
    tree: FrozenTree,
    open: Descriptors,
    quota: Quota,
}

impl FrozenFiles {
    /// The files of a session at rest.
    ///
    /// # Errors
    ///
    /// [`Error::SnapshotOfMounts`] when directories of the host are mounted: what is on the host is not in a snapshot.
    pub(crate) fn freeze(files: &Files, grants: &Grants) -> Result<Self> {
        if !grants.mounts.is_empty() {
            return Err(Error::SnapshotOfMounts);
        }
        let placed: HashMap<*const u8, u32> =
            (0..).zip(&grants.files).map(|(number, file)| (file.content.as_ptr(), number)).collect();
        Ok(Self(files.space.as_ref().map(|space| Frozen {
            tree: space.tree.freeze(|body| {
                match body {
                    // A file that the caller placed is named by its number among the grants, which are the same when it is thawed.
                    Body::Fixed(bytes) => Body::Fixed(
                        placed
                            .get(&bytes.as_ptr())
                            .map_or_else(|| Arc::from([]), |number| Arc::from(number.to_le_bytes())),
                    ),
                    body => body.clone(),
                }
            }),
            open: space.open.clone(),
            quota: space.quota.clone(),
        })))
    }

    /// The files of a session that goes on from here.
    ///
    /// # Errors
    ///
    /// What does not fit together: nothing that was frozen here.
    pub(crate) fn thaw(
        self,
        limits: &Limits,
        pack: &Arc<Pack>,
        grants: &Grants,
    ) -> std::result::Result<Files, &'static str> {
        let mut files = Files::new(limits, Arc::clone(pack));
        let Some(Frozen { tree, open, quota }) = self.0 else { return Ok(files) };
        let tree = Tree::thaw(tree, Arc::clone(pack), |body| match body {
            Body::Fixed(number) if number.is_empty() => Some(Body::Fixed(number)),
            Body::Fixed(number) => {
                let number = u32::from_le_bytes(*number.first_chunk()?);
                Some(Body::Fixed(Arc::clone(&grants.files.get(number as usize)?.content)))
            }
            body => Some(body),
        })?;
        let quota = Quota::thaw(quota, limits).ok_or("its files are larger than the limits allow")?;
        files.space = Some(Box::new(Space { tree, open: open.thaw(limits.open_files), quota }));
        Ok(files)
    }
}

/// A tree without the image's part.
#[derive(Serialize, Deserialize)]
struct FrozenTree {
    nodes: BTreeMap<u64, Node>,
    over: BTreeMap<u32, u64>,
    next: u64,
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
        read: impl Fn(Body) -> Option<Body>,
    ) -> std::result::Result<Self, &'static str> {
        let thawed = |(number, node): (u64, Node)| Some((number, Node { body: read(node.body)?, ..node }));
        let nodes = frozen.nodes.into_iter().map(thawed).collect::<Option<BTreeMap<_, _>>>();
        let nodes = nodes.ok_or("a file that was placed is not there")?;
        let (covering, points) = (BTreeMap::new(), BTreeMap::new());
        let (over, next, mounts) = (frozen.over, frozen.next, Mounts::default());
        let tree = Self { pack, mounts, nodes, over, covering, points, next };
        if tree.is_whole() { Ok(tree) } else { Err("its files are not a tree") }
    }

    /// Whether every directory hangs on the root, and every number is below the next one.
    fn is_whole(&self) -> bool {
        let parent = |number: u64| self.directory(&Id::Made(number)).map(|directory| directory.parent);
        let hangs = |number: u64| {
            let mut here = number;
            let mut steps = 0..=self.nodes.len();
            while here != ROOT_NUMBER && steps.next().is_some() {
                let Some(above) = parent(here) else { return false };
                here = above;
            }
            here == ROOT_NUMBER
        };
        let directories = self.nodes.keys().filter(|number| parent(**number).is_some());
        parent(ROOT_NUMBER) == Some(ROOT_NUMBER)
            && directories.copied().all(hangs)
            && self.nodes.keys().all(|number| *number < self.next)
    }
}
