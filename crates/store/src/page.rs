//! Lists that may be long are read in pages, newest first.

/// A page of a list: the newest entries, or those before a given one.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Only entries with a smaller number than this; `None` begins with the newest.
    pub before: Option<i64>,
    /// At most this many entries, and never more than [`Page::LIMIT`].
    pub limit: u64,
}

impl Page {
    /// The most that one page holds.
    pub const LIMIT: u64 = 1000;

    /// The newest entries.
    #[must_use]
    pub const fn newest(limit: u64) -> Self {
        Self { before: None, limit }
    }

    /// The page after one whose last entry has this number.
    #[must_use]
    pub const fn before(number: i64, limit: u64) -> Self {
        Self { before: Some(number), limit }
    }

    pub(crate) fn before_or_all(self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }

    pub(crate) fn bounded_limit(self) -> i64 {
        bounded(self.limit, Self::LIMIT)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::newest(100)
    }
}

/// A limit as a database takes it.
pub(crate) fn bounded(limit: u64, most: u64) -> i64 {
    i64::try_from(limit.min(most)).unwrap_or(i64::MAX)
}
