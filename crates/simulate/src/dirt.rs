//! The dirty rows among the orders, in known numbers, as exports of real shops have them.

use perennial_math::random::uniform_open;

use crate::{World, chunks::order_id, output::Format, world::Domain};

/// What is wrong with a row that is put into the orders on purpose.
///
/// Each is made from the clean order before it and has no lines and no refund of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirtKind {
    /// Another order without a customer.
    Guest,
    /// The same row once more, with the same order id.
    ExactDuplicate,
    /// Another order on a day that does not exist; in text only, because a typed column cannot hold it.
    BrokenDate,
    /// Another order in the year 2099.
    FutureDate,
    /// A credit note: a negative total under an order id of its own.
    NegativeRow,
    /// Another order that was cancelled.
    Cancelled,
}

impl DirtKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Guest,
        Self::ExactDuplicate,
        Self::BrokenDate,
        Self::FutureDate,
        Self::NegativeRow,
        Self::Cancelled,
    ];

    /// The kind's name in counts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::ExactDuplicate => "exact_duplicate",
            Self::BrokenDate => "broken_date",
            Self::FutureDate => "future_date",
            Self::NegativeRow => "negative_row",
            Self::Cancelled => "cancelled",
        }
    }

    fn fits(self, format: Format) -> bool {
        self != Self::BrokenDate || format == Format::Csv
    }
}

/// A dirty row: made from the clean order at `place` (from 0) and written after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DirtyRow {
    pub(crate) place: usize,
    pub(crate) kind: DirtKind,
    /// The `order_id` of the row, unless it repeats the clean one's.
    pub(crate) order_id: i64,
}

impl World {
    /// The dirty rows for `orders` clean ones, by place: of each kind the same number, spread over all the orders.
    pub(crate) fn dirty_rows(&self, orders: usize, format: Format) -> Vec<DirtyRow> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most half the orders"
        )]
        let each = (self.settings.dirty_share * orders as f64).ceil() as usize;
        let mut rows = Vec::new();
        for kind in DirtKind::ALL.into_iter().filter(|kind| kind.fits(format)) {
            let rng = &mut self.stream(Domain::Dirt, kind as u64);
            let step = orders as f64 / each as f64;
            for i in 0..each {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "below the orders"
                )]
                let place = ((i as f64 + uniform_open(rng)) * step) as usize;
                rows.push(DirtyRow { place: place.min(orders - 1), kind, order_id: 0 });
            }
        }
        rows.sort_unstable();
        for (i, row) in rows.iter_mut().enumerate() {
            row.order_id = order_id(orders + i);
        }
        rows
    }
}
