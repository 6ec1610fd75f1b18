use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::BatchError;

/// Several tours of one instance as they lie in a device buffer: city after city, each a little-endian `u32`.
///
/// Nothing here says that they are permutations; [`Tour::new`](super::Tour::new) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TourBatch {
    tours: Vec<Vec<u32>>,
}

impl TourBatch {
    /// A batch of these tours, each of the same number of cities.
    pub fn new(tours: Vec<Vec<u32>>) -> Self {
        Self { tours }
    }

    /// Reads a batch of tours of `cities` cities.
    ///
    /// # Errors
    /// The bytes are not a whole number of tours.
    pub fn decode(mut bytes: Bytes, cities: usize) -> Result<Self, BatchError> {
        let size = cities * size_of::<u32>();
        if size == 0 || !bytes.len().is_multiple_of(size) {
            return Err(BatchError { bytes: bytes.len(), cities });
        }
        let count = bytes.len() / size;
        Ok(Self { tours: (0..count).map(|_| (0..cities).map(|_| bytes.get_u32_le()).collect()).collect() })
    }

    /// The batch as bytes.
    pub fn encode(&self) -> Bytes {
        let cities = self.tours.iter().map(Vec::len).sum::<usize>();
        let mut bytes = BytesMut::with_capacity(cities * size_of::<u32>());
        for &city in self.tours.iter().flatten() {
            bytes.put_u32_le(city);
        }
        bytes.freeze()
    }

    /// The tours.
    pub fn tours(&self) -> &[Vec<u32>] {
        &self.tours
    }

    /// The tours, by value.
    pub fn into_tours(self) -> Vec<Vec<u32>> {
        self.tours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_round_trip() {
        let batch = TourBatch::new(vec![vec![0, 1, 70_000], vec![2, 1, 0]]);
        assert_eq!(TourBatch::decode(batch.encode(), 3), Ok(batch));
        assert_eq!(TourBatch::decode(Bytes::new(), 3).map(|batch| batch.tours().len()), Ok(0));
    }

    #[test]
    fn half_a_tour_is_refused() {
        assert_eq!(
            TourBatch::decode(Bytes::from_static(&[0; 20]), 3),
            Err(BatchError { bytes: 20, cities: 3 })
        );
        assert!(TourBatch::decode(Bytes::from_static(&[0; 20]), 0).is_err());
    }
}
