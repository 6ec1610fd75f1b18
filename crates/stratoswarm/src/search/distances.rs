use crate::tsplib::Instance;

/// The most cities for which all weights are kept in a table (16 MiB of them).
const TABLE_CITIES: usize = 2048;

/// The weights of an instance, as fast to look up as memory allows.
#[derive(Debug, Clone)]
pub struct Distances {
    cities: usize,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Table(Vec<i32>),
    Computed(Instance),
}

impl Distances {
    /// A full table for up to 2,048 cities and for explicit weights; the distance function beyond.
    pub fn new(instance: &Instance) -> Self {
        let cities = instance.cities();
        let source = if cities <= TABLE_CITIES {
            let row = |from| (0..cities).map(move |to| instance.weight(from, to));
            Source::Table((0..cities).flat_map(row).collect())
        } else {
            Source::Computed(instance.clone())
        };
        Self { cities, source }
    }

    /// The number of cities.
    pub fn cities(&self) -> usize {
        self.cities
    }

    /// The weight of the edge between two cities.
    ///
    /// # Panics
    /// If a city is not one of the instance.
    #[inline]
    pub fn weight(&self, from: u32, to: u32) -> i64 {
        i64::from(match &self.source {
            Source::Table(table) => table[from as usize * self.cities + to as usize],
            Source::Computed(instance) => instance.weight(from as usize, to as usize),
        })
    }

    /// The length of the closed tour through `order`.
    ///
    /// # Panics
    /// If a city is not one of the instance.
    pub fn tour_length(&self, order: &[u32]) -> i64 {
        let next = order.iter().cycle().skip(1);
        order.iter().zip(next).map(|(&from, &to)| self.weight(from, to)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsplib::WeightType;

    #[test]
    fn table_and_function_agree() {
        let points: Vec<_> =
            (0..=TABLE_CITIES).map(|i| ((i * 37 % 1009) as f64, (i * 53 % 997) as f64)).collect();
        let large = Instance::from_points("large", WeightType::Ceil2d, &points).unwrap();
        let small = Instance::from_points("small", WeightType::Ceil2d, &points[..100]).unwrap();
        let (computed, table) = (Distances::new(&large), Distances::new(&small));
        assert!(matches!(computed.source, Source::Computed(_)) && matches!(table.source, Source::Table(_)));
        for (from, to) in (0..100).flat_map(|from| (0..100).map(move |to| (from, to))) {
            assert_eq!(computed.weight(from, to), table.weight(from, to));
        }
    }
}
