//! What a model is told when a module is not there: whether it could be, and how.

use belljar::Outcome;

/// Packages that many programs import and that need machine code, by the names of their modules.
const OF_MACHINE_CODE: [&str; 16] = [
    "PIL",
    "cv2",
    "lxml",
    "matplotlib",
    "numpy",
    "pandas",
    "polars",
    "psycopg2",
    "pyarrow",
    "pydantic_core",
    "scipy",
    "seaborn",
    "skimage",
    "sklearn",
    "tensorflow",
    "torch",
];

/// Advice, if the run failed because a module is not there.
pub(crate) fn advice(outcome: &Outcome, can_install: bool) -> Option<String> {
    let error = outcome.error.as_ref().filter(|error| error.r#type == "ModuleNotFoundError")?;
    let (_, name) = error.message.split_once("No module named '")?;
    let name = name.split(['\'', '.']).next()?;
    if OF_MACHINE_CODE.contains(&name) {
        return Some(format!(
            "{name} needs machine code, which this sandbox does not run yet: do without it, with the standard library (csv, sqlite3, statistics, ...)"
        ));
    }
    Some(match can_install {
        true => format!("if {name} is a package of pure Python, install it first with the tool install"),
        false => format!("whoever runs the server can add packages of pure Python: --with {name}"),
    })
}
