//! Rounds: candidates measured in turn, A B C A B C, so that a machine that drifts drifts for all.
//!
//! Reported are the median and the best of the rounds, and for ratios the median of the pairwise
//! ratios with the 2.5 and 97.5 percentiles of resampled medians.

/// One figure per round, in the unit of whoever measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(pub(crate) Vec<f64>);

impl Rounds {
    /// The middle value.
    pub(crate) fn median(&self) -> f64 {
        median(&mut self.0.clone())
    }

    /// This over that, round by round.
    pub(crate) fn over(&self, other: &Rounds) -> Rounds {
        Rounds(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect())
    }

    /// This less that, round by round.
    pub(crate) fn less(&self, other: &Rounds) -> Rounds {
        Rounds(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours - theirs).collect())
    }

    /// A 95 % interval of the median, by resampling the rounds with a fixed seed.
    pub(crate) fn interval(&self) -> (f64, f64) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let count = self.0.len() as u64;
        let mut medians: Vec<f64> = (0..2000)
            .map(|_| {
                let mut sample: Vec<f64> =
                    self.0.iter().map(|_| self.0[(draw() % count) as usize]).collect();
                median(&mut sample)
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        (medians[50], medians[1949])
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Measures each candidate once a round, in turn, for this many rounds.
pub(crate) fn interleave<C>(
    rounds: usize,
    candidates: &mut [C],
    mut measure: impl FnMut(&mut C) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Rounds>> {
    let mut results = vec![Rounds::default(); candidates.len()];
    for _ in 0..rounds {
        for (candidate, result) in candidates.iter_mut().zip(&mut results) {
            result.0.push(measure(candidate)?);
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median() {
        let rounds = Rounds(vec![3.0, 1.0, 2.0, 5.0, 4.0]);
        let (low, high) = rounds.interval();
        assert_eq!(rounds.median(), 3.0);
        assert!(low <= 3.0 && 3.0 <= high && low < high);
    }
}
