use std::{collections::BTreeMap, fmt, fs::File, io, io::Write};

use super::{ChannelRecord, Encoding, MAGIC, Pairs, op, put};

/// What a part is written to.
pub(crate) trait PartFile: Write + Send {
    /// Makes it this long, and goes on from there.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Has it on the disk.
    fn settle(&mut self) -> io::Result<()>;
}

impl PartFile for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        io::Seek::seek(self, io::SeekFrom::Start(length)).map(drop)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What stands in a part before the first message.
#[derive(Debug, Clone)]
pub(crate) struct Preamble {
    pub(crate) channels: Vec<ChannelRecord>,
    pub(crate) metadata: Vec<(String, Pairs)>,
    pub(crate) encoding: Encoding,
}

/// One file of a recording: chunks, and a summary of them at its end. At every moment but within a write it is a valid file
/// that was cut off behind a chunk.
pub(crate) struct PartWriter {
    file: Box<dyn PartFile>,
    /// How long it is up to the last whole chunk.
    whole: u64,
    /// What is to go into the next chunk.
    records: Vec<u8>,
    /// Of each channel in it: when, and where in the chunk.
    indexes: BTreeMap<u16, Vec<(u64, u64)>>,
    times: Option<(u64, u64)>,
    scratch: Vec<u8>,
    chunks: Vec<ChunkIndex>,
    counts: BTreeMap<u16, u64>,
    /// The channels and the positions of metadata, as the summary has them.
    summary: Vec<u8>,
    schemas: u16,
    channels: u32,
    metadata: u32,
}

struct ChunkIndex {
    times: (u64, u64),
    start: u64,
    length: u64,
    indexes: BTreeMap<u16, u64>,
    indexes_length: u64,
    bytes: u64,
}

