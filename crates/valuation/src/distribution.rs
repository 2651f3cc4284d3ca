//! How a figure is spread over customers: histogram, Lorenz curve, Gini coefficient, share of the top tenth.

use crate::figures::{Bin, Distribution};

/// The most bins between the edges; tails beyond them get a bin each.
const BINS: f64 = 30.0;

/// One customer in this many may lie beyond each outer edge of the equal bins.
const TAIL: usize = 100;

/// The steps of the Lorenz curve, at most.
const STEPS: usize = 100;

impl Distribution {
    /// How `values`, one per customer, are spread. Sorts them and drops what is not finite.
    ///
    /// The bins are equally wide with readable edges between the 1st and the 99th percentile; what lies beyond falls into
    /// one wider bin on either side. Concentration is about who holds the value: a customer below zero (more refunds
    /// than orders) holds none and counts as zero in the Lorenz curve, the Gini coefficient and the top tenth's share.
    /// Where nobody holds anything, the curve is empty and both numbers are 0.
    #[must_use]
    pub fn new(figure: &str, values: &mut Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        let top_decile = values.len().div_ceil(10);
        let held = held_from_the_top(values);
        let share =
            |customers: usize| held.get(customers).zip(held.last()).map_or(0.0, |(part, all)| part / all);
        Self {
            figure: figure.to_owned(),
            histogram: histogram(values),
            concentration: lorenz(&held),
            gini: gini(values),
            top_decile_share: share(top_decile),
            top_decile_customers: top_decile as u64,
        }
    }
}

/// The fewest customers that together hold `share` of all value; `None` where nobody holds anything.
///
/// `sorted` is what [`Distribution::new`] leaves: finite and ascending.
#[must_use]
pub(crate) fn fewest_holding(share: f64, sorted: &[f64]) -> Option<u64> {
    let held = held_from_the_top(sorted);
    let wanted = held.last()? * share;
    Some(held.partition_point(|part| *part < wanted) as u64)
}

/// What the k most valuable customers hold together, for k from 0 to all; empty where nobody holds anything.
fn held_from_the_top(sorted: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut held = Vec::with_capacity(sorted.len() + 1);
    held.push(sum);
    held.extend(sorted.iter().rev().map(|value| {
        sum += value.max(0.0);
        sum
    }));
    if sum > 0.0 && sum.is_finite() { held } else { Vec::new() }
}

/// The Lorenz curve from the most valuable customers down.
fn lorenz(held: &[f64]) -> Vec<(f64, f64)> {
    let Some((all, customers)) = held.last().zip(held.len().checked_sub(1)) else { return Vec::new() };
    let steps = customers.min(STEPS);
    (0..=steps)
        .map(|step| {
            let count = step * customers / steps;
            (count as f64 / customers as f64, held[count] / all)
        })
        .collect()
}

/// The Gini coefficient of ascending values, negative ones as zero: `sum (2i - n - 1) x_i / (n sum x_i)`, i from 1.
fn gini(sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let (weighted, sum) = sorted.iter().enumerate().fold((0.0, 0.0), |(weighted, sum), (i, value)| {
        let value = value.max(0.0);
        (weighted + (2.0 * i as f64 + 1.0 - n) * value, sum + value)
    });
    let gini = weighted / (n * sum);
    // Rounding alone can leave it a hair outside.
    if gini.is_finite() { gini.clamp(0.0, 1.0) } else { 0.0 }
}

/// Ascending values in bins: contiguous, each value in exactly one.
fn histogram(sorted: &[f64]) -> Vec<Bin> {
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let edges = edges(sorted, min, max).unwrap_or_else(|| vec![min, max]);
    let last = edges.len() - 2;
    edges
        .windows(2)
        .enumerate()
        .map(|(i, edge)| {
            let (from, to) = (edge[0], edge[1]);
            let below = sorted.partition_point(|value| *value < from);
            let up_to = if i == last { sorted.len() } else { sorted.partition_point(|value| *value < to) };
            Bin { from, to, customers: (up_to - below) as u64 }
        })
        .collect()
}

