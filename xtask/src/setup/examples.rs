//! The examples under `examples/`: real work on real input, shown by `setup` and checked by `test`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::tree;

/// A program, what it reads, and the file with what it must print.
pub(crate) struct Example {
    program: &'static str,
    data: Data,
    expected: &'static str,
}

/// How an example gets its data.
enum Data {
    /// On standard input.
    Stdin(&'static str),
    /// As the global of that name.
    Input(&'static str, &'static str),
    /// As a directory that it sees and changes in memory.
    Project(Project),
}

/// A directory that a program changes in memory, and the one file whose change is applied.
struct Project {
    folder: &'static str,
    mounted: &'static str,
    applied: &'static str,
    /// What that file must hold afterwards.
    result: &'static str,
}

/// All of them.
pub(crate) const EXAMPLES: [Example; 3] = [
    Example {
        program: "examples/sales/report.py",
        data: Data::Stdin("examples/sales/sales.csv"),
        expected: "examples/sales/report.out",
    },
    Example {
        program: "examples/rules/discounts.ts",
        data: Data::Input("orders", "examples/rules/orders.json"),
        expected: "examples/rules/discounts.out",
    },
    Example {
        program: "examples/editing/rename.py",
        data: Data::Project(Project {
            folder: "examples/editing/project",
            mounted: "/work/project",
            applied: "prices.py",
            result: "examples/editing/prices.applied",
        }),
        expected: "examples/editing/rename.out",
    },
];

impl Example {
    /// The command as a reader would type it.
    pub(crate) fn shown(&self) -> String {
        match &self.data {
            Data::Stdin(file) => format!("belljar run --stdin {} < {file}", self.program),
            Data::Project(project) => {
                let Project { folder, mounted, applied, .. } = project;
                let apply = format!("--apply={mounted}/{applied}");
                format!("belljar run --mount {folder}:{mounted}:cow --diff {apply} {}", self.program)
            }
            Data::Input(name, file) => {
                format!("belljar run --input {name}=\"$(cat {file})\" {}", self.program)
            }
        }
    }

    /// Runs it, its output shown.
    pub(crate) fn show(&self, belljar: &Path) -> Result<()> {
        let copy = self.copy()?;
        let mut command = self.command(belljar, copy.as_ref())?;
        let status = command.status().with_context(|| format!("starting {}", belljar.display()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown());
        }
        Ok(())
    }

    /// Runs it and compares what it prints with what it must print.
    pub(crate) fn check(&self, belljar: &Path) -> Result<()> {
        let copy = self.copy()?;
        let mut command = self.command(belljar, copy.as_ref())?;
        let run = command.output().with_context(|| format!("starting {}", belljar.display()))?;
        let (out, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        let complained = errors.lines().any(|line| !line.starts_with("note: "));
        if !run.status.success() || complained {
            bail!("`{}` failed ({}): {out}{errors}", self.shown(), run.status);
        }
        let expected = cache::read(&tree::root().join(self.expected))?;
        if run.stdout != expected {
            bail!("`{}` does not print what {} holds, but:\n{out}", self.shown(), self.expected);
        }
        match (&self.data, &copy) {
            (Data::Project(project), Some(copy)) => project.check(copy.path()),
            _ => Ok(()),
        }
    }

    /// A copy of the directory that the example changes: it is run again and again.
    fn copy(&self) -> Result<Option<tempfile::TempDir>> {
        let Data::Project(project) = &self.data else { return Ok(None) };
        let copy = tempfile::tempdir().context("making a temporary folder")?;
        for entry in fs::read_dir(tree::root().join(project.folder))? {
            let entry = entry?;
            fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
        }
        Ok(Some(copy))
    }

    fn command(&self, belljar: &Path, copy: Option<&tempfile::TempDir>) -> Result<Command> {
        let mut command = Command::new(belljar);
        command.current_dir(tree::root()).arg("run").stdin(Stdio::null());
        match &self.data {
            Data::Stdin(file) => {
                let opened =
                    File::open(tree::root().join(file)).with_context(|| format!("opening {file}"))?;
                command.arg("--stdin").stdin(opened);
            }
            Data::Input(name, file) => {
                let json = String::from_utf8(cache::read(&tree::root().join(file))?)?;
                command.arg("--input").arg(format!("{name}={json}"));
            }
            Data::Project(project) => {
                let folder = copy.map_or(Path::new(project.folder), tempfile::TempDir::path);
                let mount = format!("{}:{}:cow", folder.display(), project.mounted);
                command.arg("--mount").arg(mount).arg("--diff");
                command.arg(format!("--apply={}/{}", project.mounted, project.applied));
            }
        }
        command.arg(self.program);
        Ok(command)
    }
}

impl Project {
    /// Checks that the one change was applied to `copy`, and no other.
    fn check(&self, copy: &Path) -> Result<()> {
        for entry in fs::read_dir(copy)? {
            let entry = entry?;
            let name = entry.file_name();
            let expected = if name == self.applied {
                tree::root().join(self.result)
            } else {
                tree::root().join(self.folder).join(&name)
            };
            if cache::read(&entry.path())? != cache::read(&expected)? {
                bail!("{} is not what {} holds", entry.path().display(), expected.display());
            }
        }
        Ok(())
    }
}
