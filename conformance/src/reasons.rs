//! Why cases do not pass, in words: the message of a failure seldom says it.

/// Lines of `case: reason`. In the case, `*` stands for any text; the first line that fits counts.
pub(crate) struct Reasons<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Reasons<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(|line| line.split_once(": ")).collect())
    }

    /// The reason for this case.
    pub(crate) fn of(&self, case: &str) -> Option<&'a str> {
        self.0.iter().find(|(pattern, _)| fits(pattern, case)).map(|(_, reason)| *reason)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    while let Some((piece, after)) = rest.split_once('*') {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
        rest = after;
    }
    text.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(fits("test_os.*", "test_os.Fork.test_fork"));
        assert!(fits("*fork*", "test_os.Fork.test_fork"));
        assert!(fits("a*b*c", "a-b-b-c"));
        assert!(!fits("a*b*c", "a-c-b"));
        assert!(!fits("test_os", "test_os.Fork"));
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let reasons = Reasons::read("# comment: none\na.b: one\na.*: two\n");
        assert_eq!((reasons.of("a.b"), reasons.of("a.c"), reasons.of("b")), (Some("one"), Some("two"), None));
    }
}
