use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::Path,
    time::Duration,
};

use super::{
    ReadError, Recorded, Stretch,
    scan::{failed, is_of_outcomes, walk},
};
use crate::{
    cbor,
    draft::draft,
    mcap::{ChannelRecord, Encoding, Event, PartWriter, Preamble},
    paths::Paths,
    tree::Tree,
};

/// How much is in a chunk.
const CHUNK_BYTES: u64 = 1 << 20;

/// A new file with what can be read of a recording, or with a part of that.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Recorded, Recording, Rewrite};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// # let news = Fabric::new().broadcast::<u32>("news").open()?;
/// # let recording = Recording::create(&path).channel(&news).start()?;
/// # news.send(7)?;
/// # recording.finish().await?;
/// # let whole = std::fs::metadata(&path)?.len();
/// # std::fs::OpenOptions::new().write(true).open(&path)?.set_len(whole - 30)?;
/// let cut = Recorded::open([&path])?;
/// assert_eq!(cut.damage().len(), 1);
/// let mended = folder.path().join("mended.mcap");
/// Rewrite::of(&cut).write(&mended)?;
/// let mended = Recorded::open([&mended])?;
/// assert_eq!((mended.damage().len(), mended.records().count()), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "call `write`"]
pub struct Rewrite<'a> {
    recorded: &'a Recorded,
    channels: BTreeSet<String>,
    from: Duration,
    to: Duration,
    replace: bool,
    encoding: Encoding,
    redact: Vec<String>,
}

impl<'a> Rewrite<'a> {
    /// Of all that can be read.
    pub fn of(recorded: &'a Recorded) -> Self {
        Self {
            recorded,
            channels: BTreeSet::new(),
            from: Duration::ZERO,
            to: Duration::MAX,
            replace: false,
            encoding: Encoding::Cbor,
            redact: Vec::new(),
        }
    }

    /// Of this channel, and others that are stated.
    pub fn channel(mut self, name: impl Into<String>) -> Self {
        self.channels.insert(name.into());
        self
    }

    /// Of what was logged so long after the first message, or later.
    pub fn from(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }

    /// Of what was logged less than so long after the first message.
    pub fn to(mut self, to: Duration) -> Self {
        self.to = to;
        self
    }

    /// Into JSON, which more programs draw than CBOR: bytes become base64, and integers beyond 2⁵³ text. Such a file is not read
    /// here any more.
    pub fn json(mut self) -> Self {
        self.encoding = Encoding::Json;
        self
    }

