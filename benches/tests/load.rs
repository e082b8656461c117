//! A small load, for some seconds: that it holds, and that the command says so. `cargo xtask load` is the large one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::process::Command;

/// Runs the load, and gives its report.
fn load(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_belljar-benches")).arg("load").args(arguments).output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{errors}");
    out.into_owned()
}

#[test]
fn live_sessions_keep_their_own_state_also_at_rest() {
    for only in ["live", "resting"] {
        let report =
            load(&["--only", only, "--sessions", "100", "--image", "python", "--image", "javascript"]);
        assert!(report.contains("- held: of 100 sessions "), "{report}");
    }
}

#[test]
fn mixed_work_holds_while_workers_are_killed() {
    let report = load(&["--only", "mixed", "--minutes", "0.1", "--kill-ms", "1000"]);
    for held in ["no answer is lost", "no answer is wrong: 0", "workers die by being killed alone"] {
        assert!(report.contains(&format!("- held: {held}")), "{report}");
    }
}
