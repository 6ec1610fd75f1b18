use std::{
    collections::BTreeMap,
    io::{self, Read, Seek},
};

use super::{ChannelRecord, MAGIC, Pairs, Walk, fields::Fields, op, walk::HEAD};

/// What a file says of itself at its end.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) channels: Vec<ChannelRecord>,
    /// How many messages there are, by the numbers of their channels.
    pub(crate) counts: BTreeMap<u16, u64>,
    /// What is said of the file, by names.
    pub(crate) metadata: BTreeMap<String, Pairs>,
    /// Where chunks begin and end, and of which channels they have messages.
    pub(crate) chunks: Vec<(u64, u64, Vec<u16>)>,
}

/// How long it may be that is read: that of some 25 GiB. The descriptions in it may take ten times that in memory.
const MOST_SUMMARY: u64 = 4 << 20;

/// A footer without its head, up to its checksum.
const FOOTER: u64 = 16;

impl Summary {
    /// Reads it, if the file has one that is whole.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn read<R: Read + Seek>(walk: &mut Walk<R>) -> io::Result<Option<Self>> {
        let end = HEAD + FOOTER + 4 + MAGIC.len() as u64;
        let Some(footer_at) = walk.length().checked_sub(end) else { return Ok(None) };
        let mut footer = [0; (HEAD + FOOTER) as usize + 4 + MAGIC.len()];
        walk.read_at(footer_at, &mut footer)?;
        let mut fields = Fields(&footer[HEAD as usize..]);
        let (Ok(at), Ok(_), Ok(crc)) = (fields.u64(""), fields.u64(""), fields.u32("")) else {
            return Ok(None);
        };
        let is_sound = footer[0] == op::FOOTER && fields.0 == MAGIC && at >= 8 && at <= footer_at;
        if !is_sound || footer_at - at > MOST_SUMMARY {
            return Ok(None);
        }
        let mut bytes = vec![0; (footer_at - at) as usize];
        walk.read_at(at, &mut bytes)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes);
        hasher.update(&footer[..(HEAD + FOOTER) as usize]);
        if crc != 0 && crc != hasher.finalize() {
            return Ok(None);
        }
        let (mut summary, mut metadata) = (Self::default(), Vec::new());
        if summary.records(&bytes, &mut metadata).is_err() {
            return Ok(None);
        }
        let (mut left, mut before) = (MOST_SUMMARY, 0);
        for &(start, end, _) in &summary.chunks {
            if start < before || end < start || end > at {
                return Ok(None);
            }
            before = end;
        }
        for (at, length) in metadata {
            let is_there = at.checked_add(length).is_some_and(|end| end <= footer_at);
            if length < HEAD || length > left || !is_there {
                return Ok(None);
            }
            left -= length;
            let mut record = vec![0; length as usize];
            walk.read_at(at, &mut record)?;
            let mut fields = Fields(&record[HEAD as usize..]);
            let (Ok(name), Ok(pairs)) = (fields.text("").map(str::to_owned), fields.pairs("")) else {
                return Ok(None);
            };
            summary.metadata.insert(name, pairs);
        }
        Ok(Some(summary))
    }

    fn records(&mut self, bytes: &[u8], metadata: &mut Vec<(u64, u64)>) -> Result<(), &'static str> {
        let (mut all, mut has_counts) = (Fields(bytes), false);
        while !all.0.is_empty() {
            let (op, length) = (all.bytes(1, "kind")?[0], all.u64("length")?);
            let mut fields = Fields(all.bytes(length, "record")?);
            match op {
                op::CHANNEL => self.channels.push(fields.channel()?),
                op::STATISTICS => {
                    fields.bytes(8 + 2 + 4 + 4 + 4 + 4 + 8 + 8, "statistics")?;
                    self.counts = fields.numbers("counts")?.into_iter().collect();
                    has_counts = true;
                }
                op::METADATA_INDEX => metadata.push((fields.u64("place")?, fields.u64("length")?)),
                op::CHUNK_INDEX => {
                    fields.bytes(16, "times")?;
                    let (start, length) = (fields.u64("start")?, fields.u64("length")?);
                    let channels = fields.numbers("channels")?.into_iter().map(|(channel, _)| channel);
                    self.chunks.push((start, start.saturating_add(length), channels.collect()));
                }
                _ => {}
            }
        }
        if has_counts { Ok(()) } else { Err("statistics") }
    }
}
