use std::fmt;

use super::table::write_rows;
use crate::swarm::overload::{LaneAccount, ServiceAccount};

const HEAD: [&str; 7] = ["overloaded", "lane", "capacity", "accepted", "handed out", "expired", "dead"];

/// The part of the text that is about an overload, if there was one.
pub(super) fn write_overload(f: &mut fmt::Formatter<'_>, services: &[ServiceAccount]) -> fmt::Result {
    if services.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = services
        .iter()
        .flat_map(|service| service.lanes.iter().map(|lane| row(&service.name, lane)))
        .collect();
    writeln!(f)?;
    write_rows(f, HEAD, &rows)?;
    writeln!(f)?;
    for service in services {
        let ServiceAccount { name, offered, turned_away, worked_on, redelivered, urgent, .. } = service;
        write!(
            f,
            "{name}: {offered} queries offered, {turned_away} turned away, {worked_on} deliveries worked on, \
             {redelivered} redelivered; "
        )?;
        match (service.urgent_p50_ms, service.urgent_p99_ms) {
            (Some(p50), Some(p99)) => {
                writeln!(f, "{urgent} urgent requests answered in {p50:.1} ms (p50), {p99:.1} ms (p99)")?;
            }
            _ => writeln!(f, "no urgent request answered")?,
        }
    }
    Ok(())
}

fn row(service: &str, lane: &LaneAccount) -> [String; 7] {
    let numbers = [lane.accepted, lane.handed_out, lane.expired, lane.dead].map(|number| number.to_string());
    let [accepted, handed_out, expired, dead] = numbers;
    [service.to_owned(), lane.lane.to_owned(), lane.capacity.to_string(), accepted, handed_out, expired, dead]
}
