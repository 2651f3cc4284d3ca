//! Harrell's concordance in O(n log n).

use crate::Lifetime;

/// The share of comparable pairs of customers in which the one with the higher risk left first; equal risks count half. `None` without a
/// comparable pair.
///
/// A pair is comparable when one customer left while the other was still under observation and stayed longer, or had an observation
/// that ended at the same time without the customer leaving.
pub(super) fn concordance(lifetimes: &[Lifetime], risks: &[f64]) -> Option<f64> {
    let mut levels = risks.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let level = |risk: f64| levels.partition_point(|level| level.total_cmp(&risk).is_lt());
    let mut order: Vec<usize> = (0..lifetimes.len().min(risks.len())).collect();
    // From the longest duration down; at the same one those who have not left come first.
    order.sort_by(|&one, &other| {
        let by_time = lifetimes[other].duration().total_cmp(&lifetimes[one].duration());
        by_time.then(lifetimes[one].ended().cmp(&lifetimes[other].ended()))
    });
    let key = |customer: usize| (lifetimes[customer].duration().to_bits(), lifetimes[customer].ended());
    let mut longer = Counter::new(levels.len());
    let (mut pairs, mut concordant) = (0.0, 0.0);
    for tied in order.chunk_by(|&one, &next| key(one) == key(next)) {
        if lifetimes[tied[0]].ended() {
            for &customer in tied {
                let level = level(risks[customer]);
                let (below, up_to) = (longer.below(level), longer.below(level + 1));
                pairs += longer.total as f64;
                concordant += below as f64 + 0.5 * (up_to - below) as f64;
            }
        }
        for &customer in tied {
            longer.add(level(risks[customer]));
        }
    }
    (pairs > 0.0).then(|| concordant / pairs)
}

/// Counts per level with prefix sums in logarithmic time (Fenwick, 1994).
struct Counter {
    tree: Vec<u64>,
    total: u64,
}

impl Counter {
    fn new(levels: usize) -> Self {
        Self { tree: vec![0; levels + 1], total: 0 }
    }

    fn add(&mut self, level: usize) {
        self.total += 1;
        let mut node = level + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count += 1;
            node += node & node.wrapping_neg();
        }
    }

    /// How many were added at levels below this one.
    fn below(&self, level: usize) -> u64 {
        let (mut sum, mut node) = (0, level.min(self.tree.len() - 1));
        while node > 0 {
            sum += self.tree[node];
            node &= node - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_concordant_pairs() {
        // Many ties in both.
        let rows: Vec<(Lifetime, f64)> = (0..200_u32)
            .map(|i| {
                let lifetime = Lifetime::new(f64::from(i * 7919 % 23), i * 31 % 5 > 1).expect("a lifetime");
                (lifetime, f64::from(i * 104_729 % 17))
            })
            .collect();
        let (mut pairs, mut concordant) = (0.0, 0.0);
        for (left, risk) in rows.iter().filter(|(lifetime, _)| lifetime.ended()) {
            for (stayed, other) in &rows {
                let longer = stayed.duration() > left.duration()
                    || stayed.duration().total_cmp(&left.duration()).is_eq() && !stayed.ended();
                if longer {
                    pairs += 1.0;
                    concordant += if risk > other {
                        1.0
                    } else if risk < other {
                        0.0
                    } else {
                        0.5
                    };
                }
            }
        }
        let (lifetimes, risks): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let ours = concordance(&lifetimes, &risks).expect("pairs");
        assert!((ours - concordant / pairs).abs() < 1e-14);
        let reversed: Vec<f64> = risks.iter().map(|risk| -risk).collect();
        assert!((concordance(&lifetimes, &reversed).expect("pairs") - (1.0 - ours)).abs() < 1e-14);
        assert_eq!(concordance(&[], &[]), None);
    }
}
