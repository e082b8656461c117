//! The examples under `examples/`: real work on real input, shown by `setup` and checked by `test`.

use std::fs::File;
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
}

/// All of them.
pub(crate) const EXAMPLES: [Example; 2] = [
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
];

impl Example {
    /// The command as a reader would type it.
    pub(crate) fn shown(&self) -> String {
        match self.data {
            Data::Stdin(file) => format!("belljar run --stdin {} < {file}", self.program),
            Data::Input(name, file) => {
                format!("belljar run --input {name}=\"$(cat {file})\" {}", self.program)
            }
        }
    }

    /// Runs it, its output shown.
    pub(crate) fn show(&self, belljar: &Path) -> Result<()> {
        let status =
            self.command(belljar)?.status().with_context(|| format!("starting {}", belljar.display()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown());
        }
        Ok(())
    }

    /// Runs it and compares what it prints with what it must print.
    pub(crate) fn check(&self, belljar: &Path) -> Result<()> {
        let run =
            self.command(belljar)?.output().with_context(|| format!("starting {}", belljar.display()))?;
        let (out, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        if !run.status.success() || !errors.is_empty() {
            bail!("`{}` failed ({}): {out}{errors}", self.shown(), run.status);
        }
        let expected = cache::read(&tree::root().join(self.expected))?;
        if run.stdout != expected {
            bail!("`{}` does not print what {} holds, but:\n{out}", self.shown(), self.expected);
        }
        Ok(())
    }

    fn command(&self, belljar: &Path) -> Result<Command> {
        let mut command = Command::new(belljar);
        command.current_dir(tree::root()).arg("run").stdin(Stdio::null());
        match self.data {
            Data::Stdin(file) => {
                let opened =
                    File::open(tree::root().join(file)).with_context(|| format!("opening {file}"))?;
                command.arg("--stdin").stdin(opened);
            }
            Data::Input(name, file) => {
                let json = String::from_utf8(cache::read(&tree::root().join(file))?)?;
                command.arg("--input").arg(format!("{name}={json}"));
            }
        }
        command.arg(self.program);
        Ok(command)
    }
}
