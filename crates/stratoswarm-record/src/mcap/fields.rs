//! The fields of one record, read one after another.

use super::{ChannelRecord, Pairs};

/// What is left of a record. Each call takes a field, or says which one is not there.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// A record has not what it must have.
pub(super) type Missing = &'static str;

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, length: u64, what: Missing) -> Result<&'a [u8], Missing> {
        let (field, rest) =
            usize::try_from(length).ok().and_then(|length| self.0.split_at_checked(length)).ok_or(what)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const BYTES: usize>(&mut self, what: Missing) -> Result<[u8; BYTES], Missing> {
        let (field, rest) = self.0.split_first_chunk().ok_or(what)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn u16(&mut self, what: Missing) -> Result<u16, Missing> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, what: Missing) -> Result<u32, Missing> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: Missing) -> Result<u64, Missing> {
        self.array(what).map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self, what: Missing) -> Result<&'a str, Missing> {
        let length = self.u32(what)?;
        str::from_utf8(self.bytes(length.into(), what)?).map_err(|_| what)
    }

    pub(super) fn pairs(&mut self, what: Missing) -> Result<Pairs, Missing> {
        let length = self.u32(what)?;
        let mut of = Fields(self.bytes(length.into(), what)?);
        let mut pairs = Pairs::new();
        while !of.0.is_empty() {
            let name = of.text(what)?;
            pairs.insert(name.to_owned(), of.text(what)?.to_owned());
        }
        Ok(pairs)
    }

    /// Numbers of channels, each with one that belongs to it.
    pub(super) fn numbers(&mut self, what: Missing) -> Result<Vec<(u16, u64)>, Missing> {
        let length = self.u32(what)?;
        let mut of = Fields(self.bytes(length.into(), what)?);
        let mut numbers = Vec::new();
        while !of.0.is_empty() {
            numbers.push((of.u16(what)?, of.u64(what)?));
        }
        Ok(numbers)
    }

    pub(super) fn channel(&mut self) -> Result<ChannelRecord, Missing> {
        let id = self.u16("channel")?;
        self.u16("schema")?;
        let topic = self.text("topic")?.to_owned();
        self.text("encoding")?;
        Ok(ChannelRecord { id, topic, metadata: self.pairs("metadata")? })
    }
}
