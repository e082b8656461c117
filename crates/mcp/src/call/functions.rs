//! `tools_search`: functions of other servers that code can call, as its language declares them.

use belljar::Grants;

use super::{Called, Caller, told};
use crate::arguments::{Language, ToolsSearch};
use crate::refusal::Refusal;
use crate::results::FoundFunctions;

/// How many functions are shown at once.
const SHOWN_MAX: usize = 20;

pub(crate) fn search(caller: &Caller<'_>, arguments: &ToolsSearch) -> Called {
    let functions = &caller.shared.settings.functions;
    let words: Vec<String> = arguments.query.split_whitespace().map(str::to_lowercase).collect();
    let mut fitting: Vec<_> = functions
        .iter()
        .filter_map(|function| {
            let (name, about) = (function.name.to_lowercase(), function.about.to_lowercase());
            let weight = |word: &String| {
                if name.contains(word.as_str()) { 3 } else { usize::from(about.contains(word.as_str())) }
            };
            let weight: usize = words.iter().map(weight).sum();
            (words.is_empty() || weight > 0).then_some((weight, function))
        })
        .collect();
    fitting.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let count = fitting.len();
    fitting.truncate(SHOWN_MAX);
    if fitting.is_empty() {
        let message = format!("no function fits {:?}", arguments.query);
        return Err(Refusal::new(message, "search for other words; an empty query lists what there is"));
    }
    let mut grants = Grants::default();
    for (_, function) in &fitting {
        grants = grants.tool(function.tool.clone())?;
    }
    let jar = caller.shared.jar(caller.owner, arguments.language.unwrap_or(Language::Python))?;
    let declarations = jar.with_grants(grants).tool_stubs();
    let names: Vec<String> = fitting.iter().map(|(_, function)| function.name.clone()).collect();
    let more =
        if count > names.len() { format!("\n({} more fit)", count - names.len()) } else { String::new() };
    told(format!("{declarations}{more}"), &FoundFunctions { count, names, declarations })
}
