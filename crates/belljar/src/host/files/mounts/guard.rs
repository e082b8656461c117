//! What code may not change in a directory of the host, whatever the mount allows: names that make other programs run code or hold
//! secrets, and links that lead out.

/// Names that are protected wherever they stand, with everything below them. Compared without regard to case, since some file systems
/// do not regard it.
const PROTECTED: [&str; 44] = [
    // Version control: hooks and configuration run programs.
    ".git",
    ".gitconfig",
    ".gitmodules",
    ".hg",
    ".svn",
    ".husky",
    ".pre-commit-config.yaml",
    // What shells and other interpreters run when they start.
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".cshrc",
    ".tcshrc",
    ".login",
    ".inputrc",
    ".envrc",
    ".vimrc",
    ".exrc",
    ".emacs",
    ".gdbinit",
    ".pythonrc",
    // Editors that run tasks of a folder.
    ".vscode",
    ".idea",
    ".devcontainer",
    // Secrets, and where packages come from.
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".docker",
    ".netrc",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".env",
    ".mcp.json",
];

/// Whether a name is protected. `.env.local` and its like are, as `.env` is.
pub(crate) fn is_protected(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PROTECTED.contains(&lower.as_str()) || lower.starts_with(".env.")
}

/// Whether a link with this target, `depth` directories below the mounted one, stays in the mount for whoever follows it: relative, and
/// up only at its beginning and not further than the mounted directory. What follows a name may lead elsewhere if that name is a link.
pub(in crate::host::files) fn stays_within(target: &str, depth: u32) -> bool {
    let mut ups = 0;
    let mut named = false;
    if target.starts_with('/') {
        return false;
    }
    for name in target.split('/').filter(|name| !name.is_empty() && *name != ".") {
        if name != ".." {
            named = true;
        } else if named || ups >= depth {
            return false;
        } else {
            ups += 1;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_names_are_found_in_any_case() {
        for name in [".git", ".GIT", ".Bashrc", ".env", ".env.production"] {
            assert!(is_protected(name), "{name}");
        }
        for name in ["git", ".gitignore", "env", ".environment", "..git"] {
            assert!(!is_protected(name), "{name}");
        }
    }

    #[test]
    fn links_stay_within_when_they_go_up_first_and_not_too_far() {
        for (target, depth) in [("a", 0), ("./a/b", 0), ("../a", 1), (".././../a", 2), ("a//b", 0)] {
            assert!(stays_within(target, depth), "{target} at {depth}");
        }
        for (target, depth) in [("/a", 9), ("..", 0), ("../../a", 1), ("a/../b", 5), ("a/..", 5)] {
            assert!(!stays_within(target, depth), "{target} at {depth}");
        }
    }
}
