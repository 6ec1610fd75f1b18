use crate::tsplib::Instance;

/// What tells an instance from others, whatever it is called: of its cities and the distances between them, by FNV-1a.
///
/// Two instances of one fingerprint would start from each other's tours, which are measured anew: nothing worse.
pub(super) fn fingerprint(instance: &Instance) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.add(&(instance.cities() as u64).to_le_bytes());
    hash.add(format!("{:?}", instance.weight_type()).as_bytes());
    for (x, y) in instance.points().unwrap_or_default() {
        hash.add(&x.to_bits().to_le_bytes());
        hash.add(&y.to_bits().to_le_bytes());
    }
    for weight in instance.listed_weights().unwrap_or_default() {
        hash.add(&weight.to_le_bytes());
    }
    hash.0
}

struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsplib::WeightType;

    #[test]
    fn the_distances_count_and_the_name_does_not() {
        let points = [(0.0, 0.0), (0.0, 10.0), (10.0, 10.0)];
        let of = |name, kind, points: &[(f64, f64)]| {
            fingerprint(&Instance::from_points(name, kind, points).unwrap())
        };
        let square = of("square", WeightType::Euc2d, &points);
        assert_eq!(square, of("other", WeightType::Euc2d, &points));
        assert_ne!(square, of("square", WeightType::Ceil2d, &points));
        assert_ne!(square, of("square", WeightType::Euc2d, &[(0.0, 0.0), (0.0, 10.0), (10.0, 11.0)]));
        let listed =
            |weights: [i32; 3]| fingerprint(&Instance::from_weights("square", 3, weights.to_vec()).unwrap());
        assert_ne!(listed([1, 2, 3]), listed([1, 2, 4]));
        assert_eq!(square, 2_558_001_796_454_895_431, "as stored files have it");
    }
}
