//! Figures of several runs.

/// Figures of one kind, sorted.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    sorted: Vec<f64>,
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }
}

impl Samples {
    /// The figure in the middle, of an even number the lower one; NaN of none.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.at(50)
    }

    /// The figure that nine in ten do not exceed; NaN of none.
    #[must_use]
    pub fn p90(&self) -> f64 {
        self.at(90)
    }

    /// The highest; NaN of none.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.at(100)
    }

    /// By the nearest rank.
    fn at(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let samples: Samples = (1..=40).rev().map(f64::from).collect();
        assert_eq!((samples.median(), samples.p90(), samples.max()), (20.0, 36.0, 40.0));
        assert!(Samples::default().median().is_nan());
    }
}
