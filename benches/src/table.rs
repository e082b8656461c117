//! Tables in Markdown, padded so that they read as text too.

use std::collections::{BTreeMap, BTreeSet};

use crate::figure::Figure;
use crate::rounds::{Found, Row};
use crate::stats::{median, percentile};

/// A figure with what was found.
pub(crate) struct Measured {
    pub(crate) figure: Figure,
    pub(crate) rows: Vec<Row>,
}

/// The table of all figures. A ratio compares with the first row of its figure; for programs, with the native peer.
pub(crate) fn figures(all: &[Measured]) -> String {
    let mut lines =
        vec![["figure", "who", "p50", "p99", "ratio", "goal", "note"].map(str::to_owned).to_vec()];
    for Measured { figure, rows } in all {
        let reference = rows.first().and_then(|row| middle(&row.found));
        for (at, row) in rows.iter().enumerate() {
            let title = if at == 0 { format!("{}: {}", figure.name, figure.title) } else { String::new() };
            let goal = figure.goals.iter().find(|(who, _)| *who == row.who).map_or("", |(_, goal)| goal);
            let [p50, p99, ratio] = numbers(&row.found, reference);
            lines.push(vec![title, row.who.clone(), p50, p99, ratio, goal.to_owned(), short(&row.note)]);
        }
    }
    render(&lines)
}

/// For each language, a table of the programs: ratios to the native peer.
pub(crate) fn programs(measured: &Measured) -> Option<String> {
    let columns: Vec<(&str, &BTreeMap<String, f64>)> = measured
        .rows
        .iter()
        .filter_map(|row| match &row.found {
            Found::Ratios { programs, .. } => Some((row.who.as_str(), programs)),
            _ => None,
        })
        .collect();
    let names: BTreeSet<&String> = columns.iter().flat_map(|(_, programs)| programs.keys()).collect();
    if names.is_empty() {
        return None;
    }
    let mut head = vec![measured.figure.name.to_owned()];
    head.extend(columns.iter().map(|(who, _)| (*who).to_owned()));
    let mut lines = vec![head];
    for name in names {
        let mut line = vec![name.clone()];
        line.extend(
            columns.iter().map(|(_, programs)| programs.get(name).map_or(String::new(), |r| times(*r))),
        );
        lines.push(line);
    }
    Some(render(&lines))
}

fn middle(found: &Found) -> Option<f64> {
    match found {
        Found::Samples(samples) => median(samples),
        Found::Bytes(bytes) => Some(*bytes),
        Found::Ratios { .. } | Found::Nothing => None,
    }
}

fn numbers(found: &Found, reference: Option<f64>) -> [String; 3] {
    let ratio = |value: f64| {
        reference
            .filter(|reference| *reference > 0.0 && value > 0.0)
            .map_or(String::new(), |reference| times(value / reference))
    };
    match found {
        Found::Samples(samples) => {
            let [p50, p99] = [0.5, 0.99].map(|share| percentile(samples, share).unwrap_or_default());
            [duration(p50), duration(p99), ratio(p50)]
        }
        Found::Bytes(bytes) => [size(*bytes), String::new(), ratio(*bytes)],
        Found::Ratios { mean, .. } => [String::new(), String::new(), times(*mean)],
        Found::Nothing => ["-".to_owned(), "-".to_owned(), "-".to_owned()],
    }
}

fn times(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}x") } else { format!("{ratio:.0}x") }
}

pub(crate) fn duration(ns: f64) -> String {
    match ns.abs() {
        ns_abs if ns_abs < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns_abs if ns_abs < 1e8 => format!("{:.2} ms", ns / 1e6),
        _ => format!("{:.0} ms", ns / 1e6),
    }
}

fn size(bytes: f64) -> String {
    const KIB: f64 = 1024.0;
    if bytes < KIB * KIB {
        format!("{:.0} KiB", bytes / KIB)
    } else {
        format!("{:.2} MiB", bytes / KIB / KIB)
    }
}

/// A note of one line, without what would end a cell.
fn short(note: &str) -> String {
    const LETTERS_MAX: usize = 110;
    let line = note.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/");
    if line.chars().count() <= LETTERS_MAX {
        return line;
    }
    line.chars().take(LETTERS_MAX).chain(['…']).collect()
}

/// The first line is the head. Columns of numbers are those whose head is not a word for text.
pub(crate) fn render(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        text += &format!("|{}|\n", cells.collect::<Vec<_>>().join("|"));
        if at == 0 {
            let rules = widths.iter().map(|width| "-".repeat(width + 2));
            text += &format!("|{}|\n", rules.collect::<Vec<_>>().join("|"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_as_text() {
        let lines = [vec!["a".to_owned(), "b".to_owned()], vec!["µ".to_owned(), "long".to_owned()]];
        assert_eq!(render(&lines), "| a   | b    |\n|-----|------|\n| µ   | long |\n");
    }

    #[test]
    fn numbers_have_the_unit_that_fits() {
        assert_eq!([duration(1500.0), duration(2.5e6), duration(7e8)], ["1.5 µs", "2.50 ms", "700 ms"]);
        assert_eq!([size(2048.0), size(1572864.0)], ["2 KiB", "1.50 MiB"]);
        assert_eq!([times(1.234), times(72.6)], ["1.23x", "73x"]);
    }
}
