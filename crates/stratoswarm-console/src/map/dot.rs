use std::fmt::Write as _;

use super::{Map, map::What};

impl Map {
    /// The same in Graphviz's language, which finds places of its own.
    pub(crate) fn dot(&self, title: &str) -> String {
        let mut dot = String::from("digraph swarm {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
        let left_out = match self.left_out {
            0 => String::new(),
            count => format!("{count} channels are not on it"),
        };
        // Writing to a `String` does not fail.
        let _ = writeln!(dot, "  label={};", quoted(&[title, &left_out]));
        for (at, drawn) in self.boxes.iter().enumerate() {
            let shape = match drawn.kind {
                What::Sender => "plaintext",
                What::Channel => "box",
                What::Reader => "ellipse",
                What::Task => "diamond",
            };
            let stuck = if drawn.is_stuck { ", color=red, penwidth=2" } else { "" };
            let label = quoted(&[&drawn.name, &drawn.note]);
            let _ = writeln!(dot, "  b{at} [shape={shape}, label={label}{stuck}];");
        }
        for line in &self.lines {
            let (from, to) = line.ends;
            let style = if line.is_blocked { "dashed" } else { "solid" };
            let stuck = if line.is_stuck { ", color=red" } else { "" };
            let _ = writeln!(dot, "  b{from} -> b{to} [penwidth={:.1}, style={style}{stuck}];", line.width);
        }
        dot.push_str("}\n");
        dot
    }
}

/// Lines, without the empty ones, as one string of that language.
fn quoted(lines: &[&str]) -> String {
    let lines = lines.iter().filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use stratoswarm_core::{Fabric, examples::Job};

    use super::*;
    use crate::{map::Flows, trends::Trends};

    #[test]
    fn boxes_and_lines_are_named_and_quoted() {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("the \"jobs\" \\").capacity(1).open().unwrap();
        let _worker = jobs.join("workers");
        jobs.try_send(Job(1)).unwrap();
        let snapshot = fabric.snapshot();
        let trends = Trends::new().add(&snapshot, Instant::now());
        let dot = Map::new(&snapshot, &trends, &[], &Flows::default()).dot("it 4711");
        for part in [
            "digraph swarm {",
            "label=\"it 4711\";",
            "b0 [shape=box, label=\"the \\\"jobs\\\" \\\\\\n1 of 1\"];",
            "[shape=ellipse, label=\"workers\\n1 member",
            "[shape=plaintext, label=\"dot.rs:",
            "b0 -> b",
            "style=solid];",
        ] {
            assert!(dot.contains(part), "{part} in {dot}");
        }
        assert!(dot.ends_with("}\n") && !dot.contains("color=red"), "{dot}");
        assert_eq!(dot.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2, 0, "{dot}");
    }
}
