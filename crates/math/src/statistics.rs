//! Quantiles and moments of a sample.

/// The p-quantile of `values` by linear interpolation between the order statistics (type 7 of Hyndman and Fan,
/// 1996; the default of R and `NumPy`), found by selection: the slice is reordered, not sorted.
///
/// `NaN` for an empty slice, for p outside [0, 1], and where a `NaN` among the values is selected.
#[must_use]
pub fn quantile(values: &mut [f64], p: f64) -> f64 {
    if values.is_empty() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let position = (values.len() - 1) as f64 * p;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position <= len - 1")]
    let index = position.floor() as usize;
    let fraction = position - position.floor();
    let (_, &mut lower, above) = values.select_nth_unstable_by(index, f64::total_cmp);
    if fraction == 0.0 {
        return lower;
    }
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
    lower + fraction * (upper - lower)
}

/// The weighted p-quantile: the smallest value at which the cumulated weight reaches p times the total weight.
///
/// Each pair is (value, weight); the slice is sorted by value. Pairs with a weight that is not positive are left
/// out. `NaN` when no weight is left or p is outside [0, 1].
#[must_use]
pub fn weighted_quantile(pairs: &mut [(f64, f64)], p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let weighted = || pairs.iter().filter(|pair| pair.1 > 0.0);
    let target = p * weighted().map(|pair| pair.1).sum::<f64>();
    let mut cumulated = 0.0;
    let mut last = f64::NAN;
    for &(value, weight) in weighted() {
        cumulated += weight;
        last = value;
        if cumulated >= target {
            break;
        }
    }
    last
}

/// The arithmetic mean; `NaN` for an empty slice.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample variance with divisor n - 1, in two passes; `NaN` for fewer than two values.
#[must_use]
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let center = mean(values);
    values.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / (values.len() - 1) as f64
}
