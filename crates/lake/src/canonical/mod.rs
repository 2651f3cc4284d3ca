//! From rows to the canonical tables: `purchases`, `refunds`, `linked_refunds`.

pub(crate) mod batches;
pub(crate) mod columnar;
pub(crate) mod extent;
pub(crate) mod interpret;
pub(crate) mod orders;
pub(crate) mod sale;
pub(crate) mod sorted;
pub(crate) mod tables;
pub(crate) mod walk;

/// What is left of a purchase after its refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A transaction worth `spend`, which may be nothing where nothing was to be paid.
    Transaction { spend: i64 },
    /// Nothing is left, and `surplus` more was paid back than had been paid.
    WhollyRefunded { surplus: i64 },
}

/// Nets a purchase.
pub(crate) fn settle(gross: i64, refunded: i64) -> Outcome {
    let net = gross.saturating_sub(refunded);
    if net > 0 || (gross == 0 && refunded == 0) {
        Outcome::Transaction { spend: net }
    } else {
        Outcome::WhollyRefunded { surplus: -net }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_refunded_in_full_is_none_and_a_gift_is_one() {
        assert_eq!(settle(500, 200), Outcome::Transaction { spend: 300 });
        assert_eq!(settle(500, 500), Outcome::WhollyRefunded { surplus: 0 });
        assert_eq!(settle(500, 600), Outcome::WhollyRefunded { surplus: 100 });
        assert_eq!(settle(0, 0), Outcome::Transaction { spend: 0 });
    }
}
