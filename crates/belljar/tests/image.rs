//! Images that cannot be trusted are refused before anything of them is mapped.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::common::jar;
use belljar::{Error, Image, Runtime, open_image_in};

/// A copy of the microjs image that a test may damage: the folder to look in, and the image's own folder.
fn copy(to: &Path) -> (PathBuf, PathBuf) {
    let original = jar("microjs").image().folder().to_owned();
    let key = original.parent().and_then(Path::file_name).expect("an image lies under a key");
    let folder = to.join(key).join("microjs");
    fs::create_dir_all(&folder).unwrap();
    for entry in
        fs::read_dir(&original).unwrap().flatten().filter(|entry| entry.file_name() != "verified.json")
    {
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    (to.to_owned(), folder)
}

fn reason(folder: PathBuf) -> String {
    match open_image_in("microjs", &[folder]).and_then(|image| belljar::Jar::new(image)?.warm()) {
        Err(Error::Image { reason, .. }) => reason,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn an_image_that_is_whole_is_opened_and_remembered() {
    let place = tempfile::tempdir().unwrap();
    let (folder, image) = copy(place.path());
    assert_eq!(open_image_in("microjs", std::slice::from_ref(&folder)).unwrap().name(), "microjs");
    assert!(image.join("verified.json").is_file());
}

#[test]
fn one_changed_byte_is_found_also_after_the_image_was_verified() {
    let place = tempfile::tempdir().unwrap();
    let (folder, image) = copy(place.path());
    open_image_in("microjs", std::slice::from_ref(&folder)).unwrap();
    let code = OpenOptions::new().read(true).write(true).open(image.join("code.cwasm")).unwrap();
    let mut byte = [0];
    code.read_exact_at(&mut byte, 5000).unwrap();
    code.write_all_at(&[byte[0] ^ 1], 5000).unwrap();
    assert!(reason(folder).contains("code.cwasm is damaged"));
}

#[test]
fn an_image_that_others_may_change_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (folder, image) = copy(place.path());
    fs::set_permissions(image.join("code.cwasm"), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(reason(folder), "others may write to it");
}

#[test]
fn a_manifest_that_is_not_ours_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (folder, image) = copy(place.path());
    let path = image.join("image.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"abi\": 1", "\"abi\": 2")).unwrap();
    assert!(reason(folder.clone()).contains("version 2 of the engine contract"));
    fs::write(&path, "{").unwrap();
    assert!(reason(folder).contains("image.json"));
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let runtime = Runtime::shared().unwrap();
    for name in ["../microjs", "..", "", "/etc", "a/b", "no\0pe"] {
        assert!(matches!(Image::open(&runtime, name), Err(Error::NoImage { .. })), "{name:?}");
    }
}
