use std::io::{self, Read, Seek, SeekFrom};

use super::{ChannelRecord, MAGIC, MOST_BYTES, Pairs, fields::Fields, op};

/// How long what stands before a record is: what it is, and its length.
pub(super) const HEAD: u64 = 9;

/// How much a chunk has beside what is in it, at most.
const AROUND: u64 = 1 << 10;

/// Where it shows that a file is no such file, and why.
pub(crate) type Refusal = (u64, &'static str);

const CUT_HEADER: &str = "it was cut off before its header ended";

/// What a walk comes by.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Channel(ChannelRecord),
    Metadata(String, Pairs),
    /// A message, with the position of its record and its two times, nanoseconds since 1970.
    Message {
        at: u64,
        channel: u16,
        publish: u64,
        log: u64,
        body: &'a [u8],
    },
    /// These bytes cannot be read.
    Damage {
        from: u64,
        to: u64,
        why: String,
    },
}

/// Goes through a file from its beginning to the end of its data, past what is damaged, with memory for one chunk.
pub(crate) struct Walk<R> {
    file: R,
    length: u64,
    /// Where the file's reader is.
    reader_at: u64,
    /// Where the next record begins.
    at: u64,
    /// The records that are being read: those of a chunk, or one that stands by itself.
    records: Vec<u8>,
    /// How much of them is read.
    read: usize,
    /// Where they stand in the file.
    base: u64,
    /// Where chunks begin, by the summary; looked for at the first damage.
    chunks: Option<Vec<u64>>,
    /// Whether it may become longer: what is not whole at its end is waited for.
    grows: bool,
    ended: bool,
}

/// What comes next, in `records`.
enum Next {
    /// The record of this kind at this place, without its head.
    Record(u8, usize, usize),
    Damage(u64, u64, String),
    /// It is still to be written.
    Later,
}

