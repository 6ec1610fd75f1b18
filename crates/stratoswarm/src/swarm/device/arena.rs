use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use bytes::Bytes;
use stratoswarm_core::messages::{BufferId, GpuFault, Stored};

use crate::search::Problem;

/// The device's memory: buffers by their identifiers, together never larger than a limit.
///
/// What counts is the bytes that the buffers hold. A problem that a kernel has prepared from a buffer is kept beside
/// it until the buffer changes.
#[derive(Debug)]
pub struct Arena {
    limit_bytes: u64,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    used_bytes: u64,
    buffers: HashMap<BufferId, Buffer>,
}

#[derive(Debug, Clone)]
struct Buffer {
    data: Bytes,
    problem: Arc<OnceLock<Option<Arc<Problem>>>>,
}

impl Arena {
    /// An empty memory of so many bytes.
    pub fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes, memory: Mutex::default() }
    }

    /// Fills a buffer, replacing what it held; without data the buffer is freed.
    ///
    /// # Errors
    /// The memory does not suffice; the buffer then holds what it held before.
    pub fn store(&self, buffer: BufferId, data: Bytes) -> Result<Stored, GpuFault> {
        let mut memory = self.memory();
        let held = memory.buffers.get(&buffer).map_or(0, |held| held.data.len() as u64);
        let stored_bytes = data.len() as u64;
        let used_without = memory.used_bytes - held;
        let free_without = self.limit_bytes.saturating_sub(used_without);
        if stored_bytes > free_without {
            return Err(GpuFault::OutOfMemory { needed_bytes: stored_bytes, free_bytes: free_without });
        }
        if data.is_empty() {
            memory.buffers.remove(&buffer);
        } else {
            memory.buffers.insert(buffer, Buffer { data, problem: Arc::default() });
        }
        memory.used_bytes = used_without + stored_bytes;
        Ok(Stored { stored_bytes, free_bytes: free_without - stored_bytes })
    }

    /// What a buffer holds; no byte is copied.
    ///
    /// # Errors
    /// There is no such buffer.
    pub fn load(&self, buffer: BufferId) -> Result<Bytes, GpuFault> {
        self.buffer(buffer).map(|buffer| buffer.data)
    }

    /// The problem that a buffer holds, prepared for the search. Preparing takes long, so it is done once, and not on
    /// an async worker.
    ///
    /// # Errors
    /// There is no such buffer. None: it holds something else.
    pub fn problem(&self, buffer: BufferId) -> Result<Option<Arc<Problem>>, GpuFault> {
        let buffer = self.buffer(buffer)?;
        let prepare = || Problem::decode(buffer.data.clone()).ok().map(Arc::new);
        Ok(buffer.problem.get_or_init(prepare).clone())
    }

    /// How many bytes are in use.
    pub fn used_bytes(&self) -> u64 {
        self.memory().used_bytes
    }

    fn buffer(&self, buffer: BufferId) -> Result<Buffer, GpuFault> {
        self.memory().buffers.get(&buffer).cloned().ok_or(GpuFault::UnknownBuffer { buffer })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here panics halfway through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tsplib::Instance;

    fn id(number: u128) -> BufferId {
        BufferId::from_u128(number)
    }

    #[test]
    fn the_limit_holds_and_a_refused_transfer_changes_nothing() {
        let arena = Arena::new(10);
        assert_eq!(arena.store(id(1), Bytes::from_static(b"123456")).map(|stored| stored.free_bytes), Ok(4));
        assert_eq!(
            arena.store(id(2), Bytes::from_static(b"12345")),
            Err(GpuFault::OutOfMemory { needed_bytes: 5, free_bytes: 4 })
        );
        assert_eq!(arena.load(id(2)), Err(GpuFault::UnknownBuffer { buffer: id(2) }));
        // What a buffer holds makes room for what replaces it.
        assert!(arena.store(id(1), Bytes::from_static(b"1234567890")).is_ok());
        assert!(arena.store(id(1), Bytes::from_static(b"12345678901")).is_err());
        assert_eq!(arena.load(id(1)), Ok(Bytes::from_static(b"1234567890")));
        assert_eq!(arena.store(id(1), Bytes::new()), Ok(Stored { stored_bytes: 0, free_bytes: 10 }));
        assert!(arena.load(id(1)).is_err());
    }

    #[test]
    fn bytes_are_not_copied() {
        let arena = Arena::new(100);
        let data = Bytes::from(vec![7; 50]);
        arena.store(id(1), data.clone()).unwrap();
        assert_eq!(arena.load(id(1)).unwrap().as_ptr(), data.as_ptr());
    }

    #[test]
    fn a_problem_is_prepared_once_and_anew_when_the_buffer_changes() {
        let arena = Arena::new(1000);
        let encoded = Problem::encode(&Instance::from_weights("t", 3, vec![5, 6, 7]).unwrap());
        arena.store(id(1), encoded.clone()).unwrap();
        let first = arena.problem(id(1)).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &arena.problem(id(1)).unwrap().unwrap()));
        arena.store(id(1), Bytes::from_static(b"something else")).unwrap();
        assert!(arena.problem(id(1)).unwrap().is_none());
        assert!(arena.problem(id(2)).is_err());
    }

    proptest! {
        #[test]
        fn the_bytes_in_use_are_those_of_the_buffers(
            transfers in prop::collection::vec((0u128..5, 0usize..60), 0..60),
        ) {
            let arena = Arena::new(100);
            let mut model = HashMap::new();
            for (buffer, length) in transfers {
                let others: usize =
                    model.iter().filter(|(other, _)| **other != buffer).map(|(_, length)| length).sum();
                let stored = arena.store(id(buffer), Bytes::from(vec![0; length]));
                prop_assert_eq!(stored.is_ok(), others + length <= 100);
                if stored.is_ok() {
                    model.insert(buffer, length);
                }
                prop_assert_eq!(arena.used_bytes(), model.values().sum::<usize>() as u64);
            }
        }
    }
}
