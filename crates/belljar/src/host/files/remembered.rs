//! What the host had, remembered from the moment at which a session first changed what it sees of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// What the host had at a place when the session first changed it: what a change is measured against, and what is looked for again
/// before it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) print: Fingerprint,
    /// What was in it, if it was a directory.
    pub(super) children: Remembered,
}

/// What the host had in a directory, by name.
pub(super) type Remembered = BTreeMap<Arc<str>, Covered>;

/// What tells one state of a file of the host from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) modified_ns: u64,
    pub(super) changed_ns: u64,
    pub(super) inode: u64,
    pub(super) device: u64,
    /// Of the content, where it was read: always when it was copied, and when it is small.
    pub(super) hash: Option<[u8; 32]>,
}

impl Fingerprint {
    /// That of any directory: its names are looked at one by one.
    pub(super) fn of_directory() -> Self {
        Self {
            kind: Kind::Directory,
            size: 0,
            modified_ns: 0,
            changed_ns: 0,
            inode: 0,
            device: 0,
            hash: None,
        }
    }

    /// Whether nothing shows that the two are different states.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let plain = |print: &Self| Self { hash: None, ..print.clone() };
        let same_hash = self.hash.is_none() || other.hash.is_none() || self.hash == other.hash;
        match self.kind {
            Kind::Directory => other.kind == Kind::Directory,
            _ => same_hash && plain(self) == plain(other),
        }
    }
}

/// What is remembered as part of a snapshot: a list, each name behind the directory that it lies in, with how deep it lies. A tree that is read
/// as a tree could be so deep that reading it never ends well.
pub(super) mod written {
    use std::sync::Arc;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::super::name::is_name;
    use super::{Covered, Fingerprint, Remembered};

    /// The deepest that anything remembered lies: files never lie that deep.
    const DEPTH_MAX: usize = 512;

    type Line = (u32, Arc<str>, Fingerprint);

    pub(in super::super) fn serialize<S: Serializer>(
        remembered: &Remembered,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut lines: Vec<Line> = Vec::new();
        list(remembered, 0, &mut lines);
        lines.serialize(serializer)
    }

    fn list(remembered: &Remembered, depth: u32, lines: &mut Vec<Line>) {
        for (name, covered) in remembered {
            lines.push((depth, Arc::clone(name), covered.print.clone()));
            list(&covered.children, depth + 1, lines);
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Remembered, D::Error> {
        let lines = Vec::<Line>::deserialize(deserializer)?;
        // What lies in each directory that is not at its end yet; the last is filled.
        let mut open = vec![(Arc::<str>::from(""), None, Remembered::new())];
        for (depth, name, print) in lines {
            let depth = depth as usize + 1;
            if depth > open.len() || depth > DEPTH_MAX || !is_name(name.as_bytes()) {
                return Err(D::Error::custom("what is remembered of the host is not a tree"));
            }
            close(&mut open, depth);
            open.push((name, Some(print), Remembered::new()));
        }
        close(&mut open, 1);
        Ok(open.swap_remove(0).2)
    }

    /// Puts what is deeper than `depth` into what it lies in.
    fn close(open: &mut Vec<(Arc<str>, Option<Fingerprint>, Remembered)>, depth: usize) {
        while open.len() > depth {
            let Some((name, Some(print), children)) = open.pop() else { return };
            if let Some((_, _, above)) = open.last_mut() {
                above.insert(name, Covered { print, children });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept(#[serde(with = "written")] Remembered);

    fn covered(children: Remembered) -> Covered {
        Covered { print: Fingerprint::of_directory(), children }
    }

    #[test]
    fn what_is_remembered_comes_back_from_a_list() {
        let deep = Remembered::from([("c".into(), covered(Remembered::new()))]);
        let in_a = Remembered::from([("b".into(), covered(deep)), ("d".into(), covered(Remembered::new()))]);
        let all =
            Kept(Remembered::from([("a".into(), covered(in_a)), ("e".into(), covered(Remembered::new()))]));
        let bytes = postcard::to_stdvec(&all).unwrap();
        assert_eq!(postcard::from_bytes::<Kept>(&bytes).unwrap(), all);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let print = Fingerprint::of_directory();
        let reads = |lines: &[(u32, &str, Fingerprint)]| {
            postcard::from_bytes::<Kept>(&postcard::to_stdvec(lines).unwrap()).is_ok()
        };
        assert!(reads(&[(0, "a", print.clone()), (1, "b", print.clone())]));
        assert!(!reads(&[(1, "a", print.clone())]));
        assert!(!reads(&[(0, "..", print.clone())]));
        let deep: Vec<_> = (0..100_000).map(|depth| (depth, "a", print.clone())).collect();
        assert!(!reads(&deep));
    }
}