impl<R: Read + Seek> Walk<R> {
    /// Begins to read; the profile that the file says it has.
    pub(crate) fn begin(mut file: R) -> io::Result<Result<(Self, String), Refusal>> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        if length == 0 {
            return Ok(Err((0, "it is empty")));
        }
        let mut magic = [0; 8];
        let there = length.min(8) as usize;
        file.read_exact(&mut magic[..there])?;
        if magic[..there] != MAGIC[..there] {
            return Ok(Err((0, "it does not begin as MCAP files do")));
        }
        if length < 8 {
            return Ok(Err((length, CUT_HEADER)));
        }
        let (chunks, records) = (None, Vec::new());
        let mut walk = Self {
            file,
            length,
            reader_at: 8,
            at: 8,
            records,
            read: 0,
            base: 0,
            chunks,
            grows: false,
            ended: false,
        };
        let Some((op, size)) = walk.head()?.filter(|&(_, size)| size <= AROUND) else {
            return Ok(Err((8, CUT_HEADER)));
        };
        if op != op::HEADER {
            return Ok(Err((8, "it has no header")));
        }
        walk.fill(size)?;
        let profile = Fields(&walk.records[HEAD as usize..]).text("profile").map(str::to_owned);
        walk.read = walk.records.len();
        Ok(profile.map(|profile| (walk, profile)).map_err(|_| (8, "its header is damaged")))
    }

    /// Goes on where a chunk begins.
    pub(crate) fn go_to(&mut self, at: u64) {
        (self.at, self.read, self.ended) = (at.min(self.length), self.records.len(), false);
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// More may come behind what is there now: [`next`](Self::next) has none then, and may have some later.
    pub(crate) fn grow(&mut self) {
        self.grows = true;
    }

    /// What is there now is all of it.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn stop_growing(&mut self) -> io::Result<()> {
        self.grows = false;
        self.look_again()
    }

    /// Whether the end of the data was seen.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What comes next; none at the end of the data.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn next(&mut self) -> io::Result<Option<Event<'_>>> {
        let Some(next) = self.advance()? else { return Ok(None) };
        let (op, from, to) = match next {
            Next::Damage(from, to, why) => return Ok(Some(Event::Damage { from, to, why })),
            Next::Later => return Ok(None),
            Next::Record(op, from, to) => (op, from, to),
        };
        let at = self.base + from as u64 - HEAD;
        Ok(Some(event(op, &self.records[from..to], at).unwrap_or_else(|what| Event::Damage {
            from: at,
            to: self.base + to as u64,
            why: format!("a record has no readable {what}"),
        })))
    }

    fn advance(&mut self) -> io::Result<Option<Next>> {
        loop {
            if self.read < self.records.len() {
                match self.within() {
                    Some(next) => return Ok(Some(next)),
                    None => continue,
                }
            }
            if self.ended {
                return Ok(None);
            }
            if let Some(next) = self.outer()? {
                return Ok(Some(next));
            }
        }
    }

    /// The next record of those that are being read, if it is of a kind that matters.
    fn within(&mut self) -> Option<Next> {
        let (at, end) = (self.read, self.records.len());
        let mut fields = Fields(&self.records[at..]);
        let head = fields.bytes(1, "kind").and_then(|op| Ok((op[0], fields.u64("length")?)));
        match head {
            Ok((op, length)) if op != 0 && length <= (end - at) as u64 - HEAD => {
                let from = at + HEAD as usize;
                self.read = from + length as usize;
                let matters = matches!(op, op::CHANNEL | op::MESSAGE | op::METADATA);
                matters.then_some(Next::Record(op, from, self.read))
            }
            _ => {
                self.read = end;
                let (from, to) = (self.base + at as u64, self.base + end as u64);
                Some(Next::Damage(from, to, "a chunk's records do not fit into it".to_owned()))
            }
        }
    }

    /// Goes to the next record of the file.
    fn outer(&mut self) -> io::Result<Option<Next>> {
        let at = self.at;
        if self.grows && !self.is_whole()? {
            self.look_again()?;
            if !self.is_whole()? {
                return Ok(Some(Next::Later));
            }
        }
        if at == self.length {
            self.ended = true;
            return Ok(Some(Next::Damage(
                at,
                at,
                "it ends without a summary: cut off here, or still written".into(),
            )));
        }
        let Some((op, size)) = self.head()? else {
            let cut = "it was cut off within a record";
            return Ok(Some(self.resume(cut)));
        };
        if op == 0 {
            return Ok(Some(self.resume("no record begins here")));
        }
        match op {
            op::DATA_END => {
                self.ended = true;
                return self.check_end(at + HEAD + size);
            }
            op::FOOTER => {
                self.ended = true;
                let why = "a footer stands where the data should end".to_owned();
                return Ok(Some(Next::Damage(at, self.length, why)));
            }
            op::CHUNK | op::CHANNEL | op::MESSAGE | op::METADATA if size > MOST_BYTES + AROUND => {
                self.at = at + HEAD + size;
                let why = format!("a record of {size} bytes is larger than the {MOST_BYTES} that are read");
                return Ok(Some(Next::Damage(at, self.at, why)));
            }
            op::CHUNK => {
                self.fill(size)?;
                if let Err(why) = self.open_chunk() {
                    self.read = self.records.len();
                    return Ok(Some(Next::Damage(at, self.at, why)));
                }
            }
            op::CHANNEL | op::MESSAGE | op::METADATA => self.fill(size)?,
            _ => self.at = at + HEAD + size,
        }
        Ok(None)
    }

    /// Whether the next record is there with all of its bytes; of the last ones all that follows.
    fn is_whole(&mut self) -> io::Result<bool> {
        const END: u64 = HEAD + 20 + MAGIC.len() as u64;
        let Some((op, size)) = self.head()? else { return Ok(false) };
        if op != op::DATA_END {
            return Ok(true);
        }
        let mut magic = [0; MAGIC.len()];
        if self.length < self.at + HEAD + size + END {
            return Ok(false);
        }
        self.read_at(self.length - magic.len() as u64, &mut magic)?;
        Ok(magic == MAGIC)
    }

    /// Sees what was written meanwhile, and nothing of what was in the reader's buffer.
    fn look_again(&mut self) -> io::Result<()> {
        self.length = self.file.seek(SeekFrom::End(0))?.max(self.at);
        self.reader_at = self.file.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    /// What the next record of the file is, and how long; none if it is not whole.
    fn head(&mut self) -> io::Result<Option<(u8, u64)>> {
        let left = self.length - self.at;
        if left < HEAD {
            return Ok(None);
        }
        let mut head = [0; HEAD as usize];
        self.read_at(self.at, &mut head)?;
        let [op, size @ ..] = head;
        let size = u64::from_le_bytes(size);
        Ok((size <= left - HEAD).then_some((op, size)))
    }

    /// Reads from a place in the file; what the reader has in its buffer it need not get again.
    pub(super) fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<()> {
        // Both are within the file, so what lies between them has a sign.
        self.file.seek_relative(at.wrapping_sub(self.reader_at).cast_signed())?;
        self.reader_at = at + into.len() as u64;
        self.file.read_exact(into)
    }

    /// Reads the next record of the file, whose head tells this size, which is bounded.
    fn fill(&mut self, size: u64) -> io::Result<()> {
        let size = (HEAD + size) as usize;
        let mut records = std::mem::take(&mut self.records);
        records.resize(size, 0); // what is there is written over
        let read = self.read_at(self.at, &mut records);
        self.records = records;
        read?;
        (self.read, self.base) = (0, self.at);
        self.at += size as u64;
        Ok(())
    }

    /// Goes into the chunk that was read.
    fn open_chunk(&mut self) -> Result<(), String> {
        let mut fields = Fields(&self.records[HEAD as usize..]);
        let mut head = || {
            fields.u64("time")?;
            fields.u64("time")?;
            let (bytes, crc) = (fields.u64("size")?, fields.u32("checksum")?);
            let compression = fields.text("compression")?;
            let length = fields.u64("length")?;
            Ok((bytes, crc, compression, length))
        };
        let (bytes, crc, compression, length) =
            head().map_err(|what: &str| format!("a chunk has no readable {what}"))?;
        if !compression.is_empty() {
            return Err(format!("a chunk is compressed ({compression}), and only others are read"));
        }
        let records = fields.bytes(length, "").map_err(|_| "a chunk is shorter than it says")?;
        if bytes != length {
            return Err("a chunk has two sizes".to_owned());
        }
        if crc != 0 && crc32fast::hash(records) != crc {
            return Err("a chunk's checksum is wrong".to_owned());
        }
        let (left, length) = (fields.0.len(), records.len());
        let end = self.records.len() - left;
        self.records.truncate(end);
        self.read = end - length;
        Ok(())
    }

    /// Goes on at the next chunk that the summary knows of, if there is one.
    fn resume(&mut self, why: &str) -> Next {
        let from = self.at;
        let chunks = match self.chunks.take() {
            Some(chunks) => chunks,
            None => self.find_chunks().unwrap_or_default(),
        };
        let next = chunks.iter().copied().filter(|&at| at > from && at <= self.length).min();
        self.chunks = Some(chunks);
        self.at = next.unwrap_or(self.length);
        self.ended = next.is_none();
        Next::Damage(from, self.at, why.to_owned())
    }

    /// Where chunks begin, and where the data ends, as the summary says.
    fn find_chunks(&mut self) -> io::Result<Vec<u64>> {
        const FOOTER: u64 = HEAD + 20;
        let mut chunks = Vec::new();
        let Some(footer_at) = self.length.checked_sub(FOOTER + 8) else { return Ok(chunks) };
        let mut footer = [0; FOOTER as usize];
        self.read_at(footer_at, &mut footer)?;
        let summary_at = match (footer[0], Fields(&footer[HEAD as usize..]).u64("")) {
            (op::FOOTER, Ok(at)) if at >= 8 && at <= footer_at => at,
            _ => return Ok(chunks),
        };
        if footer_at - summary_at > MOST_BYTES {
            return Ok(chunks);
        }
        let mut summary = vec![0; (footer_at - summary_at) as usize];
        self.read_at(summary_at, &mut summary)?;
        let mut fields = Fields(&summary);
        while let (Ok(op), Ok(size)) = (fields.bytes(1, "").map(|op| op[0]), fields.u64(""))
            && let Ok(record) = fields.bytes(size, "")
        {
            if op == op::CHUNK_INDEX
                && let Some(start) = record.get(16..24).and_then(|start| start.try_into().ok())
            {
                chunks.push(u64::from_le_bytes(start));
            }
        }
        chunks.push(summary_at - (HEAD + 4).min(summary_at)); // the end of the data
        Ok(chunks)
    }

    /// Whether the file has its end behind its data.
    fn check_end(&mut self, from: u64) -> io::Result<Option<Next>> {
        let mut magic = [0; 8];
        if self.length >= from + 8 {
            self.read_at(self.length - 8, &mut magic)?;
        }
        let why = "its summary was cut off";
        Ok((magic != MAGIC).then(|| Next::Damage(from, self.length, why.to_owned())))
    }
}

fn event(op: u8, record: &[u8], at: u64) -> Result<Event<'_>, &'static str> {
    let mut fields = Fields(record);
    Ok(match op {
        op::CHANNEL => Event::Channel(fields.channel()?),
        op::METADATA => {
            let name = fields.text("name")?.to_owned();
            Event::Metadata(name, fields.pairs("metadata")?)
        }
        _ => {
            let channel = fields.u16("channel")?;
            fields.u32("number")?;
            let (log, publish) = (fields.u64("time")?, fields.u64("time")?);
            Event::Message { at, channel, publish, log, body: fields.0 }
        }
    })
}

impl<R> std::fmt::Debug for Walk<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk").field("at", &self.at).field("length", &self.length).finish_non_exhaustive()
    }
}
