//! Fields and records, appended to bytes.

use super::{ChannelRecord, Encoding, Pairs, op};
use crate::shortened::shortened;

/// How long the text of a field may be at most; longer ones are cut, and stay readable.
const MOST_TEXT: usize = 1 << 20;

pub(super) fn text(into: &mut Vec<u8>, text: &str) {
    let text = shortened(text, MOST_TEXT);
    into.extend((text.len() as u32).to_le_bytes());
    into.extend(text.as_bytes());
}

/// A part whose length stands before it, in as many bytes as it has.
pub(super) fn sized<const BYTES: usize>(into: &mut Vec<u8>, part: impl FnOnce(&mut Vec<u8>)) {
    let at = into.len();
    into.extend([0; BYTES]);
    part(into);
    let length = (into.len() - at - BYTES) as u64;
    into[at..at + BYTES].copy_from_slice(&length.to_le_bytes()[..BYTES]);
}

pub(super) fn record(into: &mut Vec<u8>, op: u8, fields: impl FnOnce(&mut Vec<u8>)) {
    into.push(op);
    sized::<8>(into, fields);
}

pub(super) fn pairs(into: &mut Vec<u8>, pairs: &Pairs) {
    sized::<4>(into, |into| {
        for (name, value) in pairs {
            text(into, name);
            text(into, value);
        }
    });
}

pub(super) fn channel(into: &mut Vec<u8>, channel: &ChannelRecord, encoding: Encoding) {
    record(into, op::CHANNEL, |into| {
        into.extend(channel.id.to_le_bytes());
        let (schema, name) = match encoding {
            Encoding::Cbor => (0u16, "cbor"), // it describes itself
            Encoding::Json => (1, "json"),
        };
        into.extend(schema.to_le_bytes());
        text(into, &channel.topic);
        text(into, name);
        pairs(into, &channel.metadata);
    });
}

/// The schema of messages in JSON: readers of that want one, and an object is what all of them are.
pub(super) fn schema(into: &mut Vec<u8>) {
    record(into, op::SCHEMA, |into| {
        into.extend(1u16.to_le_bytes());
        text(into, "stratoswarm.record");
        text(into, "jsonschema");
        text(into, r#"{"type":"object"}"#); // its length before it, as of bytes
    });
}

pub(super) fn metadata(into: &mut Vec<u8>, name: &str, of: &Pairs) {
    record(into, op::METADATA, |into| {
        text(into, name);
        pairs(into, of);
    });
}

pub(super) fn metadata_index(into: &mut Vec<u8>, name: &str, at: u64, length: u64) {
    record(into, op::METADATA_INDEX, |into| {
        into.extend(at.to_le_bytes());
        into.extend(length.to_le_bytes());
        text(into, name);
    });
}
