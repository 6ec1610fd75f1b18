use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{Mutex, PoisonError},
};

/// A file as a database would have it: what is written to it stays in memory, and the file as it is.
#[derive(Debug)]
pub(super) struct Overlay(Mutex<Over>);

#[derive(Debug)]
struct Over {
    file: File,
    /// So much of the file is below; what is behind it is zero until it is written.
    below: u64,
    len: u64,
    /// The pages that were written, by their numbers.
    pages: BTreeMap<u64, Vec<u8>>,
}

/// How many bytes are copied where one is written.
const PAGE: usize = 4096;

impl Overlay {
    pub(super) fn over(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self(Mutex::new(Over { file, below: len, len, pages: BTreeMap::new() })))
    }

    fn over_all<T>(&self, act: impl FnOnce(&mut Over) -> io::Result<T>) -> io::Result<T> {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Over {
    /// Reads what is below; zero behind its end.
    fn read_below(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(self.below.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (there, behind) = out.split_at_mut(there);
        behind.fill(0);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(there)
    }

    /// The pieces of a stretch: the page, the place in it, and the place in the stretch.
    fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = offset + done as u64;
            let within = (at % PAGE as u64) as usize;
            let piece = done..len.min(done + PAGE - within);
            done = piece.end;
            (!piece.is_empty()).then_some((at / PAGE as u64, within, piece))
        })
    }

    fn check(&self, offset: u64, len: usize) -> io::Result<()> {
        let end = offset.checked_add(len as u64);
        if end.is_some_and(|end| end <= self.len) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl redb::StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        self.over_all(|over| Ok(over.len))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.over_all(|over| {
            over.check(offset, out.len())?;
            over.read_below(offset, out)?;
            for (page, within, piece) in Over::pieces(offset, out.len()) {
                if let Some(page) = over.pages.get(&page) {
                    let len = piece.len();
                    out[piece].copy_from_slice(&page[within..within + len]);
                }
            }
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.over_all(|over| {
            over.len = len;
            over.below = over.below.min(len);
            let whole = len.div_ceil(PAGE as u64);
            over.pages.split_off(&whole);
            if let Some(last) = over.pages.get_mut(&(len / PAGE as u64)) {
                last[(len % PAGE as u64) as usize..].fill(0);
            }
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.over_all(|over| {
            over.check(offset, data.len())?;
            for (number, within, piece) in Over::pieces(offset, data.len()) {
                if !over.pages.contains_key(&number) {
                    let mut page = vec![0; PAGE];
                    over.read_below(number * PAGE as u64, &mut page)?;
                    over.pages.insert(number, page);
                }
                if let Some(page) = over.pages.get_mut(&number) {
                    page[within..within + piece.len()].copy_from_slice(&data[piece]);
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use redb::StorageBackend as _;

    use super::*;

    proptest! {
        /// It is what a vector would be, and the file below stays as it was.
        #[test]
        fn it_reads_as_it_was_written(
            below in 0..20_000_usize,
            steps in prop::collection::vec((0..3_u8, 0..30_000_usize, 0..9_000_usize), 0..20),
        ) {
            let below: Vec<u8> = (0..below).map(|at| (at % 251) as u8).collect();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&below).unwrap();
            let (overlay, mut model) = (Overlay::over(file.reopen().unwrap()).unwrap(), below.clone());
            for (number, (what, at, len)) in steps.into_iter().enumerate() {
                match what {
                    0 => {
                        overlay.set_len(at as u64).unwrap();
                        model.resize(at, 0);
                    }
                    1 => {
                        let data = vec![number as u8 + 1; len];
                        let fits = at + len <= model.len();
                        prop_assert_eq!(overlay.write(at as u64, &data).is_ok(), fits);
                        if fits {
                            model[at..at + len].copy_from_slice(&data);
                        }
                    }
                    _ => {
                        let mut out = vec![7; len];
                        let read = overlay.read(at as u64, &mut out);
                        prop_assert_eq!(read.ok().map(|()| &*out), model.get(at..at + len));
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), model.len() as u64);
            }
            let mut whole = vec![0; model.len()];
            overlay.read(0, &mut whole).unwrap();
            prop_assert!(whole == model);
            prop_assert!(std::fs::read(file.path()).unwrap() == below);
        }
    }
}