/// The edges of the bins, at least two, the first at most `min` and the last at least `max`; `None` where the values are
/// too alike for more than one bin.
fn edges(sorted: &[f64], min: f64, max: f64) -> Option<Vec<f64>> {
    let tail = sorted.len() / TAIL;
    let (mut low, mut high) = (sorted[tail], sorted[sorted.len() - 1 - tail]);
    if low >= high {
        (low, high) = (min, max);
    }
    let step = Step::for_width((high - low) / (BINS - 2.0))?;
    let (first, last) = (step.index(low), step.index(high) + 1.0);
    // Where the spread is lost beside the size of the values, edges would coincide.
    if first.abs().max(last.abs()) > 1e15 {
        return None;
    }
    let mut edges = Vec::new();
    if min < step.edge(first) {
        edges.push(min);
    }
    let mut index = first;
    while index <= last {
        edges.push(step.edge(index));
        index += 1.0;
    }
    if max >= step.edge(last) {
        edges.push(max);
    }
    edges.dedup();
    Some(edges)
}

/// A readable width of bins: 1, 2, 2.5 or 5 times a power of ten.
#[derive(Clone, Copy)]
struct Step {
    mantissa: f64,
    exponent: i32,
}

impl Step {
    /// The narrowest step not below `width`; `None` when the width is not above zero or too extreme for one.
    fn for_width(width: f64) -> Option<Self> {
        if !(width.is_finite() && width > 0.0) {
            return None;
        }
        // One decimal lower, so that 2.5 is a whole 25.
        #[allow(clippy::cast_possible_truncation, reason = "the logarithm of a finite number is below 400")]
        let exponent = width.log10().floor() as i32 - 1;
        if exponent.abs() > 290 {
            return None;
        }
        let mantissas = [10.0, 20.0, 25.0, 50.0, 100.0];
        let steps = mantissas.map(|mantissa| Self { mantissa, exponent });
        Some(steps.into_iter().find(|step| step.edge(1.0) >= width).unwrap_or(steps[4]))
    }

    /// The edge of this number. Divided by a whole power of ten where that is below one, so that 3 x 0.1 is 0.3.
    fn edge(self, index: f64) -> f64 {
        let power = 10f64.powi(self.exponent.abs());
        if self.exponent < 0 { index * self.mantissa / power } else { index * self.mantissa * power }
    }

