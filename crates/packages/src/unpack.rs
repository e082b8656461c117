//! Wheels to files. A wheel is a zip archive that strangers made: every name, number and size is checked, whatever the archive says of itself,
//! and nothing in it is run.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::WheelFault;
use crate::wheel;

/// The most bytes that come out of a wheel.
pub(crate) const BYTES_MAX: u64 = 512 << 20;

/// The most files and directories in a wheel.
pub(crate) const FILES_MAX: usize = 20_000;

/// The longest path in a wheel, in bytes, and the most names in one.
const PATH_BYTES_MAX: usize = 1024;
const DEPTH_MAX: usize = 32;

/// The longest name that a file can have on this system, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// What is done with machine code in a wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineCode {
    /// It stays: there is none, by the wheel's name.
    Keep,
    /// It is left out: it could not be loaded, and the package does without.
    LeaveOut,
}

/// What takes the files of a wheel: the path of each, and its content.
pub type Write<'a, E> = dyn FnMut(&str, &[u8]) -> Result<(), E> + 'a;

/// Takes a wheel apart: hands each file to `write`, by the path at which it is to lie below the folder of packages. Paths are relative,
/// plain, and come once each.
///
/// # Errors
///
/// What is wrong with the wheel, or what `write` said. Files may have been handed out by then: what was made of them is to be thrown away.
///
/// ```
/// let mut files = Vec::new();
/// let mut write = |path: &str, bytes: &[u8]| -> Result<(), belljar_packages::WheelFault> {
///     files.push((path.to_owned(), bytes.len()));
///     Ok(())
/// };
/// assert!(belljar_packages::unpack(b"no archive", belljar_packages::MachineCode::Keep, &mut write).is_err());
/// assert!(files.is_empty());
/// ```
pub fn unpack<E: From<WheelFault>>(
    bytes: &[u8],
    machine_code: MachineCode,
    write: &mut Write<'_, E>,
) -> Result<(), E> {
    let mut archive = open(bytes)?;
    let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
    let mut left = BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let name = std::str::from_utf8(entry.name_raw());
        let name =
            name.map_err(|_| WheelFault::Name(String::from_utf8_lossy(entry.name_raw()).into_owned()))?;
        let path = checked(name)?.to_owned();
        // A link says so in the bits of its mode, and what is neither file nor directory is nothing that a wheel has.
        let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
        if entry.is_symlink() || ![0, 0o100_000, 0o040_000].contains(&kind) {
            return Err(WheelFault::Link(path).into());
        }
        if name.ends_with('/') {
            continue;
        }
        let Some(place) = placed(&path) else { continue };
        let above = place.match_indices('/').map(|(at, _)| &place[..at]);
        let above: Vec<String> = above.map(str::to_owned).collect();
        if above.iter().any(|folder| files.contains(folder))
            || folders.contains(place)
            || !files.insert(place.to_owned())
        {
            return Err(WheelFault::Twice(path).into());
        }
        folders.extend(above);
        if machine_code == MachineCode::LeaveOut && wheel::is_machine_code(place) {
            continue;
        }
        let content = content(&mut entry, &path, left)?;
        left -= content.len() as u64;
        write(place, &content)?;
    }
    Ok(())
}

/// One file of a wheel, if it is there and not larger than that.
pub(crate) fn one(bytes: &[u8], path: &str, bytes_max: u64) -> Option<Vec<u8>> {
    let mut archive = open(bytes).ok()?;
    let mut entry = archive.by_name(path).ok()?;
    content(&mut entry, path, bytes_max).ok()
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, WheelFault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > FILES_MAX {
        return Err(WheelFault::TooMany { files_max: FILES_MAX });
    }
    if archive.has_duplicate_names() {
        return Err(WheelFault::Damaged("it has two files of one name".to_owned()));
    }
    // Files that share their bytes make an archive that is small and a folder that is not.
    if archive.has_overlapping_files().map_err(damaged)? {
        return Err(WheelFault::Damaged("its files overlap".to_owned()));
    }
    Ok(archive)
}

/// The path, if it leads to one place below where it is unpacked, and is written in one way.
fn checked(name: &str) -> Result<&str, WheelFault> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.len() <= NAME_BYTES_MAX
            && !part.contains('\\')
            && !part.chars().any(char::is_control)
    };
    match path.len() <= PATH_BYTES_MAX && path.split('/').count() <= DEPTH_MAX && path.split('/').all(plain) {
        true => Ok(path),
        false => Err(WheelFault::Name(name.chars().take(80).collect())),
    }
}

/// Where a file of a wheel is to lie: what is for other places (scripts, headers, data) is left out.
fn placed(path: &str) -> Option<&str> {
    match path.split_once('/') {
        Some((folder, rest)) if folder.ends_with(".data") => match rest.split_once('/')? {
            ("purelib" | "platlib", rest) => Some(rest),
            _ => None,
        },
        _ => Some(path),
    }
}

