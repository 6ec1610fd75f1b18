use super::Distances;
use crate::tsplib::Instance;

/// The nearest cities of every city, nearest first: the candidates a move is tried with.
#[derive(Debug, Clone)]
pub struct Neighbours {
    each: usize,
    lists: Vec<u32>,
}

impl Neighbours {
    /// The `each` nearest cities of every city (fewer if there are fewer).
    ///
    /// For many cities with points they are looked for in a grid, so cities far off in a sparse corner may be missed;
    /// they are candidates, not a promise.
    pub fn new(instance: &Instance, distances: &Distances, each: usize) -> Self {
        /// From here on comparing all pairs takes longer than a grid.
        const GRID_CITIES: usize = 3000;
        let cities = distances.cities();
        let each = each.min(cities - 1);
        let mut lists = Vec::with_capacity(cities * each);
        match instance.points() {
            Some(points) if cities > GRID_CITIES => {
                let grid = Grid::new(points);
                for (city, &point) in points.iter().enumerate() {
                    nearest(distances, city as u32, grid.around(point, each), each, &mut lists);
                }
            }
            _ => {
                for city in 0..cities as u32 {
                    nearest(distances, city, (0..cities as u32).collect(), each, &mut lists);
                }
            }
        }
        Self { each, lists }
    }

    /// The candidates of `city`, nearest first.
    ///
    /// # Panics
    /// If the city is not one of the instance.
    #[inline]
    pub fn of(&self, city: u32) -> &[u32] {
        &self.lists[city as usize * self.each..][..self.each]
    }
}

/// Appends the `each` nearest of `candidates`, ties by number so that every machine lists them alike.
fn nearest(distances: &Distances, city: u32, mut candidates: Vec<u32>, each: usize, lists: &mut Vec<u32>) {
    candidates.retain(|&other| other != city);
    let key = |&other: &u32| (distances.weight(city, other), other);
    if each < candidates.len() {
        candidates.select_nth_unstable_by_key(each, key);
        candidates.truncate(each);
    }
    candidates.sort_unstable_by_key(key);
    lists.extend(candidates);
}

/// Points by square cells, about two a cell.
struct Grid {
    low: (f64, f64),
    cell: f64,
    columns: usize,
    rows: usize,
    cells: Vec<Vec<u32>>,
}

impl Grid {
    fn new(points: &[(f64, f64)]) -> Self {
        let (mut low, mut high) = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        for point in points {
            low = (low.0.min(point.0), low.1.min(point.1));
            high = (high.0.max(point.0), high.1.max(point.1));
        }
        let longer = (high.0 - low.0).max(high.1 - low.1).max(f64::MIN_POSITIVE);
        let area = (high.0 - low.0).max(longer / 1e3) * (high.1 - low.1).max(longer / 1e3);
        let cell = (area * 2.0 / points.len() as f64).sqrt();
        let mut grid = Self { low, cell, columns: 0, rows: 0, cells: Vec::new() };
        grid.columns = grid.index(high.0 - low.0) + 1;
        grid.rows = grid.index(high.1 - low.1) + 1;
        grid.cells = vec![Vec::new(); grid.columns * grid.rows];
        for (city, point) in points.iter().enumerate() {
            let (column, row) = (grid.index(point.0 - low.0), grid.index(point.1 - low.1));
            grid.cells[row * grid.columns + column].push(city as u32);
        }
        grid
    }

    /// At least `each + 1` cities around a point (itself among them): rings of cells, one more than is needed.
    fn around(&self, point: (f64, f64), each: usize) -> Vec<u32> {
        let (column, row) = (self.index(point.0 - self.low.0), self.index(point.1 - self.low.1));
        let mut found = Vec::new();
        let mut enough = false;
        for ring in 0..self.columns.max(self.rows) {
            for row_in in row.saturating_sub(ring)..=(row + ring).min(self.rows - 1) {
                for column_in in column.saturating_sub(ring)..=(column + ring).min(self.columns - 1) {
                    if row_in.abs_diff(row).max(column_in.abs_diff(column)) == ring {
                        found.extend_from_slice(&self.cells[row_in * self.columns + column_in]);
                    }
                }
            }
            if enough {
                break;
            }
            enough = found.len() > each;
        }
        found
    }

    fn index(&self, offset: f64) -> usize {
        // Saturates; offsets are not negative.
        #[allow(clippy::cast_sign_loss)]
        let index = (offset / self.cell) as usize;
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsplib::WeightType;

    fn scattered(cities: usize) -> Instance {
        let points: Vec<_> =
            (0..cities).map(|i| ((i * 7919 % 10_007) as f64, (i * 104_729 % 9_973) as f64)).collect();
        Instance::from_points("scattered", WeightType::Euc2d, &points).unwrap()
    }

    #[test]
    fn few_cities_have_fewer_neighbours() {
        let instance = scattered(4);
        let neighbours = Neighbours::new(&instance, &Distances::new(&instance), 10);
        let mut of_two = neighbours.of(2).to_vec();
        of_two.sort_unstable();
        assert_eq!(of_two, [0, 1, 3]);
    }

    #[test]
    fn the_grid_finds_what_comparing_all_pairs_finds() {
        let instance = scattered(4000);
        let distances = Distances::new(&instance);
        let neighbours = Neighbours::new(&instance, &distances, 5);
        for city in (0..4000).step_by(97) {
            let mut expected = Vec::new();
            nearest(&distances, city, (0..4000).collect(), 5, &mut expected);
            let lengths =
                |list: &[u32]| list.iter().map(|&to| distances.weight(city, to)).collect::<Vec<_>>();
            assert_eq!(lengths(neighbours.of(city)), lengths(&expected), "city {city}");
        }
    }

    #[test]
    fn cities_at_one_place_are_no_trouble() {
        let instance = Instance::from_points("heap", WeightType::Euc2d, &vec![(1.0, 1.0); 3001]).unwrap();
        let neighbours = Neighbours::new(&instance, &Distances::new(&instance), 3);
        assert_eq!(neighbours.of(3000), [0, 1, 2]);
    }
}
