use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::{Distances, Neighbours, ProblemError};
use crate::tsplib::{Instance, MAX_CITIES, WeightType};

/// How many candidates every city has.
const NEIGHBOURS: usize = 10;

/// An instance made ready for the search: weights and neighbour lists.
#[derive(Debug, Clone)]
pub struct Problem {
    instance: Instance,
    distances: Distances,
    neighbours: Neighbours,
}

impl Problem {
    /// Prepares an instance; takes time that grows with the square of the cities up to some thousands of them.
    pub fn new(instance: Instance) -> Self {
        let distances = Distances::new(&instance);
        let neighbours = Neighbours::new(&instance, &distances, NEIGHBOURS);
        Self { instance, distances, neighbours }
    }

    /// The instance as a device buffer holds it: one byte for the weights' kind, the number of cities, then the
    /// points or the listed weights; everything little-endian.
    pub fn encode(instance: &Instance) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_u8(match instance.weight_type() {
            WeightType::Euc2d => 0,
            WeightType::Ceil2d => 1,
            WeightType::Att => 2,
            WeightType::Geo => 3,
            WeightType::Explicit => 4,
        });
        bytes.put_u32_le(instance.cities() as u32);
        for point in instance.points().unwrap_or_default() {
            bytes.put_f64_le(point.0);
            bytes.put_f64_le(point.1);
        }
        for &weight in instance.listed_weights().unwrap_or_default() {
            bytes.put_i32_le(weight);
        }
        bytes.freeze()
    }

    /// Reads and prepares what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn decode(mut bytes: Bytes) -> Result<Self, ProblemError> {
        let kind = bytes.try_get_u8().map_err(|_| ProblemError)?;
        let cities = bytes.try_get_u32_le().map_err(|_| ProblemError)? as usize;
        if !(2..=MAX_CITIES).contains(&cities) {
            return Err(ProblemError);
        }
        let weight_type = match kind {
            0 => WeightType::Euc2d,
            1 => WeightType::Ceil2d,
            2 => WeightType::Att,
            3 => WeightType::Geo,
            4 => {
                let edges = cities * (cities - 1) / 2;
                if bytes.len() != edges * size_of::<i32>() {
                    return Err(ProblemError);
                }
                let below = (0..edges).map(|_| bytes.get_i32_le()).collect();
                return Instance::from_weights("", cities, below).map(Self::new).map_err(|_| ProblemError);
            }
            _ => return Err(ProblemError),
        };
        if bytes.len() != cities * 2 * size_of::<f64>() {
            return Err(ProblemError);
        }
        let points: Vec<_> = (0..cities).map(|_| (bytes.get_f64_le(), bytes.get_f64_le())).collect();
        if points.iter().any(|point| !point.0.is_finite() || !point.1.is_finite()) {
            return Err(ProblemError);
        }
        Ok(Self::new(Instance::from_prepared_points("", weight_type, points)))
    }

    /// The instance.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The weights.
    pub fn distances(&self) -> &Distances {
        &self.distances
    }

    /// The neighbour lists.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_round_trip_through_a_buffer() {
        let points = [(36.1, -5.2), (41.3, 2.1), (38.4, -9.1)];
        let instances = [
            Instance::from_points("geo", WeightType::Geo, &points).unwrap(),
            Instance::from_points("att", WeightType::Att, &points).unwrap(),
            Instance::from_weights("explicit", 3, vec![5, 6, 7]).unwrap(),
        ];
        for instance in instances {
            let decoded = Problem::decode(Problem::encode(&instance)).unwrap();
            for (from, to) in [(0, 1), (0, 2), (1, 2)] {
                assert_eq!(decoded.instance().weight(from, to), instance.weight(from, to));
                assert_eq!(
                    decoded.distances().weight(from as u32, to as u32),
                    i64::from(instance.weight(from, to))
                );
            }
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let whole = Problem::encode(&Instance::from_weights("t", 3, vec![5, 6, 7]).unwrap());
        for end in 0..whole.len() {
            assert!(Problem::decode(whole.slice(..end)).is_err(), "the first {end} bytes");
        }
        assert!(Problem::decode(Bytes::from_static(&[9, 2, 0, 0, 0, 0])).is_err());
        assert!(Problem::decode(Bytes::from_static(&[4, 255, 255, 255, 255, 0])).is_err());
    }
}
