//! Parts of long lists: pages of quizzes, windows on everything else.

use super::field::Field;
use super::limits;
use crate::fault::Fault;

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Which, from 1.
    pub page: u32,
    /// Items of one page.
    pub limit: u32,
}

impl Page {
    /// Reads `page` and `limit`: the first ten items by default.
    ///
    /// # Errors
    /// One of them is no number in its range (400).
    pub fn read(page: &Field, limit: &Field) -> Result<Self, Fault> {
        let page = page.query_integer("page", 1, u32::MAX, 1)?;
        Ok(Self { page, limit: limit.query_integer("limit", 1, limits::PAGE_ITEMS, 10)? })
    }

    /// Returns how many items come before the page.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.limit)
    }

    /// Returns how many pages `total` items have; none, if there are none.
    #[must_use]
    pub fn total_pages(&self, total: u64) -> u64 {
        total.div_ceil(u64::from(self.limit.max(1)))
    }
}

/// So many items of a list, after so many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Items, at most.
    pub limit: u32,
    /// Items before them.
    pub offset: u32,
}

impl Window {
    /// Reads `limit` and `offset`: the first twenty items by default.
    ///
    /// # Errors
    /// One of them is no number in its range (400).
    pub fn read(limit: &Field, offset: &Field) -> Result<Self, Fault> {
        let limit = limit.query_integer("limit", 1, limits::PAGE_ITEMS, 20)?;
        Ok(Self { limit, offset: offset.query_integer("offset", 0, u32::MAX, 0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Field {
        Field::Text(text.to_owned())
    }

    #[test]
    fn a_page_starts_at_1_and_has_1_to_100_items() {
        let check = |page: Field, limit: Field, expected: Option<(u32, u32)>| {
            assert_eq!(Page::read(&page, &limit).ok().map(|read| (read.page, read.limit)), expected, "{page:?} {limit:?}");
        };
        check(Field::Absent, Field::Absent, Some((1, 10)));
        check(text("3"), text("100"), Some((3, 100)));
        check(text("0"), Field::Absent, None);
        check(text("-1"), Field::Absent, None);
        check(Field::Absent, text("0"), None);
        check(Field::Absent, text("101"), None);
        check(Field::Absent, text("many"), None);
    }

    #[test]
    fn pages_are_counted_as_the_document_counts() {
        let page = Page { page: 3, limit: 10 };
        assert_eq!((page.skipped(), page.total_pages(25), page.total_pages(0), page.total_pages(30)), (20, 3, 0, 3));
        let last = Page { page: u32::MAX, limit: 100 };
        assert_eq!(last.skipped(), 429_496_729_400);
    }

    #[test]
    fn a_window_has_1_to_100_items_after_any_number() {
        let check = |limit: Field, offset: Field, expected: Option<(u32, u32)>| {
            assert_eq!(Window::read(&limit, &offset).ok().map(|read| (read.limit, read.offset)), expected);
        };
        check(Field::Absent, Field::Absent, Some((20, 0)));
        check(text("100"), text("4000000000"), Some((100, 4_000_000_000)));
        check(text("101"), Field::Absent, None);
        check(text("0"), Field::Absent, None);
        check(Field::Absent, text("-1"), None);
    }
}
