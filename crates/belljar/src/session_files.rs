//! The files of a session, as the embedding program reads, writes and lists them between runs.

use crate::error::{Error, Result};
use crate::outcome::DirectoryEntry;
use crate::session::{Place, Session};

impl Session {
    /// Reads a file that the code could read, by the path that it has there. This works after the session has ended, too.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`] when nothing is left of the session, or [`Error::FilePath`] when there is no such file.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        match &self.place {
            Place::Here(here) => here.read_file(path),
            Place::There(there) => there.read_file(path),
        }
    }

    /// Writes a file between two runs, where the code could write it, and in the place of what is there. Missing directories are made, and the session is
    /// charged for it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`], [`Error::TooLong`] for more than `files_bytes`, or [`Error::FilePath`] when the code could not.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::Jar;
    ///
    /// let session = Jar::open("python")?.session()?;
    /// session.write_file("/work/data/rows.csv", b"1,2\n")?;
    /// assert_eq!(session.run_blocking("open('data/rows.csv').read()")?.value.expect("a text").repr, r"'1,2\n'");
    /// assert_eq!(session.list_files("/work")?[0].name, "data");
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_file(&self, path: &str, content: &[u8]) -> Result<()> {
        let (bytes, most) = (content.len(), self.jar.limits.files_bytes);
        if bytes as u64 > most {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            return Err(Error::TooLong { what: "the file", bytes, most });
        }
        match &self.place {
            Place::Here(here) => here.write_file(&self.jar, path, content),
            Place::There(there) => there.write_file(path, content),
        }
    }

    /// What a directory holds that the code could list, by name: 10,000 entries at most.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`], or [`Error::FilePath`] when there is no such directory.
    pub fn list_files(&self, path: &str) -> Result<Vec<DirectoryEntry>> {
        match &self.place {
            Place::Here(here) => here.list_files(&self.jar, path),
            Place::There(there) => there.list_files(path),
        }
    }
}
