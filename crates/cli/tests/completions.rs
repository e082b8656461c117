//! `belljar completions`: every shell that there are completions for.

mod program;

use program::run;

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let gave = run(["completions", shell]);
        assert_eq!(gave.code, Some(0), "{gave:?}");
        assert!(gave.stdout.contains("belljar") && gave.stdout.contains("doctor"), "{shell}");
    }
    assert_eq!(run(["completions", "csh"]).code, Some(125));
}