    /// The number of the last edge at or below `value`.
    fn index(self, value: f64) -> f64 {
        let guess = (value / self.edge(1.0)).floor();
        if self.edge(guess) > value {
            guess - 1.0
        } else if self.edge(guess + 1.0) <= value {
            guess + 1.0
        } else {
            guess
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected numbers are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distribution(values: &[f64]) -> Distribution {
        Distribution::new("total_clv", &mut values.to_vec())
    }

    /// By hand: 1, 2, 3, 4 have a Gini of (-3 - 2 + 3 + 12) / (4 x 10) = 0.25.
    #[test]
    fn four_customers_by_hand() {
        let d = distribution(&[3.0, 1.0, 4.0, 2.0]);
        assert_eq!(d.concentration, [(0.0, 0.0), (0.25, 0.4), (0.5, 0.7), (0.75, 0.9), (1.0, 1.0)]);
        assert_eq!(d.gini, 0.25);
        assert_eq!((d.top_decile_customers, d.top_decile_share), (1, 0.4));
        assert_eq!(fewest_holding(0.5, &[1.0, 2.0, 3.0, 4.0]), Some(2));
        assert_eq!(fewest_holding(0.4, &[1.0, 2.0, 3.0, 4.0]), Some(1));
    }

    #[test]
    fn customers_who_are_alike_have_no_concentration() {
        let d = distribution(&[5.0; 20]);
        assert_eq!(d.gini, 0.0);
        assert_eq!((d.top_decile_customers, d.top_decile_share), (2, 0.1));
        assert_eq!(d.histogram, [Bin { from: 5.0, to: 5.0, customers: 20 }]);
    }

    #[test]
    fn one_customer_with_everything_has_a_gini_of_n_minus_1_over_n() {
        let mut values = vec![0.0; 9];
        values.push(7.0);
        let d = distribution(&values);
        assert!((d.gini - 0.9).abs() < 1e-15);
        assert_eq!(d.top_decile_share, 1.0);
    }

    /// A customer with more refunds than orders holds nothing; the others' shares are of what is held.
    #[test]
    fn a_customer_below_zero_holds_nothing() {
        let d = distribution(&[-50.0, 10.0, 30.0]);
        assert_eq!(d.concentration, [(0.0, 0.0), (1.0 / 3.0, 0.75), (2.0 / 3.0, 1.0), (1.0, 1.0)]);
        assert_eq!(d.histogram.iter().map(|bin| bin.customers).sum::<u64>(), 3);
        assert!(d.histogram[0].from <= -50.0);
    }

    #[test]
    fn where_nobody_holds_anything_there_is_no_curve() {
        for values in [&[][..], &[0.0, 0.0], &[-3.0, -1.0], &[f64::NAN]] {
            let d = distribution(values);
            assert!(d.concentration.is_empty());
            assert_eq!((d.gini, d.top_decile_share), (0.0, 0.0));
            assert_eq!(fewest_holding(0.5, &[]), None);
        }
        assert!(distribution(&[]).histogram.is_empty());
    }

    /// 0, 1, ... 999 lie between 0 and 1,000 in steps of 50; one customer of 1,000,000 has a bin of his own.
    #[test]
    fn a_heavy_tail_has_one_open_bin() {
        let mut values: Vec<f64> = (0..999).map(f64::from).collect();
        values.push(1e6);
        let d = distribution(&values);
        let edges: Vec<f64> = d.histogram.iter().map(|bin| bin.from).collect();
        assert_eq!(edges[..3], [0.0, 50.0, 100.0]);
        assert_eq!(d.histogram.last(), Some(&Bin { from: 1000.0, to: 1e6, customers: 1 }));
        assert_eq!(d.histogram[0].customers, 50);
        assert_eq!(d.histogram.len(), 21);
    }

    #[test]
    fn edges_below_one_are_readable() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i) / 40.0).collect();
        let edges: Vec<f64> = distribution(&values).histogram.iter().map(|bin| bin.from).collect();
        assert_eq!(edges[..5], [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    proptest! {
        #[test]
        fn every_customer_is_in_exactly_one_bin(mut values in prop::collection::vec(-1e6..1e9, 1..400)) {
            let d = Distribution::new("total_clv", &mut values);
            prop_assert_eq!(d.histogram.iter().map(|bin| bin.customers).sum::<u64>(), values.len() as u64);
            prop_assert!(d.histogram.len() <= 33);
            prop_assert!(d.histogram[0].from <= values[0]);
            prop_assert!(d.histogram[d.histogram.len() - 1].to >= values[values.len() - 1]);
            for pair in d.histogram.windows(2) {
                prop_assert_eq!(pair[0].to, pair[1].from);
                prop_assert!(pair[0].from < pair[0].to);
            }
        }

        #[test]
        fn the_curve_rises_ever_more_slowly_and_twice_its_area_less_one_is_gini(
            mut values in prop::collection::vec(0.0..1e6, 2..100),
        ) {
            let d = Distribution::new("total_clv", &mut values);
            prop_assert!(d.concentration.len() <= 101);
            prop_assert_eq!(d.concentration[0], (0.0, 0.0));
            prop_assert_eq!(d.concentration[d.concentration.len() - 1], (1.0, 1.0));
            let slopes: Vec<f64> =
                d.concentration.windows(2).map(|p| (p[1].1 - p[0].1) / (p[1].0 - p[0].0)).collect();
            prop_assert!(slopes.windows(2).all(|s| s[1] <= s[0] + 1e-9));
            let area: f64 =
                d.concentration.windows(2).map(|p| (p[1].0 - p[0].0) * f64::midpoint(p[0].1, p[1].1)).sum();
            prop_assert!((2.0 * area - 1.0 - d.gini).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&d.gini));
        }

        #[test]
        fn no_number_breaks_it(mut values in prop::collection::vec(proptest::num::f64::ANY, 0..60)) {
            let d = Distribution::new("total_clv", &mut values);
            prop_assert_eq!(d.histogram.iter().map(|bin| bin.customers).sum::<u64>(), values.len() as u64);
            prop_assert!((0.0..=1.0).contains(&d.gini));
            prop_assert!((0.0..=1.0).contains(&d.top_decile_share));
        }
    }
}
