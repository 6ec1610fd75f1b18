//! What has not come to rest.

use stratoswarm_core::{Fabric, ReaderKind, WaitKind};

/// Each in a line: what, where, and who, as far as a channel knows.
pub(crate) fn of(fabric: &Fabric) -> Vec<String> {
    let mut left = Vec::new();
    for channel in fabric.channels() {
        let name = &channel.name;
        let mut add = |count: u64, what: String| {
            if count > 0 {
                left.push(format!("`{name}`: {count} {what}"));
            }
        };
        add(channel.unclaimed as u64, "messages that no reader is there for".to_owned());
        for reader in &channel.readers {
            if matches!(reader.kind, ReaderKind::Group | ReaderKind::Subscriber) {
                let held = if reader.unsettled > 0 { reader.unsettled } else { reader.in_flight };
                add(
                    reader.left.saturating_sub(reader.unsettled),
                    format!("messages left for {}", reader.name),
                );
                add(held, format!("deliveries in the hands of {}", reader.name));
            }
        }
        for wait in &channel.waits {
            match wait.kind {
                WaitKind::Receive | WaitKind::Closed | WaitKind::ReadersGone => {}
                WaitKind::Permit => add(1, format!("permit, of {}", wait.at)),
                kind => add(1, format!("{kind} that waits at {}", wait.at)),
            }
        }
    }
    left
}
