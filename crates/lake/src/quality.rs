//! What became of every row: used, refused for a reason, or treated in a stated way. `report.rs` checks whole sources, `gaps.rs`
//! finds days on which orders are missing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants carry a stable `snake_case` code.
macro_rules! coded {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code, as it stands in quarantine files and JSON.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

pub(crate) mod gaps;
pub(crate) mod report;

coded! {
    /// Why a row could not be used. Refused rows stand in the quarantine file.
    Refusal {
        /// The row has another number of fields than the header, or is not valid JSON.
        BrokenRow = "broken_row";
        /// No customer: a guest without an address, or an empty identifier.
        NoCustomer = "no_customer";
        /// The date is empty.
        NoDate = "no_date";
        /// The date cannot be read.
        BadDate = "bad_date";
        /// The date lies after now.
        FutureDate = "future_date";
        /// The amount, quantity, price, refund or cost is empty or cannot be read.
        BadAmount = "bad_amount";
        /// The amount does not fit exact arithmetic.
        AmountTooLarge = "amount_too_large";
        /// The payment failed.
        PaymentFailed = "payment_failed";
        /// The payment has not arrived, or was only authorised.
        NotPaid = "not_paid";
        /// A value that the row needs is empty.
        MissingValue = "missing_value";
        /// A number, truth value or other value cannot be read.
        BadValue = "bad_value";
    }
}

coded! {
    /// What was done to a row that needed a decision.
    Treatment {
        /// A row equal in all fields to an earlier row of the same order.
        ExactDuplicate = "exact_duplicate";
        /// An order that came again as a whole.
        ReplacedOrder = "replaced_order";
        /// Lines of an order that an earlier file already holds.
        OverlappingFile = "overlapping_file";
        /// An order that an earlier source already holds: its copy is left out.
        OtherSource = "other_source";
        /// Equal lines within one order, kept as two units of the same article.
        RepeatedLine = "repeated_line";
        /// Rows without an order number that are equal in customer, day and amount.
        EqualRows = "equal_rows";
        /// A cancelled order: none.
        CancelledOrder = "cancelled_order";
        /// An order refunded to nothing: none.
        WhollyRefundedOrder = "wholly_refunded_order";
        /// A refund that lowers the order it belongs to.
        LinkedRefund = "linked_refund";
        /// A refund or credit note whose order is not known.
        UnlinkedRefund = "unlinked_refund";
        /// An order of amount zero, kept.
        ZeroAmount = "zero_amount";
        /// An order of amount zero, dropped as asked.
        ZeroDropped = "zero_dropped";
        /// An amount with more than six decimals.
        RoundedAmount = "rounded_amount";
        /// An amount converted with a given rate.
        Converted = "converted";
        /// A row without any content.
        BlankRow = "blank_row";
    }
}

impl Treatment {
    /// Whether the rows counted under it are left out of [`Quality::rows_used`].
    #[must_use]
    pub fn drops_rows(self) -> bool {
        matches!(self, Self::ExactDuplicate | Self::ReplacedOrder | Self::OverlappingFile | Self::BlankRow)
    }
}

/// Identifiers of some rows that a count is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples(Vec<String>);

impl Examples {
    /// As many are kept as a person looks up.
    const MOST: usize = 5;

    pub(crate) fn add(&mut self, example: &str) {
        if !self.is_full() && !self.0.iter().any(|known| known == example) {
            self.0.push(example.to_owned());
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// The account of all rows: `rows_read` = `rows_used` + refused + rows that a treatment dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// Rows in the files, without headers.
    pub rows_read: u64,
    /// Rows that entered an order or a refund.
    pub rows_used: u64,
    /// Rows refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Where some of them stand, by reason.
    #[serde(skip)]
    pub refused_at: BTreeMap<Refusal, Examples>,
    /// Rows or orders treated, by treatment.
    pub treated: BTreeMap<Treatment, u64>,
    /// The file that holds the refused rows, when one was asked for.
    pub quarantine: Option<PathBuf>,
}

impl Quality {
    /// The account of no rows.
    pub(crate) const fn none() -> Self {
        Self {
            rows_read: 0,
            rows_used: 0,
            refused: BTreeMap::new(),
            refused_at: BTreeMap::new(),
            treated: BTreeMap::new(),
            quarantine: None,
        }
    }

    /// Rows refused for any reason.
    #[must_use]
    pub fn rows_refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Rows left out by a treatment.
    #[must_use]
    pub fn rows_dropped(&self) -> u64 {
        self.treated.iter().filter(|(treatment, _)| treatment.drops_rows()).map(|(_, rows)| rows).sum()
    }

    pub(crate) fn refuse(&mut self, reason: Refusal, rows: u64) {
        if rows > 0 {
            *self.refused.entry(reason).or_default() += rows;
        }
    }

    pub(crate) fn treat(&mut self, treatment: Treatment, rows: u64) {
        if rows > 0 {
            *self.treated.entry(treatment).or_default() += rows;
        }
    }

    /// Derives `rows_used` from the other counts.
    pub(crate) fn close(&mut self) {
        self.rows_used = self.rows_read.saturating_sub(self.rows_refused() + self.rows_dropped());
    }

    /// Adds the account of other rows. The quarantine files stay apart.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        other.refused.iter().for_each(|(reason, rows)| self.refuse(*reason, *rows));
        for (reason, examples) in &other.refused_at {
            let own = self.refused_at.entry(*reason).or_default();
            examples.0.iter().for_each(|example| own.add(example));
        }
        other.treated.iter().for_each(|(treatment, rows)| self.treat(*treatment, *rows));
        self.close();
    }

    /// The refusals in words, for an error message.
    pub(crate) fn reasons(&self) -> String {
        if self.refused.is_empty() && self.treated.is_empty() {
            return "there are none".to_owned();
        }
        let refused = self.refused.iter().map(|(reason, rows)| format!("{rows} {reason}"));
        let treated = self.treated.iter().map(|(treatment, rows)| format!("{rows} {treatment}"));
        refused.chain(treated).collect::<Vec<_>>().join(", ")
    }
}
