//! Makes the table of programs that is compiled in: every folder of the corpus but `programs/`, which needs packages.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What programs are written in.
const ENDINGS: [&str; 3] = ["py", "js", "ts"];

/// Folders that hold something else.
const OTHERS: [&str; 2] = ["programs", "src"];

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut table = String::from("&[\n");
    for folder in entries(&corpus)?.into_iter().filter(|path| path.is_dir() && !is_other(path)) {
        println!("cargo::rerun-if-changed={}", folder.display());
        for path in entries(&folder)?.into_iter().filter(|path| is_program(path)) {
            let out = path.with_extension("out");
            let out = if out.is_file() { format!("Some(include_str!({out:?}))") } else { "None".to_owned() };
            let name = path.strip_prefix(&corpus)?;
            writeln!(table, "    Program {{ name: {name:?}, code: include_str!({path:?}), out: {out} }},")?;
        }
    }
    table.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("programs.rs"), table)?;
    Ok(())
}

/// What lies in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}

fn is_other(folder: &Path) -> bool {
    OTHERS.iter().any(|name| folder.ends_with(name))
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
}