fn content(entry: &mut impl Read, path: &str, left: u64) -> Result<Vec<u8>, WheelFault> {
    let mut content = Vec::new();
    entry.take(left + 1).read_to_end(&mut content).map_err(|_| WheelFault::File(path.to_owned()))?;
    if content.len() as u64 > left {
        return Err(WheelFault::TooLarge { bytes_max: BYTES_MAX });
    }
    Ok(content)
}

fn damaged(error: ZipError) -> WheelFault {
    WheelFault::Damaged(error.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use proptest::prelude::*;
    use zip::CompressionMethod;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn wheel(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer
                .start_file(
                    *name,
                    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
                )
                .unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn paths(bytes: &[u8], machine_code: MachineCode) -> Result<Vec<String>, WheelFault> {
        let mut paths = Vec::new();
        unpack(bytes, machine_code, &mut |path: &str, _: &[u8]| {
            paths.push(path.to_owned());
            Ok::<(), WheelFault>(())
        })?;
        Ok(paths)
    }

    /// The same wheel with each `from` in its bytes replaced: names that no writer would write.
    fn renamed(files: &[(&str, &[u8])], from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut bytes = wheel(files);
        for at in 0..bytes.len() - from.len() {
            if bytes[at..].starts_with(from.as_bytes()) {
                bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            }
        }
        bytes
    }

    #[test]
    fn files_come_out_at_their_places() {
        let bytes = wheel(&[
            ("a/__init__.py", b"x"),
            ("a/_speed.cpython-313-x86_64-linux-gnu.so", b"elf"),
            ("a-1.data/purelib/b.py", b"y"),
            ("a-1.data/scripts/tool", b"z"),
            ("a-1.dist-info/RECORD", b""),
        ]);
        let all =
            ["a/__init__.py", "a/_speed.cpython-313-x86_64-linux-gnu.so", "b.py", "a-1.dist-info/RECORD"];
        assert_eq!(paths(&bytes, MachineCode::Keep).unwrap(), all);
        assert_eq!(paths(&bytes, MachineCode::LeaveOut).unwrap(), [all[0], all[2], all[3]]);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in
            ["../x.py", "a/../../", "/abs.py", "a//b.py", "a/./b.py", "a\\..\\b", "a/b\0.py", "..", "a\nb.py"]
        {
            let placeholder = "q".repeat(name.len());
            let bytes = renamed(&[(&placeholder, b"x")], &placeholder, name);
            assert!(matches!(paths(&bytes, MachineCode::Keep), Err(WheelFault::Name(_))), "{name:?}");
        }
        let deep = "a/".repeat(40) + "x.py";
        assert!(matches!(paths(&wheel(&[(&deep, b"")]), MachineCode::Keep), Err(WheelFault::Name(_))));
        let long = "a".repeat(300);
        assert!(matches!(paths(&wheel(&[(&long, b"")]), MachineCode::Keep), Err(WheelFault::Name(_))));
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let bytes = renamed(&[("aaa.py", b"x"), ("bbb.py", b"y")], "bbb.py", "aaa.py");
        assert!(paths(&bytes, MachineCode::Keep).is_err());
        let elsewhere = wheel(&[("a.py", b"x"), ("p-1.data/purelib/a.py", b"y")]);
        assert!(matches!(paths(&elsewhere, MachineCode::Keep), Err(WheelFault::Twice(_))));
        for both in [[("a", &b"x"[..]), ("a/b", b"y")], [("a/b", b"x"), ("a", b"y")]] {
            assert!(matches!(paths(&wheel(&both), MachineCode::Keep), Err(WheelFault::Twice(_))));
        }
    }

    #[test]
    fn links_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("a.py", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(paths(&bytes, MachineCode::Keep), Err(WheelFault::Link(_))));
    }

    #[test]
    fn what_unpacks_to_too_much_is_stopped() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let zeros = vec![0; 1 << 20];
        for file in 0..6 {
            writer.start_file(format!("{file}"), SimpleFileOptions::default()).unwrap();
            (0..100).for_each(|_| writer.write_all(&zeros).unwrap());
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(bytes.len() < 2 << 20, "a bomb is small");
        assert!(matches!(paths(&bytes, MachineCode::Keep), Err(WheelFault::TooLarge { .. })));
        let many: Vec<String> = (0..=FILES_MAX).map(|file| file.to_string()).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(matches!(paths(&wheel(&many), MachineCode::Keep), Err(WheelFault::TooMany { .. })));
    }

    proptest! {
        #[test]
        fn a_damaged_wheel_is_refused_or_gives_plain_paths(
            damage in prop::collection::vec((0usize..1000, any::<u8>()), 0..4), cut in 0usize..60,
        ) {
            let mut bytes = wheel(&[("a/b.py", b"hello hello hello"), ("c.py", b"x")]);
            for (at, byte) in damage {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            for path in paths(&bytes, MachineCode::Keep).unwrap_or_default() {
                prop_assert!(!path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != ".."));
            }
        }
    }
}
