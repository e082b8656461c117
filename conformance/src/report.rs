//! The page of all modules, in Markdown.

use std::fmt::Write as _;

use crate::outcome::{Fate, How, Module};
use crate::reasons::Reasons;

/// What is particular to one suite's page.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// What was run, and how to run it again.
    pub(crate) introduction: &'a str,
    pub(crate) reasons: Reasons<'a>,
}

/// The sentence with the counts.
pub(crate) fn count(modules: &[Module]) -> String {
    let passed = modules.iter().filter(|module| module.is_clean()).count();
    let partly = modules.iter().filter(|module| module.is_partly()).count();
    let rest = modules.len() - passed - partly;
    let cases = |how| modules.iter().map(|module| module.count(how)).sum::<usize>();
    format!(
        "Of {} modules **{passed}** pass, {partly} pass in part, and {rest} cannot run here. \
         Of their cases {} passed, {} were skipped by the tests themselves, and {} failed.",
        modules.len(),
        cases(How::Passed),
        cases(How::Skipped),
        cases(How::Failed)
    )
}

/// The page.
pub(crate) fn page(page: &Page<'_>, modules: &[Module]) -> String {
    let mut text = format!("# {}\n\n{}\n\n{}\n", page.title, page.introduction, count(modules));
    text.push_str(
        "\n## Passed\n\n| module | cases passed | skipped by the tests themselves |\n|---|---|---|\n",
    );
    for module in modules.iter().filter(|module| module.is_clean()) {
        let (passed, skipped) = (module.count(How::Passed), module.count(How::Skipped));
        let _ = writeln!(text, "| {} | {passed} | {skipped} |", module.name);
    }
    text.push_str("\n## Passed in part\n\n| module | passed | skipped | failed | which cases failed, and why |\n|---|---|---|---|---|\n");
    for module in modules.iter().filter(|module| module.is_partly()) {
        let counts = [How::Passed, How::Skipped, How::Failed].map(|how| module.count(how).to_string());
        let _ = writeln!(text, "| {} | {} | {} |", module.name, counts.join(" | "), page.failures(module));
    }
    text.push_str("\n## Not possible\n\n| module | why |\n|---|---|\n");
    for module in modules.iter().filter(|module| !module.is_clean() && !module.is_partly()) {
        let why = match &module.fate {
            Fate::Skipped(why) => format!("the tests themselves say: {}", cell(why)),
            Fate::NotRun(why) => cell(page.reasons.of(&module.name).unwrap_or(why)),
            Fate::Ran(_) => page.failures(module),
        };
        let _ = writeln!(text, "| {} | {why} |", module.name);
    }
    text
}

impl Page<'_> {
    /// Every failed case of a module, those of one reason together.
    fn failures(&self, module: &Module) -> String {
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for case in module.cases().iter().filter(|case| case.how == How::Failed) {
            let short = short(&module.name, &case.id);
            let why = self.reasons.of(&format!("{}.{short}", module.name)).unwrap_or(&case.why);
            let short = format!("`{}`", cell(&short));
            match groups.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, cases)) => cases.push(short),
                None => groups.push((why, vec![short])),
            }
        }
        let lines = groups.iter().map(|(why, cases)| format!("{}: {}", cell(why), cases.join(", ")));
        lines.collect::<Vec<_>>().join("<br>")
    }
}

/// A case's name without its module's.
fn short(module: &str, id: &str) -> String {
    id.replace(&format!("test.{module}."), "")
}

/// Text that cannot break the table.
fn cell(text: &str) -> String {
    let text: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect();
    text.replace('|', "\\|").replace('<', "&lt;").replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Case;

    fn case(id: &str, how: How, why: &str) -> Case {
        Case { id: id.into(), how, why: why.into(), trace: String::new() }
    }

    fn modules() -> Vec<Module> {
        let partly = vec![
            case("test.test_b.One.test_x", How::Passed, ""),
            case("test.test_b.One.test_y", How::Failed, "OSError: | <no>"),
            case("test.test_b.One.test_z", How::Failed, "OSError: Errno 8"),
            case("setUpClass (test.test_b.Two)", How::Failed, "OSError: Errno 8"),
        ];
        let whole = vec![case("test.test_a.One.test_x", How::Passed, ""), case("s", How::Skipped, "why")];
        [
            ("test_a", Fate::Ran(whole)),
            ("test_b", Fate::Ran(partly)),
            ("test_c", Fate::Skipped("no threads".into())),
            ("test_d", Fate::NotRun("ImportError".into())),
        ]
        .map(|(name, fate)| Module { name: name.into(), fate, time_s: 0.0, trace: String::new() })
        .into()
    }

    #[test]
    fn every_module_has_its_row() {
        let reasons = Reasons::read("test_b.*test_z: there are no threads\ntest_d: it needs a compiler\n");
        let text = page(&Page { title: "Tests", introduction: "Run.", reasons }, &modules());
        assert!(text.contains("Of 4 modules **1** pass, 1 pass in part, and 2 cannot run here."), "{text}");
        assert!(
            text.contains("Of their cases 2 passed, 1 were skipped by the tests themselves, and 3 failed.")
        );
        assert!(text.contains("| test_a | 1 | 1 |\n"));
        assert!(text.contains(
            "| test_b | 1 | 0 | 3 | OSError: \\| &lt;no>: `One.test_y`<br>there are no threads: `One.test_z`<br>\
             OSError: Errno 8: `setUpClass (Two)` |\n"
        ), "{text}");
        assert!(text.contains("| test_c | the tests themselves say: no threads |\n"));
        assert!(text.contains("| test_d | it needs a compiler |\n"));
    }
}
