//! What the resolver says when it fails, made fit to be shown: its reason, without its log.

/// The most that is shown of a reason, in characters.
const REASON_CHARS_MAX: usize = 2000;

/// Words by which the resolver says that a package has no wheel that could be used.
const WHEELLESS: [&str; 6] = [
    "has no usable wheels",
    "have no usable wheels",
    "has no wheels with a matching",
    "have no wheels with a matching",
    "has no compatible wheels",
    "have no compatible wheels",
];

/// Words by which it says that it could not ask.
const UNREACHED: [&str; 6] = [
    "Failed to fetch",
    "error sending request",
    "Could not connect",
    "network connectivity is disabled",
    "Network connectivity is disabled",
    "operation timed out",
];

/// Words by which it says that it did not understand what it was told of the sandbox's Python.
const STRANGE: [&str; 3] = ["Failed to inspect Python interpreter", "unexpected argument", "invalid value"];

/// The reason in what was said, on one line.
pub(crate) fn reason(stderr: &str) -> String {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines.take_while(|line| !line.starts_with("hint:")).filter(|line| !is_noise(line));
    let told: Vec<&str> = told.map(without_label).filter(|line| !line.is_empty()).collect();
    let text = told.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let text = if text.is_empty() { "the resolver does not say why".to_owned() } else { text };
    match text.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

fn is_noise(line: &str) -> bool {
    ["warning:", "Resolved ", "Using "].iter().any(|start| line.starts_with(start))
}

/// A line without the words that only say that there is an error.
fn without_label(line: &str) -> &str {
    let labels = [
        "error: No solution found when resolving dependencies",
        "error:",
        "cause:",
        "× No solution found when resolving dependencies:",
        "╰─▶",
        "Caused by:",
    ];
    let stripped = labels.iter().find_map(|label| line.strip_prefix(label));
    stripped.unwrap_or(line).trim_start_matches(':').trim()
}

/// Packages of which it was said that they have no wheel that could be used, each once.
pub(crate) fn wheelless(stderr: &str) -> Vec<String> {
    let text = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found: Vec<String> = WHEELLESS
        .iter()
        .flat_map(|words| text.match_indices(words).map(|(at, _)| &text[..at]))
        .filter_map(|before| {
            let start = [" because ", "Because ", " and "]
                .iter()
                .filter_map(|word| Some(before.rfind(word)? + word.len()))
                .max()?;
            let subject = before[start..].trim().trim_start_matches("all versions of ");
            let name: String = subject
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter))
                .collect();
            (!name.is_empty()).then(|| crate::requirement::normalised(&name))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether the index could not be asked.
pub(crate) fn is_unreached(stderr: &str) -> bool {
    UNREACHED.iter().any(|words| stderr.contains(words))
}

/// Whether the resolver did not understand the question.
pub(crate) fn is_strange(stderr: &str) -> bool {
    STRANGE.iter().any(|words| stderr.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_remains() {
        let said = "error: No solution found when resolving dependencies\n  cause: Because a depends on b<2 and you require b==2,\n         we can conclude that your requirements are unsatisfiable.\n\nhint: try this\n";
        assert_eq!(
            reason(said),
            "Because a depends on b<2 and you require b==2, we can conclude that your requirements are unsatisfiable."
        );
        assert_eq!(reason(" \n"), "the resolver does not say why");
        assert!(reason(&"x ".repeat(9000)).ends_with(" ..."));
    }

    #[test]
    fn packages_without_wheels_are_named() {
        let said = "Because markupsafe>=1.1.0 has no usable wheels and jinja2==3 depends on markupsafe>=1.1, we can conclude.\n And because all versions of Num_Py have no usable wheels and x";
        assert_eq!(wheelless(said), ["markupsafe", "num-py"]);
        assert!(wheelless("Because six was not found").is_empty());
    }
}
