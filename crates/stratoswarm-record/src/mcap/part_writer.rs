use std::{collections::BTreeMap, fmt, fs::File, io, io::Write};

use super::{ChannelRecord, Encoding, MAGIC, Pairs, chunk::Chunk, op, put};

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
    chunk: Chunk,
    scratch: Vec<u8>,
    chunks: Vec<ChunkIndex>,
    totals: BTreeMap<u16, Totals>,
    /// The channels and the positions of metadata, as the summary has them.
    summary: Vec<u8>,
    schemas: u16,
    channels: u32,
    metadata: u32,
}

/// What there is of a channel.
#[derive(Clone, Copy)]
struct Totals {
    messages: u64,
    bytes: u64,
    first: u64,
    last: u64,
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
            put::metadata_index(&mut summary, name, at, start.len() as u64 - at);
        }
        file.write_all(&start)?;
        Ok(Self {
            file,
            whole: start.len() as u64,
            chunk: Chunk::default(),
            scratch: Vec::new(),
            chunks: Vec::new(),
            totals: BTreeMap::new(),
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
        self.chunk.message(channel, number, (publish, log), body);
    }

    /// How many bytes are in the chunk that is being filled.
    pub(crate) fn pending(&self) -> u64 {
        self.chunk.records.len() as u64
    }

    /// How long the file would be if it ended now, about.
    pub(crate) fn size(&self) -> u64 {
        let indexes = 16 * self.chunk.indexes.values().map(|index| index.len() as u64).sum::<u64>();
        self.whole + self.pending() + indexes + self.ending()
    }

    /// How long what ends the file is, about.
    fn ending(&self) -> u64 {
        let channels = self.totals.len() as u64;
        self.summary.len() as u64 + self.chunks.len() as u64 * (128 + 10 * channels) + 64 * channels
    }

    /// Writes the chunk.
    ///
    /// # Errors
    /// The file's. It is cut back to the chunk before then, and what was to be written can be written once more.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut chunk = std::mem::take(&mut self.chunk);
        let written = self.put(&chunk, 0);
        if written.is_ok() {
            chunk.clear();
        }
        self.chunk = chunk;
        written
    }

    /// Writes as much of the chunk as there is room for, and the file's end behind it; how many messages of each channel that were.
    /// The others stay.
    pub(crate) fn flush_what_fits(&mut self) -> BTreeMap<u16, u64> {
        /// Less is not tried.
        const LEAST: usize = 4096;
        /// For what tells of the others, and the indexes of the smaller chunks.
        const ROOM: u64 = 16 << 10;
        let mut written = BTreeMap::new();
        let mut step = self.chunk.records.len() / 2;
        while step >= LEAST {
            let [first, others] = self.chunk.split(step);
            let room = ROOM + self.ending();
            if first.times.is_some() && self.put(&first, room as usize).is_ok() {
                for (&channel, index) in &first.indexes {
                    *written.entry(channel).or_default() += index.len() as u64;
                }
                self.chunk = others;
            }
            step /= 2;
        }
        written
    }

    /// Writes a chunk, if there is room for so many bytes behind it.
    fn put(&mut self, chunk: &Chunk, room: usize) -> io::Result<()> {
        let Some(times) = chunk.times else { return Ok(()) };
        let (start, bytes) = (self.whole, chunk.records.len() as u64);
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        put::record(&mut out, op::CHUNK, |into| {
            into.extend(times.0.to_le_bytes());
            into.extend(times.1.to_le_bytes());
            into.extend(bytes.to_le_bytes());
            into.extend(crc32fast::hash(&chunk.records).to_le_bytes());
            put::text(into, ""); // not compressed
            into.extend(bytes.to_le_bytes());
            into.extend(&chunk.records);
        });
        let length = out.len() as u64;
        let mut offsets = BTreeMap::new();
        for (&channel, index) in chunk.indexes.iter().filter(|(_, index)| !index.is_empty()) {
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
        let all = out.len() as u64;
        out.resize(out.len() + room, 0);
        let mut written = self.file.write_all(&out);
        if room > 0 && written.is_ok() {
            written = self.file.cut(start + all);
        }
        if written.is_ok() {
            self.whole += all;
            self.count(chunk);
            let indexes_length = all - length;
            self.chunks.push(ChunkIndex { times, start, length, indexes: offsets, indexes_length, bytes });
        } else {
            let _ = self.file.cut(start); // the first error is the one to tell
        }
        self.scratch = out;
        self.scratch.shrink_to(4 << 20);
        written
    }

    fn count(&mut self, chunk: &Chunk) {
        for (&channel, index) in &chunk.indexes {
            let (Some(first), Some(last)) = (index.first(), index.last()) else { continue };
            let (first, last) = (first.0, last.0);
            let new = Totals { messages: 0, bytes: 0, first, last };
            let totals = self.totals.entry(channel).or_insert(new);
            totals.messages += index.len() as u64;
            totals.bytes += chunk.bodies(index);
            (totals.first, totals.last) = (totals.first.min(first), totals.last.max(last));
        }
    }

    /// Gives up what is in the chunk that is being filled, but for what is of these channels.
    pub(crate) fn discard_but(&mut self, is_kept: impl Fn(u16) -> bool) {
        self.chunk = self.chunk.of(is_kept);
    }

    /// Writes the chunk and the summary; how long the file is.
    ///
    /// # Errors
    /// The file's. It is cut back to the last whole chunk then, and can be read up to there.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        let mut out = Vec::new();
        let account = self.totals.iter().map(|(channel, totals)| {
            let Totals { messages: _, bytes, first, last } = totals;
            (channel.to_string(), format!("{bytes} {first} {last}"))
        });
        let (account, account_at) = (account.collect(), self.whole);
        put::metadata(&mut out, crate::ACCOUNT, &account);
        put::metadata_index(&mut self.summary, crate::ACCOUNT, account_at, out.len() as u64);
        self.metadata += 1;
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
        into.extend(self.totals.values().map(|it| it.messages).sum::<u64>().to_le_bytes());
        into.extend(self.schemas.to_le_bytes());
        into.extend(self.channels.to_le_bytes());
        into.extend(0u32.to_le_bytes()); // attachments
        into.extend(self.metadata.to_le_bytes());
        into.extend((self.chunks.len() as u32).to_le_bytes());
        let first = self.chunks.iter().map(|chunk| chunk.times.0).min().unwrap_or(0);
        let last = self.chunks.iter().map(|chunk| chunk.times.1).max().unwrap_or(0);
        into.extend(first.to_le_bytes());
        into.extend(last.to_le_bytes());
        numbers(into, self.totals.iter().map(|(&channel, it)| (channel, it.messages)));
    }
}

impl ChunkIndex {
    fn put(&self, into: &mut Vec<u8>) {
        put::record(into, op::CHUNK_INDEX, |into| {
            for number in [self.times.0, self.times.1, self.start, self.length] {
                into.extend(number.to_le_bytes());
            }
            numbers(into, self.indexes.iter().map(|(&channel, &at)| (channel, at)));
            into.extend(self.indexes_length.to_le_bytes());
            put::text(into, "");
            into.extend(self.bytes.to_le_bytes());
            into.extend(self.bytes.to_le_bytes());
        });
    }
}

fn numbers(into: &mut Vec<u8>, of: impl Iterator<Item = (u16, u64)>) {
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
