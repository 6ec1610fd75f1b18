use std::{
    collections::HashMap,
    fmt,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::{
    ChannelSummary, Damage, ReadError, RecordedMessage, Stretch,
    scan::{Meaning, Part, PartWalk, Scan, failed, walk},
};
use crate::{
    mcap::{Event, Pairs},
    part_paths::{part_of, part_paths},
};

/// A recording that is read while it is written: what is there, then what comes, file by file, until it ends.
///
/// It is not told when something comes; whoever follows looks from time to time. A recording has ended once its file has its end
/// and no next one is there, or once nobody writes it any more, as after a crash.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Follow, Recording};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// let news = Fabric::new().broadcast::<u32>("news").open()?;
/// let recording = Recording::create(&path).channel(&news).start()?;
/// let mut follow = Follow::open(&path)?;
/// news.send(7)?;
/// while follow.try_next()?.is_none() {
///     std::thread::sleep(std::time::Duration::from_millis(50));
/// }
/// recording.finish().await?;
/// assert!(follow.try_next()?.is_none() && follow.is_over());
/// # Ok(()) }
/// ```
pub struct Follow {
    walk: PartWalk,
    part: Part,
    meanings: HashMap<u16, Meaning>,
    scan: Scan,
    is_over: bool,
}

impl Follow {
    /// Follows the file, or the parts of this name from the first on that is there; of a part, it and those behind it.
    ///
    /// # Errors
    /// [`ReadError`] if it cannot be read at all.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let first = (!path.exists()).then(|| part_paths(path).into_iter().next()).flatten();
        let path = first.unwrap_or_else(|| path.to_owned());
        let mut scan = Scan::default();
        let (walk, part) = begin(&path, &mut scan)?;
        Ok(Self { walk, part, meanings: HashMap::new(), scan, is_over: false })
    }

    /// The next message, if it is there already. None: none is yet, or [none will come](Self::is_over).
    ///
    /// # Errors
    /// [`ReadError`]: one message is no record, and the next call goes on behind it; or the file cannot be read any more.
    pub fn try_next(&mut self) -> Result<Option<RecordedMessage<'_>>, ReadError> {
        let (index, at, times, body) = loop {
            if self.is_over {
                return Ok(None);
            }
            let failed = |error| failed(&self.part.path, error);
            match self.walk.next().map_err(failed)? {
                Some(Event::Message { at, channel, publish, log, body }) => {
                    let copy = body.to_vec();
                    let event = Event::Message { at, channel, publish, log, body };
                    self.scan.event(event, &mut self.part, &mut self.meanings);
                    if let Some(&Meaning::Messages(index)) = self.meanings.get(&channel) {
                        break (index, at, (publish, log), copy);
                    }
                }
                Some(event) => self.scan.event(event, &mut self.part, &mut self.meanings),
                None => {
                    if self.walk.has_ended() {
                        self.next_part()?;
                    } else if is_written(&self.part.path) {
                        return Ok(None);
                    } else {
                        // Its last bytes may have come since, and no others will.
                        self.walk.stop_growing().map_err(failed)?;
                    }
                }
            }
        };
        let (channel, path) = (&self.scan.channels[index], &*self.part.path);
        match cbor4ii::serde::from_slice(&body) {
            Ok(head) => {
                let stretch = Stretch::all(self.scan.times.map_or(times.1, |(first, _)| first));
                Ok(Some(RecordedMessage { channel, path, at, stretch, times, head, body }))
            }
            Err(error) => {
                let (path, channel) = (path.to_owned(), channel.name.clone());
                Err(ReadError::Message { path, at, channel, why: error.to_string() })
            }
        }
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Its channels, with what there was of each until now.
    pub fn channels(&self) -> &[ChannelSummary] {
        &self.scan.channels
    }

    /// What could not be read until now: the first 1,000 places.
    pub fn damage(&self) -> &[Damage] {
        &self.scan.damage
    }

    /// Goes on in the next file: it had its name before this one ended.
    fn next_part(&mut self) -> Result<(), ReadError> {
        let Some(path) = next_path(&self.part.path) else {
            self.is_over = true;
            return Ok(());
        };
        let (walk, part) = begin(&path, &mut self.scan)?;
        if part.run.get("run") != self.part.run.get("run") {
            self.is_over = true;
            return Ok(());
        }
        self.scan.missing(&self.part, &part);
        (self.walk, self.part) = (walk, part);
        self.meanings.clear();
        Ok(())
    }
}

/// The part that comes next and is there.
fn next_path(path: &Path) -> Option<PathBuf> {
    let (of, number) = part_of(path)?;
    part_paths(of).into_iter().find(|path| part_of(path).is_some_and(|(_, it)| it > number))
}

/// Begins to read a file, and knows its channels already.
fn begin(path: &Path, scan: &mut Scan) -> Result<(PartWalk, Part), ReadError> {
    let mut part = Part { path: path.to_owned(), run: Pairs::new(), meta: Pairs::new() };
    let (mut preamble, mut meanings) = (walk(path)?, HashMap::new());
    preamble.grow();
    while let Some(event @ (Event::Channel(_) | Event::Metadata(..))) =
        preamble.next().map_err(|error| failed(path, error))?
    {
        scan.event(event, &mut part, &mut meanings);
    }
    let mut walk = walk(path)?;
    walk.grow();
    Ok((walk, part))
}

/// Whether somebody writes it: whoever does has it locked, where files can be.
fn is_written(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("path", &self.part.path)
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}
