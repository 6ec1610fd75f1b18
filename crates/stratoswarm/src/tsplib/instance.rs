use super::{
    TspError, WeightType,
    weight_type::{GEO_RANGE, radians},
};

/// The most cities an instance may have.
pub const MAX_CITIES: usize = 200_000;

/// The greatest weight an edge may have.
pub const MAX_WEIGHT: i32 = i32::MAX;

/// A symmetric travelling salesman problem: its cities and the weight of every edge.
///
/// Cities are counted from 0 here and from 1 in files. Weights are whole numbers from 0 to [`MAX_WEIGHT`], so the
/// length of a tour of [`MAX_CITIES`] cities fits an `i64` with room to spare.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    name: String,
    weight_type: WeightType,
    weights: Weights,
}

#[derive(Debug, Clone, PartialEq)]
enum Weights {
    /// Points, for GEO in radians.
    Points(Vec<(f64, f64)>),
    /// Row by row below the diagonal, without it.
    Triangle { cities: usize, below: Vec<i32> },
}

impl Instance {
    /// An instance of points in the plane, or of latitudes and longitudes as `DDD.MM` for [`WeightType::Geo`].
    ///
    /// # Errors
    /// Fewer than 2 or more than [`MAX_CITIES`] points, a coordinate that is no finite number or, for GEO, beyond 90
    /// degrees of latitude or 180 of longitude, points so far apart that a weight would exceed [`MAX_WEIGHT`], or
    /// [`WeightType::Explicit`], which has no distance function.
    pub fn from_points(name: &str, weight_type: WeightType, points: &[(f64, f64)]) -> Result<Self, TspError> {
        check_cities(points.len())?;
        if weight_type == WeightType::Explicit {
            return Err(TspError::whole(
                "EXPLICIT weights cannot be computed from points",
                "a weight of every edge",
            ));
        }
        if let Some(at) = points.iter().position(|point| !point.0.is_finite() || !point.1.is_finite()) {
            return Err(TspError::whole(
                format!("a coordinate of node {} is not finite", at + 1),
                "finite numbers",
            ));
        }
        for (at, &point) in points.iter().enumerate() {
            if let Some(problem) = weight_type.out_of_range(point) {
                return Err(TspError::whole(format!("node {}: {problem}", at + 1), GEO_RANGE));
            }
        }
        let points: Vec<_> = if weight_type == WeightType::Geo {
            points.iter().map(|&(latitude, longitude)| (radians(latitude), radians(longitude))).collect()
        } else {
            check_extent(points)?;
            points.to_vec()
        };
        Ok(Self { name: name.to_owned(), weight_type, weights: Weights::Points(points) })
    }

    /// An instance whose weights are listed: row by row, below the diagonal and without it.
    ///
    /// # Errors
    /// Fewer than 2 or more than [`MAX_CITIES`] cities, a list of another length than `cities * (cities - 1) / 2`,
    /// or a negative weight.
    pub fn from_weights(name: &str, cities: usize, below: Vec<i32>) -> Result<Self, TspError> {
        check_cities(cities)?;
        let edges = cities * (cities - 1) / 2;
        if below.len() != edges {
            return Err(TspError::whole(
                format!("{} weights for {cities} cities", below.len()),
                format!("{edges} weights"),
            ));
        }
        if let Some(weight) = below.iter().find(|weight| **weight < 0) {
            return Err(TspError::whole(format!("a weight is {weight}"), format!("0 to {MAX_WEIGHT}")));
        }
        Ok(Self {
            name: name.to_owned(),
            weight_type: WeightType::Explicit,
            weights: Weights::Triangle { cities, below },
        })
    }

    /// The instance's name, as its file states it; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of cities, at least 2.
    pub fn cities(&self) -> usize {
        match &self.weights {
            Weights::Points(points) => points.len(),
            Weights::Triangle { cities, .. } => *cities,
        }
    }

    /// How the weights are computed.
    pub fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    /// The points, for [`WeightType::Geo`] as latitude and longitude in radians; none for explicit weights.
    pub fn points(&self) -> Option<&[(f64, f64)]> {
        match &self.weights {
            Weights::Points(points) => Some(points),
            Weights::Triangle { .. } => None,
        }
    }

    /// The listed weights, row by row below the diagonal; none where they are computed from points.
    pub fn listed_weights(&self) -> Option<&[i32]> {
        match &self.weights {
            Weights::Points(_) => None,
            Weights::Triangle { below, .. } => Some(below),
        }
    }

