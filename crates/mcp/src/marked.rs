//! Text with tags around its parts, in which what stands between two tags cannot pass for one of them.

/// Puts `text` between tags of that name, each on a line of its own. A tag of the same name within the text loses its angle brackets.
pub(crate) fn push_part(parts: &mut Vec<String>, tag: &str, text: &str) {
    parts.push(format!("<{tag}>"));
    parts.push(escaped(text, tag));
    parts.push(format!("</{tag}>"));
}

/// `text`, in which every opening and closing `tag` has `&lt;` and `&gt;` for its brackets.
pub(crate) fn escaped(text: &str, tag: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        safe.push_str(before);
        match tag_length(from, tag) {
            Some(length) => {
                let (found, after) = from.split_at(length);
                safe.push_str(&found.replace('<', "&lt;").replace('>', "&gt;"));
                rest = after;
            }
            None => {
                safe.push('<');
                rest = &from[1..];
            }
        }
    }
    safe.push_str(rest);
    safe
}

/// How long the tag is that `text` begins with, if it is one of that name: up to its closing bracket where that is on the same line.
fn tag_length(text: &str, tag: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner).trim_start();
    let name = inner.get(..tag.len())?;
    if !name.eq_ignore_ascii_case(tag) {
        return None;
    }
    let after = &inner[tag.len()..];
    let line = after.find('\n').unwrap_or(after.len());
    let closing = after[..line].find('>').map_or(0, |at| at + 1);
    Some(text.len() - after.len() + closing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_within_its_own_part_is_no_tag() {
        for (text, safe) in [
            ("plain <b>", "plain <b>"),
            ("</output>", "&lt;/output&gt;"),
            ("a</ OUTPUT x>b", "a&lt;/ OUTPUT x&gt;b"),
            ("<output", "&lt;output"),
            ("<output\n>", "&lt;output\n>"),
            ("<<output>>", "<&lt;output&gt;>"),
            ("<é", "<é"),
            ("<", "<"),
        ] {
            assert_eq!(escaped(text, "output"), safe, "{text:?}");
        }
    }
}
