//! The swarm as a graph in Graphviz's language: who waits for room, the channels, who reads them.

use std::fmt::Write as _;

use super::{
    figure::{count, rate, span},
    picture::Picture,
    trouble::Trouble,
};

pub(super) fn graph(picture: &Picture) -> String {
    let mut graph = String::from("digraph swarm {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    let title = format!("{} {}", picture.program, picture.pid);
    let verdicts = picture.verdicts.iter().map(|(_, verdict)| verdict.as_str());
    let label = std::iter::once(title.as_str()).chain(verdicts).collect::<Vec<_>>();
    // Writing to a `String` does not fail.
    let _ = writeln!(graph, "  label={};", quoted(&label));
    for (channel, row) in picture.rows.iter().enumerate() {
        let depth = format!("{}/{}", count(row.len), count(row.capacity));
        let rate = format!("{}/s", rate(row.sent_per_s));
        let look = match row.trouble {
            Trouble::Stuck => ", color=red, penwidth=2",
            Trouble::Slow => ", color=orange, penwidth=2",
            Trouble::Blocked | Trouble::None => "",
        };
        let label = quoted(&[&row.name, &depth, &rate]);
        let _ = writeln!(graph, "  c{channel} [shape=box, label={label}{look}];");
        for (reader, it) in row.readers.iter().enumerate() {
            let label = quoted(&[&it.name, &it.kind(), &it.doing]);
            let left = quoted(&[&format!("{} left", count(it.left))]);
            let style = if it.is_lossless() { "" } else { ", style=dotted" };
            let _ = writeln!(graph, "  c{channel}r{reader} [label={label}];");
            let _ = writeln!(graph, "  c{channel} -> c{channel}r{reader} [label={left}{style}];");
        }
        for (wait, it) in row.waits.iter().enumerate() {
            let label = quoted(&[&it.who, &it.at]);
            let what = quoted(&[&format!("{} ×{}", it.what, it.count), &span(it.since)]);
            let _ = writeln!(graph, "  c{channel}w{wait} [shape=plaintext, label={label}];");
            let _ = writeln!(graph, "  c{channel}w{wait} -> c{channel} [label={what}, style=dashed];");
        }
    }
    graph.push_str("}\n");
    graph
}

/// Lines as one string of that language.
fn quoted(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