impl PartWriter {
    /// Writes what stands before the messages, and is ready for them.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn begin(mut file: Box<dyn PartFile>, preamble: &Preamble) -> io::Result<Self> {
        let (mut start, mut summary) = (MAGIC.to_vec(), Vec::new());
        put::record(&mut start, op::HEADER, |into| {
            put::text(into, if preamble.encoding == Encoding::Cbor { crate::PROFILE } else { "" });
            put::text(into, concat!("stratoswarm-record ", env!("CARGO_PKG_VERSION")));
        });
        let schemas = u16::from(preamble.encoding == Encoding::Json);
        if schemas > 0 {
            put::schema(&mut start);
            put::schema(&mut summary);
        }
        for channel in &preamble.channels {
            put::channel(&mut start, channel, preamble.encoding);
            put::channel(&mut summary, channel, preamble.encoding);
        }
        for (name, pairs) in &preamble.metadata {
            let at = start.len() as u64;
            put::metadata(&mut start, name, pairs);
            put::record(&mut summary, op::METADATA_INDEX, |into| {
                into.extend(at.to_le_bytes());
                into.extend((start.len() as u64 - at).to_le_bytes());
                put::text(into, name);
            });
        }
        file.write_all(&start)?;
        Ok(Self {
            file,
            whole: start.len() as u64,
            records: Vec::new(),
            indexes: BTreeMap::new(),
            times: None,
            scratch: Vec::new(),
            chunks: Vec::new(),
            counts: BTreeMap::new(),
            summary,
            schemas,
            channels: preamble.channels.len() as u32,
            metadata: preamble.metadata.len() as u32,
        })
    }

    /// Writes what is to be known from here on, before the chunk that is being filled.
    ///
    /// # Errors
    /// The file's. It is cut back to the chunk before then.
    pub(crate) fn metadata(&mut self, name: &str, pairs: &Pairs) -> io::Result<()> {
        let mut out = Vec::new();
        put::metadata(&mut out, name, pairs);
        if let Err(error) = self.file.write_all(&out) {
            let _ = self.file.cut(self.whole); // the first error is the one to tell
            return Err(error);
        }
        let (at, length) = (self.whole, out.len() as u64);
        put::record(&mut self.summary, op::METADATA_INDEX, |into| {
            into.extend(at.to_le_bytes());
            into.extend(length.to_le_bytes());
            put::text(into, name);
        });
        self.whole += length;
        self.metadata += 1;
        Ok(())
    }

    /// Puts a message into the chunk that is being filled. Times are nanoseconds since 1970: it came between the two.
    pub(crate) fn message(&mut self, channel: u16, number: u64, (publish, log): (u64, u64), body: &[u8]) {
        self.indexes.entry(channel).or_default().push((log, self.records.len() as u64));
        put::record(&mut self.records, op::MESSAGE, |into| {
            into.extend(channel.to_le_bytes());
            into.extend((number as u32).to_le_bytes());
            into.extend(log.to_le_bytes());
            into.extend(publish.to_le_bytes());
            into.extend(body);
        });
        let (first, last) = self.times.unwrap_or((log, log));
        self.times = Some((first.min(log), last.max(log)));
    }

    /// How many bytes are in the chunk that is being filled.
    pub(crate) fn pending(&self) -> u64 {
        self.records.len() as u64
    }

    /// How long the file would be if it ended now, about.
    pub(crate) fn size(&self) -> u64 {
        let of_chunk = 128 + 10 * self.counts.len() as u64;
        self.whole
            + self.pending()
            + 16 * self.indexes.values().map(|index| index.len() as u64).sum::<u64>()
            + self.summary.len() as u64
            + self.chunks.len() as u64 * of_chunk
    }

    /// Writes the chunk.
    ///
    /// # Errors
    /// The file's. It is cut back to the chunk before then, and what was to be written can be written once more.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(times) = self.times else { return Ok(()) };
        let (start, bytes) = (self.whole, self.records.len() as u64);
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        put::record(&mut out, op::CHUNK, |into| {
            into.extend(times.0.to_le_bytes());
            into.extend(times.1.to_le_bytes());
            into.extend(bytes.to_le_bytes());
            into.extend(crc32fast::hash(&self.records).to_le_bytes());
            put::text(into, ""); // not compressed
            into.extend(bytes.to_le_bytes());
            into.extend(&self.records);
        });
        let length = out.len() as u64;
        let mut offsets = BTreeMap::new();
        for (&channel, index) in self.indexes.iter().filter(|(_, index)| !index.is_empty()) {
            offsets.insert(channel, start + out.len() as u64);
            put::record(&mut out, op::MESSAGE_INDEX, |into| {
                into.extend(channel.to_le_bytes());
                put::sized::<4>(into, |into| {
                    for (time, offset) in index {
                        into.extend(time.to_le_bytes());
                        into.extend(offset.to_le_bytes());
                    }
                });
            });
        }
        let written = self.file.write_all(&out);
        if written.is_ok() {
            self.whole += out.len() as u64;
            for (&channel, index) in &self.indexes {
                *self.counts.entry(channel).or_default() += index.len() as u64;
            }
            let indexes_length = out.len() as u64 - length;
            self.chunks.push(ChunkIndex { times, start, length, indexes: offsets, indexes_length, bytes });
            self.discard();
        } else {
            let _ = self.file.cut(start); // the first error is the one to tell
        }
        self.scratch = out;
        self.scratch.shrink_to(4 << 20);
        written
    }

    /// Gives up what is in the chunk that is being filled.
    pub(crate) fn discard(&mut self) {
        self.times = None;
        self.records.clear();
        self.records.shrink_to(4 << 20);
        self.indexes.values_mut().for_each(Vec::clear);
    }

    /// Writes the chunk and the summary; how long the file is.
    ///
    /// # Errors
    /// The file's. It is cut back to the last whole chunk then, and can be read up to there.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        let mut out = Vec::new();
        put::record(&mut out, op::DATA_END, |into| into.extend(0u32.to_le_bytes())); // each chunk has its own checksum
        let at = out.len();
        let summary_start = self.whole + at as u64;
        out.append(&mut self.summary);
        put::record(&mut out, op::STATISTICS, |into| self.statistics(into));
        self.chunks.iter().for_each(|chunk| chunk.put(&mut out));
        let footer = out.len();
        put::record(&mut out, op::FOOTER, |into| {
            into.extend(summary_start.to_le_bytes());
            into.extend(0u64.to_le_bytes()); // no offsets within it
            into.extend([0; 4]);
        });
        let crc_at = out.len() - 4;
        debug_assert_eq!(crc_at, footer + 9 + 16);
        let crc = crc32fast::hash(&out[at..crc_at]);
        out[crc_at..].copy_from_slice(&crc.to_le_bytes());
        out.extend(MAGIC);
        if let Err(error) = self.file.write_all(&out).and_then(|()| self.file.settle()) {
            let _ = self.file.cut(self.whole);
            return Err(error);
        }
        Ok(self.whole + out.len() as u64)
    }

    fn statistics(&self, into: &mut Vec<u8>) {
        into.extend(self.counts.values().sum::<u64>().to_le_bytes());
        into.extend(self.schemas.to_le_bytes());
        into.extend(self.channels.to_le_bytes());
        into.extend(0u32.to_le_bytes()); // attachments
        into.extend(self.metadata.to_le_bytes());
        into.extend((self.chunks.len() as u32).to_le_bytes());
        let first = self.chunks.iter().map(|chunk| chunk.times.0).min().unwrap_or(0);
        let last = self.chunks.iter().map(|chunk| chunk.times.1).max().unwrap_or(0);
        into.extend(first.to_le_bytes());
        into.extend(last.to_le_bytes());
        numbers(into, &self.counts);
    }
}

impl ChunkIndex {
    fn put(&self, into: &mut Vec<u8>) {
        put::record(into, op::CHUNK_INDEX, |into| {
            for number in [self.times.0, self.times.1, self.start, self.length] {
                into.extend(number.to_le_bytes());
            }
            numbers(into, &self.indexes);
            into.extend(self.indexes_length.to_le_bytes());
            put::text(into, "");
            into.extend(self.bytes.to_le_bytes());
            into.extend(self.bytes.to_le_bytes());
        });
    }
}

fn numbers(into: &mut Vec<u8>, of: &BTreeMap<u16, u64>) {
    put::sized::<4>(into, |into| {
        for (channel, number) in of {
            into.extend(channel.to_le_bytes());
            into.extend(number.to_le_bytes());
        }
    });
}

impl fmt::Debug for PartWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartWriter").field("whole", &self.whole).finish_non_exhaustive()
    }
}