    /// The weight of the edge between two cities, each counted from 0; 0 from a city to itself.
    ///
    /// # Panics
    /// If a city is not one of the instance.
    pub fn weight(&self, from: usize, to: usize) -> i32 {
        if from == to {
            return 0;
        }
        match &self.weights {
            Weights::Points(points) => self.weight_type.weight(points[from], points[to]),
            Weights::Triangle { below, .. } => {
                let (row, column) = if from > to { (from, to) } else { (to, from) };
                below[row * (row - 1) / 2 + column]
            }
        }
    }

    /// The instance of points that are in the form [`points`](Self::points) gives them: for GEO in radians.
    pub(crate) fn from_prepared_points(name: &str, weight_type: WeightType, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), weight_type, weights: Weights::Points(points) }
    }
}

fn check_cities(cities: usize) -> Result<(), TspError> {
    if (2..=MAX_CITIES).contains(&cities) {
        return Ok(());
    }
    Err(TspError::whole(format!("{cities} cities"), format!("2 to {MAX_CITIES}")))
}

/// Refuses points so far apart that a rounded distance might not fit; the message names two of the outermost.
fn check_extent(points: &[(f64, f64)]) -> Result<(), TspError> {
    const LIMIT: f64 = MAX_WEIGHT as f64 - 1.0;
    let distance = |a: usize, b: usize| (points[a].0 - points[b].0).hypot(points[a].1 - points[b].1);
    // The outermost points to the left, right, bottom and top.
    let mut outer = [0; 4];
    for (at, point) in points.iter().enumerate() {
        let beyond = [
            point.0 < points[outer[0]].0,
            point.0 > points[outer[1]].0,
            point.1 < points[outer[2]].1,
            point.1 > points[outer[3]].1,
        ];
        for (outermost, _) in outer.iter_mut().zip(beyond).filter(|(_, beyond)| *beyond) {
            *outermost = at;
        }
    }
    let [left, right, bottom, top] = outer;
    let diagonal = (points[right].0 - points[left].0).hypot(points[top].1 - points[bottom].1);
    if diagonal < LIMIT {
        return Ok(());
    }
    let (mut from, mut to) = (left, right);
    for (a, b) in [(left, bottom), (left, top), (right, bottom), (right, top), (bottom, top)] {
        if distance(a, b) > distance(from, to) {
            (from, to) = (a, b);
        }
    }
    let (from, to, apart) = (from.min(to) + 1, from.max(to) + 1, distance(from, to));
    Err(TspError::whole(
        format!(
            "nodes {from} and {to} lie {apart:e} apart, and the rectangle around all cities has a diagonal of {diagonal:e}"
        ),
        format!("cities in a rectangle with a diagonal below {LIMIT}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_is_symmetric() {
        let instance = Instance::from_weights("t", 4, vec![1, 2, 3, 4, 5, 6]).unwrap();
        for (from, to, weight) in [(0, 1, 1), (0, 2, 2), (1, 2, 3), (0, 3, 4), (1, 3, 5), (2, 3, 6)] {
            assert_eq!((instance.weight(from, to), instance.weight(to, from)), (weight, weight));
        }
        assert_eq!(instance.weight(2, 2), 0);
    }

    #[test]
    fn impossible_instances_are_refused() {
        assert!(Instance::from_points("t", WeightType::Euc2d, &[(0.0, 0.0)]).is_err());
        assert!(Instance::from_points("t", WeightType::Euc2d, &[(0.0, 0.0), (f64::NAN, 0.0)]).is_err());
        assert!(Instance::from_points("t", WeightType::Euc2d, &[(0.0, 0.0), (3e9, 0.0)]).is_err());
        assert!(Instance::from_points("t", WeightType::Euc2d, &[(-1e308, 0.0), (1e308, 0.0)]).is_err());
        assert!(Instance::from_points("t", WeightType::Explicit, &[(0.0, 0.0), (1.0, 0.0)]).is_err());
        assert!(Instance::from_weights("t", 3, vec![1, 2]).is_err());
        assert!(Instance::from_weights("t", 3, vec![1, 2, -3]).is_err());
    }

    #[test]
    fn the_greatest_distance_still_fits() {
        let reach = f64::from(MAX_WEIGHT) - 2.0;
        let instance = Instance::from_points("t", WeightType::Ceil2d, &[(0.0, 0.0), (reach, 0.0)]).unwrap();
        assert_eq!(instance.weight(0, 1), MAX_WEIGHT - 2);
    }
}
