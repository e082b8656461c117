//! What a directory holds, entry by entry: `.` and `..`, what shows through from under it, and what was made in it.

use super::directory::{Directory, FIRST_COOKIE, Under};
use super::error::FileError;
use super::kind::Kind;
use super::mounts::Listing;
use super::node::{Id, Listed};
use super::pack::Packed;
use super::tree::Tree;

/// The cookie of `..`, after which the entries proper begin.
const DOT_DOT_COOKIE: u64 = 2;

impl Tree {
    /// What the host has in a directory, if any of it can show. To be made when a listing begins, and kept until it ends.
    pub(super) fn host_listing(&self, directory: &Id) -> Result<Option<Listing>, FileError> {
        let place = match directory {
            Id::Host(place) => place,
            Id::Packed(_) => return Ok(None),
            Id::Made(_) => match self.directory(directory).and_then(|directory| directory.under.as_ref()) {
                Some(Under::Host { place, opaque: false, .. }) => place,
                _ => return Ok(None),
            },
        };
        self.mounts.list(place).map(Some)
    }

    /// Whether a directory holds nothing.
    pub(super) fn is_empty(&self, directory: &Id) -> Result<bool, FileError> {
        if let Id::Host(place) = directory {
            return self.mounts.is_empty(place);
        }
        let listing = self.host_listing(directory)?;
        let hides = listing.as_ref().is_some_and(|listing| listing.hides);
        Ok(!hides && self.listed_after(directory, listing.as_ref(), DOT_DOT_COOKIE).is_none())
    }

    /// The entry of a directory's listing that comes after a cookie. 0 begins the listing.
    pub(super) fn listed_after<'a>(
        &'a self,
        directory: &Id,
        listing: Option<&'a Listing>,
        cookie: u64,
    ) -> Option<Listed<'a>> {
        let dots = [(".", Some(directory.clone())), ("..", self.parent(directory))];
        if let Some((name, id)) = usize::try_from(cookie).ok().and_then(|at| dots.get(at)) {
            return self.listed(cookie + 1, name, id.as_ref()?);
        }
        let made = self.directory(directory);
        let packed = match directory {
            Id::Packed(index) => Some(*index),
            _ => match made.and_then(|made| made.under.as_ref()) {
                Some(Under::Packed(index)) => Some(*index),
                _ => None,
            },
        };
        let below = match (packed, listing) {
            (Some(under), _) => self.packed_after(under, made, cookie),
            (None, Some(listing)) => host_after(listing, made, cookie),
            (None, None) => None,
        };
        if below.is_some() {
            return below;
        }
        let (cookie, name, number) = made?.after(cookie.max(FIRST_COOKIE - 1))?;
        self.listed(cookie, name, &Id::Made(number))
    }

    /// The next entry that shows through from the image: not hidden by one made in this session.
    fn packed_after(&self, under: u32, made: Option<&Directory>, cookie: u64) -> Option<Listed<'_>> {
        let Packed::Directory { first, count } = self.pack.get(under)? else { return None };
        let mut at = u32::try_from(cookie - DOT_DOT_COOKIE).ok()?;
        while at < count {
            let index = first + at;
            let name = self.pack.name(index)?;
            at += 1;
            if made.is_none_or(|made| made.get(name).is_none()) {
                return self.listed(DOT_DOT_COOKIE + u64::from(at), name, &self.seen(index));
            }
        }
        None
    }

    fn listed<'a>(&self, cookie: u64, name: &'a str, id: &Id) -> Option<Listed<'a>> {
        let stat = self.stat(id).ok()?;
        Some(Listed { cookie, inode: stat.inode, kind: stat.kind, name })
    }
}

/// The next entry that shows through from the host.
fn host_after<'a>(listing: &'a Listing, made: Option<&Directory>, cookie: u64) -> Option<Listed<'a>> {
    let first = usize::try_from(cookie - DOT_DOT_COOKIE).ok()?;
    let shows = |name: &str| made.is_none_or(|made| made.showing(name).is_some());
    let mut rest = (first..).zip(listing.entries.get(first..)?);
    let (at, entry) = rest.find(|(_, entry)| shows(&entry.name))?;
    let cookie = DOT_DOT_COOKIE + 1 + at as u64;
    let kind = if entry.kind == Kind::Character { Kind::Special } else { entry.kind };
    Some(Listed { cookie, inode: entry.inode, kind, name: &entry.name })
}
