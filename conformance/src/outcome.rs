//! What became of a module and of each of its cases; kept as JSON, one file a module, so that a long run can go on where it stopped.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What became of one module: a test module of Python, or a test program of JavaScript.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) fate: Fate,
    /// Wall time of all its rounds.
    pub(crate) time_s: f64,
    /// The end of the traceback, where it could not be loaded.
    #[serde(default)]
    pub(crate) trace: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// It ran to its end.
    Ran(Vec<Case>),
    /// The tests themselves say that they do not apply here.
    Skipped(String),
    /// It could not be run.
    NotRun(String),
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) how: How,
    /// Why it was skipped or failed.
    #[serde(default)]
    pub(crate) why: String,
    /// The end of the traceback, for whoever looks into it.
    #[serde(default)]
    pub(crate) trace: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    Passed,
    Skipped,
    Failed,
}

impl Module {
    pub(crate) fn cases(&self) -> &[Case] {
        match &self.fate {
            Fate::Ran(cases) => cases,
            Fate::Skipped(_) | Fate::NotRun(_) => &[],
        }
    }

    pub(crate) fn count(&self, how: How) -> usize {
        self.cases().iter().filter(|case| case.how == how).count()
    }

    /// Whether some case passed and none failed.
    pub(crate) fn is_clean(&self) -> bool {
        self.count(How::Failed) == 0 && self.count(How::Passed) > 0
    }

    /// Whether some cases passed and some failed.
    pub(crate) fn is_partly(&self) -> bool {
        self.count(How::Failed) > 0 && self.count(How::Passed) > 0
    }

    /// One line.
    pub(crate) fn summary(&self) -> String {
        let name = &self.name;
        match &self.fate {
            Fate::Ran(_) => format!(
                "{name}: {} passed, {} skipped, {} failed",
                self.count(How::Passed),
                self.count(How::Skipped),
                self.count(How::Failed)
            ),
            Fate::Skipped(why) => format!("{name}: does not apply: {why}"),
            Fate::NotRun(why) => format!("{name}: not run: {why}"),
        }
    }

    /// The module of this name as it was kept in `folder`, if it was.
    pub(crate) fn load(folder: &Path, name: &str) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(place(folder, name)).ok()?).ok()
    }

    pub(crate) fn keep(&self, folder: &Path) -> Result<()> {
        let path = place(folder, &self.name);
        let text = serde_json::to_vec_pretty(self).context("writing what became of a module")?;
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

fn place(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.join(format!("{}.json", name.replace('/', "+")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(hows: &[How]) -> Module {
        let case = |(at, how): (usize, &How)| Case {
            id: format!("test_{at}"),
            how: *how,
            why: String::new(),
            trace: String::new(),
        };
        Module {
            name: "folder/one".into(),
            fate: Fate::Ran(hows.iter().enumerate().map(case).collect()),
            time_s: 1.0,
            trace: String::new(),
        }
    }

    #[test]
    fn a_module_passes_when_a_case_passes_and_none_fails() {
        assert!(module(&[How::Passed, How::Skipped]).is_clean());
        assert!(!module(&[How::Skipped]).is_clean());
        assert!(module(&[How::Passed, How::Failed]).is_partly());
        assert!(!module(&[How::Failed]).is_partly());
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let before = module(&[How::Passed, How::Failed]);
        before.keep(folder.path()).unwrap();
        let after = Module::load(folder.path(), "folder/one").unwrap();
        assert_eq!(after.fate, before.fate);
        assert!(Module::load(folder.path(), "folder/two").is_none());
    }
}
