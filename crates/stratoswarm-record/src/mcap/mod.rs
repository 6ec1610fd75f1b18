//! The file format [MCAP](https://mcap.dev/spec), as far as recordings need it: chunks that are not compressed, records that
//! describe themselves, and a summary at the end.
//!
//! Written here and not taken from the crate `mcap`: that has 25 dependencies, procedural macros of two generations among them,
//! and hides the positions that the description of damage needs. The tests read and write with it.

mod chunk;
mod fields;
mod part_writer;
mod put;
mod summary;
mod walk;

pub(crate) use part_writer::{PartFile, PartWriter, Preamble};
pub(crate) use summary::Summary;
pub(crate) use walk::{Event, Walk};

/// What a file begins and ends with.
pub(crate) const MAGIC: [u8; 8] = [0x89, b'M', b'C', b'A', b'P', b'0', b'\r', b'\n'];

/// How large a chunk or a message may be that is read: more is damage, told and passed over. What is written is smaller.
pub(crate) const MOST_BYTES: u64 = 16 << 20;

/// What a record is, by its first byte.
pub(crate) mod op {
    pub(crate) const HEADER: u8 = 1;
    pub(crate) const FOOTER: u8 = 2;
    pub(crate) const SCHEMA: u8 = 3;
    pub(crate) const CHANNEL: u8 = 4;
    pub(crate) const MESSAGE: u8 = 5;
    pub(crate) const CHUNK: u8 = 6;
    pub(crate) const MESSAGE_INDEX: u8 = 7;
    pub(crate) const CHUNK_INDEX: u8 = 8;
    pub(crate) const STATISTICS: u8 = 11;
    pub(crate) const METADATA: u8 = 12;
    pub(crate) const METADATA_INDEX: u8 = 13;
    pub(crate) const DATA_END: u8 = 15;
}

/// A channel as a file has it: what the messages of one number are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelRecord {
    pub(crate) id: u16,
    pub(crate) topic: String,
    pub(crate) metadata: Pairs,
}

/// How messages are encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    Cbor,
    /// For readers that know no other; it is not read here.
    Json,
}

/// Names and values, in the order of names.
pub(crate) type Pairs = std::collections::BTreeMap<String, String>;