    /// Without what is at these paths of messages, as JSON pointers: `/token`, or `jobs:/token` of one channel; `*` stands for any key or
    /// place. Text, bytes, lists and maps become empty, and numbers zero, so that the messages can still be read. What was there is
    /// in no byte of the file. Replies on a channel that is named go whole, as they may say it again; unless what is to go of them is
    /// said, too, as paths of the topic `jobs/outcomes`: `jobs/outcomes:/token`.
    pub fn redact<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.redact.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Takes the place of a file that is there.
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }

    /// Writes the file, which has its name once it is whole; how many messages are in it.
    ///
    /// # Errors
    /// [`ReadError`] of the files that are read, or [`Io`](ReadError::Io) of the one that is written:
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is one of its name, and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if what has its name is a folder, a device or a pipe. Or
    /// [`NothingAt`](ReadError::NothingAt) if no message has what is to be [cleared](Self::redact).
    pub fn write(self, path: impl AsRef<Path>) -> Result<u64, ReadError> {
        let path = path.as_ref();
        let written = |error| failed(path, error);
        let in_the_way = match fs::metadata(path) {
            Ok(found) if !found.is_file() => Some((io::ErrorKind::InvalidInput, "it is no regular file")),
            Ok(_) if !self.replace => Some((io::ErrorKind::AlreadyExists, "there is such a file already")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(written(error)),
            _ => None,
        };
        if let Some((kind, why)) = in_the_way {
            return Err(written(io::Error::new(kind, why)));
        }
        let mut redaction = Redaction::default();
        if let Some(path) = self.redact.iter().find(|path| !redaction.paths.add(path)) {
            return Err(ReadError::Path { path: path.clone() });
        }
        let draft = draft(path).map_err(written)?;
        let file = draft.as_file().try_clone().map_err(written)?;
        let preamble = self.preamble()?;
        let mut part = PartWriter::begin(Box::new(file), &preamble).map_err(written)?;
        let mut count = 0;
        let number_of: HashMap<_, _> =
            preamble.channels.iter().map(|channel| (channel.topic.clone(), channel.id)).collect();
        for source in self.recorded.paths() {
            count += self.copy(source, &number_of, &mut redaction, &mut part, path)?;
        }
        let mut asked_for = self.redact.iter().enumerate();
        if let Some((_, path)) = asked_for.find(|(number, _)| !redaction.found.contains(number)) {
            return Err(ReadError::NothingAt { path: path.clone() });
        }
        part.finish().map_err(written)?;
        let placed = if self.replace { draft.persist(path) } else { draft.persist_noclobber(path) };
        placed.map_err(|error| written(error.error))?;
        Ok(count)
    }

    /// Whether this channel is among those that were asked for.
    fn is_of(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }

    /// The channels of all parts, and what is said of the run.
    fn preamble(&self) -> Result<Preamble, ReadError> {
        let mut run = self.recorded.run().clone();
        run.insert("part".to_owned(), "1".to_owned());
        let mut metadata =
            vec![(crate::RUN.to_owned(), run), (crate::META.to_owned(), self.recorded.meta().clone())];
        for channel in self.recorded.channels().iter().filter(|it| self.is_of(&it.name)) {
            metadata.extend(channel.senders.iter().map(|sender| sender.metadata(&channel.name)));
        }
        let mut channels: Vec<ChannelRecord> = Vec::new();
        for path in self.recorded.paths() {
            let mut walk = walk(path)?;
            while let Some(event) = walk.next().map_err(|error| failed(path, error))? {
                match event {
                    Event::Channel(channel)
                        if channels
                            .iter()
                            .all(|known| known.topic != channel.topic && known.id != channel.id) =>
                    {
                        channels.push(channel);
                    }
                    Event::Message { .. } => break,
                    _ => {}
                }
            }
        }
        channels.retain(|channel| {
            let of =
                [("/gaps", "gaps_of"), ("/outcomes", "outcomes_of")].into_iter().find_map(|(suffix, key)| {
                    channel.topic.strip_suffix(suffix).filter(|_| channel.metadata.contains_key(key))
                });
            self.is_of(of.unwrap_or(&channel.topic))
        });
        Ok(Preamble { channels, metadata, encoding: self.encoding })
    }

    fn copy(
        &self,
        source: &Path,
        number_of: &HashMap<String, u16>,
        redaction: &mut Redaction,
        part: &mut PartWriter,
        path: &Path,
    ) -> Result<u64, ReadError> {
        let stretch = Stretch::all(self.recorded.begins().unwrap_or(0)).between(self.from, self.to);
        let mut walk = walk(source)?;
        let (mut numbers, mut count) = (HashMap::new(), 0);
        while let Some(event) = walk.next().map_err(|error| failed(source, error))? {
            match event {
                Event::Channel(channel) => {
                    if let Some(&number) = number_of.get(&channel.topic) {
                        let is_messages =
                            !channel.metadata.contains_key("gaps_of") && !is_of_outcomes(&channel);
                        let paths = redaction.of(&channel.topic);
                        numbers.insert(channel.id, (number, is_messages, channel.topic, paths));
                    }
                }
                Event::Message { at, channel, publish, log, body } => {
                    let Some((number, is_message, topic, paths)) = numbers.get(&channel) else { continue };
                    let (number, is_message) = (*number, *is_message);
                    if !stretch.has(log) {
                        continue;
                    }
                    let wrong = |why| {
                        let (path, channel) = (source.to_owned(), topic.clone());
                        ReadError::Message { path, at, channel, why }
                    };
                    let redacted;
                    let body = if paths.is_empty() {
                        body
                    } else {
                        redacted = redaction.clear(body, paths).map_err(|why| wrong(why.to_owned()))?;
                        &redacted
                    };
                    let head: Option<crate::body::Head> =
                        if is_message { cbor4ii::serde::from_slice(body).ok() } else { None };
                    let json;
                    let body = match self.encoding {
                        Encoding::Cbor => body,
                        Encoding::Json => {
                            let read = Tree::of_record(body).and_then(|tree| tree.safe_json());
                            json = read.map_err(wrong)?;
                            json.as_bytes()
                        }
                    };
                    part.message(number, head.map_or(0, |head| head.n), (publish, log), body);
                    count += u64::from(is_message);
                    if part.pending() >= CHUNK_BYTES {
                        part.flush().map_err(|error| failed(path, error))?;
                    }
                }
                _ => {}
            }
        }
        Ok(count)
    }
}

/// What is to be cleared, and which of that something was at.
#[derive(Default)]
struct Redaction {
    paths: Paths,
    found: BTreeSet<usize>,
}

impl Redaction {
    /// What of the records of a topic, each with its number: within a message, and within a reply.
    fn of(&self, topic: &str) -> Vec<(usize, Vec<String>)> {
        let within = |root: &str, path: &[String]| [&[root.to_owned()], path].concat();
        let both =
            |(number, path): (usize, Vec<String>)| ["m", "R"].map(|root| (number, within(root, &path)));
        let mut all: Vec<_> = self.paths.numbered(topic).into_iter().flat_map(both).collect();
        // A reply may say again what its message had: unless it is said what of it is to go, all of it goes.
        let asked = topic.strip_suffix("/outcomes").is_some_and(|channel| self.paths.name(channel));
        if asked && !self.paths.name(topic) {
            all.push((usize::MAX, vec!["R".to_owned()]));
        }
        all
    }

    fn clear(&mut self, body: &[u8], paths: &[(usize, Vec<String>)]) -> Result<Vec<u8>, cbor::Wrong> {
        let paths: Vec<_> = paths.iter().map(|(number, path)| (*number, path.as_slice())).collect();
        let mut out = Vec::with_capacity(body.len());
        cbor::clear(body, &paths, &mut out, &mut self.found)?;
        Ok(out)
    }
}
