use super::TourError;
use crate::tsplib::Instance;

/// A closed tour: every city of an instance once.
///
/// There is no way to make one that is not a permutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tour {
    order: Vec<u32>,
}

impl Tour {
    /// Checks that `order` (cities from 0) visits each of `cities` cities once.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(order: Vec<u32>, cities: usize) -> Result<Self, TourError> {
        if order.len() != cities {
            return Err(TourError::Count { found: order.len(), expected: cities });
        }
        let mut seen = vec![false; cities];
        for &city in &order {
            match seen.get_mut(city as usize) {
                None => return Err(TourError::Unknown { city: u64::from(city) + 1, cities }),
                Some(true) => return Err(TourError::Twice { city: u64::from(city) + 1 }),
                Some(seen) => *seen = true,
            }
        }
        Ok(Self { order })
    }

    /// The cities in order, counted from 0.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The cities in order, by value.
    pub fn into_order(self) -> Vec<u32> {
        self.order
    }

    /// The cities in order, counted from 1 as in files.
    pub fn nodes(&self) -> impl Iterator<Item = u64> + '_ {
        self.order.iter().map(|&city| u64::from(city) + 1)
    }

    /// The tour's length by the instance's own distance function, edge by edge: it shares nothing with the tables
    /// and differences that the search works with.
    ///
    /// # Panics
    /// If the tour has cities that the instance has not.
    pub fn length(&self, instance: &Instance) -> i64 {
        let next = self.order.iter().cycle().skip(1);
        self.order
            .iter()
            .zip(next)
            .map(|(&from, &to)| i64::from(instance.weight(from as usize, to as usize)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsplib::WeightType;

    #[test]
    fn only_permutations_are_tours() {
        assert_eq!(Tour::new(vec![0, 1], 3), Err(TourError::Count { found: 2, expected: 3 }));
        assert_eq!(Tour::new(vec![0, 1, 3], 3), Err(TourError::Unknown { city: 4, cities: 3 }));
        assert_eq!(Tour::new(vec![0, 1, 1], 3), Err(TourError::Twice { city: 2 }));
        assert_eq!(Tour::new(vec![2, 0, 1], 3).map(|tour| tour.nodes().collect()), Ok(vec![3, 1, 2]));
    }

    #[test]
    fn the_length_closes_the_tour() {
        let square = [(0.0, 0.0), (0.0, 10.0), (10.0, 10.0), (10.0, 0.0)];
        let instance = Instance::from_points("square", WeightType::Euc2d, &square).unwrap();
        assert_eq!(Tour::new(vec![0, 1, 2, 3], 4).unwrap().length(&instance), 40);
        assert_eq!(Tour::new(vec![0, 2, 1, 3], 4).unwrap().length(&instance), 48);
    }
}
