use std::{fmt, str::FromStr};

/// How the weight of an edge is computed: `EDGE_WEIGHT_TYPE`.
///
/// The rounding is that of Reinelt, TSPLIB 95, section 2 ("The distance functions").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WeightType {
    /// Euclidean distance in the plane, rounded to the nearest whole number.
    Euc2d,
    /// Euclidean distance in the plane, rounded up.
    Ceil2d,
    /// Pseudo-Euclidean distance of the instances att48 and att532.
    Att,
    /// Distance on a sphere of radius 6378.388 km; coordinates are latitude and longitude as `DDD.MM`.
    ///
    /// Degrees are taken by truncation, `(int) x`, as TSPLIB's own FAQ and code do and as the published optima
    /// require. The description of 1995 writes `nint`, and some programs follow it: they get other lengths.
    Geo,
    /// The file lists the weights.
    Explicit,
}

/// Every accepted `EDGE_WEIGHT_TYPE`, as messages list them.
pub(super) const WEIGHT_TYPES: &str = "EUC_2D, CEIL_2D, ATT, GEO, EXPLICIT";

/// The coordinates of [`WeightType::Geo`], as messages state them.
pub(super) const GEO_RANGE: &str =
    "latitude from -90 to 90 and longitude from -180 to 180 degrees, as DDD.MM";

impl WeightType {
    /// What is wrong with a point's coordinates, as the file states them; only [`Geo`](Self::Geo) has limits.
    pub(super) fn out_of_range(self, (latitude, longitude): (f64, f64)) -> Option<String> {
        if self != Self::Geo {
            return None;
        }
        [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)]
            .into_iter()
            .find(|(_, degrees, most)| degrees.abs() > *most)
            .map(|(what, degrees, most)| format!("{what} {degrees:?} is beyond {most} degrees"))
    }

    /// The weight between two points; for [`Geo`](Self::Geo) the points are [`radians`] already.
    ///
    /// [`Explicit`](Self::Explicit) has no distance function and gives 0.
    pub(super) fn weight(self, from: (f64, f64), to: (f64, f64)) -> i32 {
        let (dx, dy) = (from.0 - to.0, from.1 - to.1);
        match self {
            // nint(x) is (int) (x + 0.5) in the description; f64::round would differ for no distance (x >= 0), but
            // this is how the source says it.
            Self::Euc2d => ((dx * dx + dy * dy).sqrt() + 0.5) as i32,
            Self::Ceil2d => (dx * dx + dy * dy).sqrt().ceil() as i32,
            Self::Att => {
                let exact = ((dx * dx + dy * dy) / 10.0).sqrt();
                let nearest = (exact + 0.5) as i32;
                if f64::from(nearest) < exact { nearest + 1 } else { nearest }
            }
            Self::Geo => {
                const RADIUS_KM: f64 = 6378.388;
                let ((from_latitude, from_longitude), (to_latitude, to_longitude)) = (from, to);
                let q1 = (from_longitude - to_longitude).cos();
                let q2 = (from_latitude - to_latitude).cos();
                let q3 = (from_latitude + to_latitude).cos();
                let cosine = 0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3);
                // Rounding may carry the cosine of a tiny angle past 1, whose arc cosine is no number.
                (RADIUS_KM * cosine.clamp(-1.0, 1.0).acos() + 1.0) as i32
            }
            Self::Explicit => 0,
        }
    }
}

/// A `GEO` coordinate `DDD.MM` (degrees and minutes) in radians, with TSPLIB's `PI = 3.141592`.
pub(super) fn radians(degrees_minutes: f64) -> f64 {
    // Not std's PI: the published lengths were computed with these six decimals.
    #[allow(clippy::approx_constant)]
    const PI: f64 = 3.141_592;
    let degrees = degrees_minutes.trunc();
    let minutes = degrees_minutes - degrees;
    PI * (degrees + 5.0 * minutes / 3.0) / 180.0
}

impl FromStr for WeightType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "EUC_2D" => Self::Euc2d,
            "CEIL_2D" => Self::Ceil2d,
            "ATT" => Self::Att,
            "GEO" => Self::Geo,
            "EXPLICIT" => Self::Explicit,
            _ => return Err(()),
        })
    }
}

impl fmt::Display for WeightType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Euc2d => "EUC_2D",
            Self::Ceil2d => "CEIL_2D",
            Self::Att => "ATT",
            Self::Geo => "GEO",
            Self::Explicit => "EXPLICIT",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plane_distances_round_as_prescribed() {
        // 5 exactly, sqrt(2) = 1.41.., sqrt(12.5) = 3.53..
        for (to, euclidean, ceiling) in
            [((3.0, 4.0), 5, 5), ((1.0, 1.0), 1, 2), ((2.5, 2.5), 4, 4), ((0.0, 0.0), 0, 0)]
        {
            assert_eq!(WeightType::Euc2d.weight((0.0, 0.0), to), euclidean);
            assert_eq!(WeightType::Ceil2d.weight((0.0, 0.0), to), ceiling);
        }
    }

    #[test]
    fn att_never_rounds_down() {
        // sqrt(90 / 10) = 3 exactly; sqrt(91 / 10) = 3.016.. becomes 4, not 3.
        assert_eq!(WeightType::Att.weight((0.0, 0.0), (9.0, 3.0)), 3);
        assert_eq!(WeightType::Att.weight((0.0, 0.0), (8.0, 27f64.sqrt())), 4);
    }

    #[test]
    fn geo_follows_the_published_example_points() {
        // burma14, nodes 1 and 2; ulysses16, nodes 1 and 2 (weights of the published matrices).
        let distance = |a: (f64, f64), b: (f64, f64)| {
            WeightType::Geo.weight((radians(a.0), radians(a.1)), (radians(b.0), radians(b.1)))
        };
        assert_eq!(distance((16.47, 96.10), (16.47, 94.44)), 153);
        assert_eq!(distance((38.24, 20.42), (39.57, 26.15)), 509);
        assert_eq!(distance((38.24, 20.42), (38.24, 20.42)), 1, "two cities at one place are 1 km apart");
    }

    #[test]
    fn names_round_trip() {
        for name in WEIGHT_TYPES.split(", ") {
            assert_eq!(name.parse::<WeightType>().map(|kind| kind.to_string()), Ok(name.to_owned()));
        }
        assert_eq!("EUC_3D".parse::<WeightType>(), Err(()));
    }
}
