//! The files against a map from paths to contents, which is plainly right.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::frozen::FrozenFiles;
use super::super::*;
use super::Session;
use crate::grants::Grants;

/// Below `/work`: None is a directory.
type Model = BTreeMap<String, Option<Vec<u8>>>;

#[derive(Clone, Debug)]
enum Step {
    Store(String, Vec<u8>),
    MakeDirectory(String),
    RemoveFile(String),
    RemoveDirectory(String),
    Rename(String, String),
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4).prop_map(|names| names.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (path(), prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(path, bytes)| Step::Store(path, bytes)),
        4 => path().prop_map(Step::MakeDirectory),
        1 => path().prop_map(Step::RemoveFile),
        1 => path().prop_map(Step::RemoveDirectory),
        3 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
    ]
}

/// What must be true of the directories above a path.
fn reach(model: &Model, path: &str) -> Result<(), FileError> {
    for (slash, _) in path.match_indices('/') {
        match model.get(&path[..slash]) {
            None => return Err(FileError::NotFound),
            Some(Some(_)) => return Err(FileError::NotDirectory),
            Some(None) => {}
        }
    }
    Ok(())
}

fn has_children(model: &Model, path: &str) -> bool {
    model.keys().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

fn apply(model: &mut Model, step: &Step) -> Result<(), FileError> {
    match step {
        Step::Store(path, bytes) => {
            reach(model, path)?;
            if model.get(path) == Some(&None) {
                return Err(FileError::IsDirectory);
            }
            model.insert(path.clone(), Some(bytes.clone()));
        }
        Step::MakeDirectory(path) => {
            reach(model, path)?;
            if model.contains_key(path) {
                return Err(FileError::Exists);
            }
            model.insert(path.clone(), None);
        }
        Step::RemoveFile(path) => {
            reach(model, path)?;
            if model.get(path).ok_or(FileError::NotFound)?.is_none() {
                return Err(FileError::IsDirectory);
            }
            model.remove(path);
        }
        Step::RemoveDirectory(path) => {
            reach(model, path)?;
            if model.get(path).ok_or(FileError::NotFound)?.is_some() {
                return Err(FileError::NotDirectory);
            }
            if has_children(model, path) {
                return Err(FileError::NotEmpty);
            }
            model.remove(path);
        }
        Step::Rename(from, to) => return rename(model, from, to),
    }
    Ok(())
}

fn rename(model: &mut Model, from: &str, to: &str) -> Result<(), FileError> {
    reach(model, from)?;
    reach(model, to)?;
    let moved = model.get(from).ok_or(FileError::NotFound)?.clone();
    if from == to {
        return Ok(());
    }
    if moved.is_none() && to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
        return Err(FileError::Invalid);
    }
    match (moved.is_none(), model.get(to)) {
        (true, Some(Some(_))) => return Err(FileError::NotDirectory),
        (false, Some(None)) => return Err(FileError::IsDirectory),
        (true, Some(None)) if has_children(model, to) => return Err(FileError::NotEmpty),
        _ => {}
    }
    model.remove(to);
    for path in model.keys().cloned().collect::<Vec<_>>() {
        let Some(rest) = path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            continue;
        };
        if let Some(node) = model.remove(&path) {
            model.insert(format!("{to}{rest}"), node);
        }
    }
    Ok(())
}

fn work(path: &str) -> String {
    format!("/work/{path}")
}

fn act(session: &mut Session, step: &Step) -> Result<(), FileError> {
    match step {
        Step::Store(path, bytes) => session.store(&work(path), bytes),
        Step::MakeDirectory(path) => session.make_directory(&work(path)),
        Step::RemoveFile(path) => session.remove_file(&work(path)),
        Step::RemoveDirectory(path) => session.remove_directory(&work(path)),
        Step::Rename(from, to) => session.rename(&work(from), &work(to)),
    }
}

/// Everything below `/work`, as the guest sees it.
fn seen(session: &mut Session) -> Model {
    let mut model = Model::new();
    let mut waiting = vec![String::new()];
    while let Some(above) = waiting.pop() {
        for name in session.list(&work(&above)) {
            let path = if above.is_empty() { name } else { format!("{above}/{name}") };
            if session.stat(&work(&path)).unwrap().kind == Kind::Directory {
                waiting.push(path.clone());
                model.insert(path, None);
            } else {
                let bytes = session.read(&work(&path));
                model.insert(path, Some(bytes));
            }
        }
    }
    model
}

fn clear(session: &mut Session, model: &Model) {
    for (path, node) in model.iter().rev() {
        match node {
            Some(_) => session.remove_file(&work(path)).unwrap(),
            None => session.remove_directory(&work(path)).unwrap(),
        }
    }
}

proptest! {
    /// Every step has the same result as in the model and leaves the same files; what is charged is what is there, and all of it comes back.
    #[test]
    fn files_behave_as_the_model(steps in prop::collection::vec(step(), 0..40)) {
        let (mut session, mut model) = (Session::default(), Model::new());
        for step in &steps {
            prop_assert_eq!(act(&mut session, step), apply(&mut model, step), "{:?}", step);
        }
        prop_assert_eq!(&seen(&mut session), &model);
        let bytes = model.values().flatten().map(|bytes| bytes.len() as u64).sum::<u64>();
        let count = u32::try_from(model.len()).unwrap();
        prop_assert_eq!(session.files.space().quota.used(), (bytes, count));
        prop_assert_eq!(session.files.space().open.count(), 0);
        // And so they do when the session goes on from a snapshot, of which another snapshot is the same.
        let grants = Grants::default();
        let frozen = postcard::to_stdvec(&FrozenFiles::freeze(&session.files, &grants)).unwrap();
        let thawed = postcard::from_bytes::<FrozenFiles>(&frozen).unwrap();
        session.files = thawed.thaw(&Limits::default(), &session.files.pack, &grants, None).unwrap();
        prop_assert_eq!(postcard::to_stdvec(&FrozenFiles::freeze(&session.files, &grants)).unwrap(), frozen);
        prop_assert_eq!(&seen(&mut session), &model);
        prop_assert_eq!(session.files.space().quota.used(), (bytes, count));
        clear(&mut session, &model);
        prop_assert!(session.is_unburdened());
    }

    /// No path, however odd, panics, and what it names is either refused or in the tree.
    #[test]
    fn odd_paths_are_harmless(path in "[a./\u{0}é]{0,40}", target in "[a./]{1,20}") {
        let mut session = Session::default();
        session.make_directory("/work/a").unwrap();
        let _ = session.make_link("/work/a/a", &target);
        let _ = session.store(&path, b"x");
        let _ = session.stat(&path);
        let _ = session.rename(&path, "/work/b");
        let _ = session.remove_directory(&path);
        let _ = session.remove_file(&path);
        prop_assert_eq!(session.list("/lib"), ["a.py", "sub"]);
    }
}
