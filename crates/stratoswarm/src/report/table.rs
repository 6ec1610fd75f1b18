use std::fmt;

use super::overload::write_overload;
use crate::swarm::{ChannelAccount, Outcome};

/// The text that a run prints: the result, the tour, and the table of its channels.
#[derive(Debug, Clone, Copy)]
pub struct TextReport<'a>(pub &'a Outcome);

const HEAD: [&str; 8] =
    ["channel", "kind", "capacity", "sent", "delivered", "most waiting", "answered", "expired"];

impl fmt::Display for TextReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        let name = outcome.instance.replace(char::is_control, " ");
        writeln!(
            f,
            "{name}: a tour of length {} through {} cities, after {} generations of {} agents in {:.2} s ({})",
            outcome.best_length,
            outcome.tour.order().len(),
            outcome.generations,
            outcome.agents,
            outcome.elapsed.as_secs_f64(),
            outcome.ending,
        )?;
        write!(f, "tour:")?;
        for node in outcome.tour.nodes() {
            write!(f, " {node}")?;
        }
        writeln!(f, "\n")?;
        if let Some(warm_start) = outcome.warm_start {
            match warm_start.best_length {
                Some(length) => writeln!(
                    f,
                    "It started from {} tours of the store, the best of length {length}.\n",
                    warm_start.tours
                ),
                None => writeln!(f, "It started from nothing: the store had no tour of this instance.\n"),
            }?;
        }
        write_table(f, &outcome.channels)?;
        write_overload(f, &outcome.overload)?;
        let dead = if outcome.overload.is_empty() { "" } else { " + dead" };
        writeln!(
            f,
            "\nEvery reader's account balances: accepted = taken + skipped{dead} + left.\n\
             The channels took {:.1} % of the run's processor time.",
            outcome.channel_share() * 100.0
        )
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, channels: &[ChannelAccount]) -> fmt::Result {
    let rows: Vec<_> = channels.iter().map(row).collect();
    write_rows(f, HEAD, &rows)
}

/// A head and rows below it; the first two columns are words.
pub(super) fn write_rows<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    rows: &[[String; N]],
) -> fmt::Result {
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().map(|row| row[column].len()).chain([head[column].len()]).max().unwrap_or(0))
        .collect();
    let mut line = |cells: [&str; N]| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            // Words to the left, numbers to the right.
            if column < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    line(head)?;
    for row in rows {
        line(row.each_ref().map(String::as_str))?;
    }
    Ok(())
}

fn row(channel: &ChannelAccount) -> [String; 8] {
    let requests =
        |number: u64| if channel.kind == "broadcast" { "-".to_owned() } else { number.to_string() };
    [
        channel.name.clone(),
        channel.kind.clone(),
        channel.capacity.to_string(),
        channel.sent.to_string(),
        channel.delivered.to_string(),
        channel.most_waiting.to_string(),
        requests(channel.answered),
        requests(channel.expired),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{swarm::Ending, tour::Tour};

    #[test]
    fn columns_line_up_and_a_broadcast_has_no_requests() {
        let channel = |name: &str, kind: &str, sent| ChannelAccount {
            name: name.into(),
            kind: kind.into(),
            capacity: 100,
            sent,
            delivered: sent,
            most_waiting: 3,
            asked: sent,
            answered: sent,
            expired: 0,
            readers: Vec::new(),
        };
        let outcome = Outcome {
            instance: "a\nb".into(),
            tour: Tour::new(vec![1, 0, 2], 3).unwrap(),
            best_length: 12,
            generations: 4,
            agents: 2,
            seed: 1,
            ending: Ending::Generations,
            elapsed: Duration::from_millis(1500),
            cpu: None,
            channel_busy: Duration::from_millis(15),
            price: 0.0,
            channels: vec![channel("gpu", "channel", 123_456_789), channel("events", "broadcast", 5)],
            overload: Vec::new(),
            warm_start: None,
        };
        assert_eq!(
            TextReport(&outcome).to_string().lines().collect::<Vec<_>>(),
            [
                "a b: a tour of length 12 through 3 cities, after 4 generations of 2 agents in 1.50 s \
             (all generations are done)",
                "tour: 2 1 3",
                "",
                "channel  kind       capacity       sent  delivered  most waiting   answered  expired",
                "gpu      channel         100  123456789  123456789             3  123456789        0",
                "events   broadcast       100          5          5             3          -        -",
                "",
                "Every reader's account balances: accepted = taken + skipped + left.",
                "The channels took 1.0 % of the run's processor time.",
            ]
        );
    }
}
