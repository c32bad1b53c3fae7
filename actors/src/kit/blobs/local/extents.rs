//! Where the content of a blob lies in its file: the parts of an upload lie there in the order in which they came.

use std::collections::VecDeque;

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Extent {
    pub(super) const fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Puts stretches that follow each other in the file together, and leaves empty ones out.
pub(super) fn joined(extents: impl IntoIterator<Item = Extent>) -> Vec<Extent> {
    let mut joined: Vec<Extent> = Vec::new();
    for extent in extents.into_iter().filter(|extent| extent.length > 0) {
        match joined.last_mut() {
            Some(last) if last.end() == extent.offset => last.length += extent.length,
            _ => joined.push(extent),
        }
    }
    joined
}

/// Returns where `length` bytes from `offset` of the content lie.
pub(super) fn within(extents: &[Extent], offset: u64, length: u64) -> VecDeque<Extent> {
    let (mut skip, mut left) = (offset, length);
    let mut found = VecDeque::new();
    for extent in extents {
        let skipped = skip.min(extent.length);
        let taken = left.min(extent.length - skipped);
        if taken > 0 {
            found.push_back(Extent { offset: extent.offset + skipped, length: taken });
        }
        (skip, left) = (skip - skipped, left - taken);
    }
    found
}

/// The room in the file of an unfinished upload: parts that are put again, or that break off, leave room for the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    end: u64,
    free: Vec<Extent>,
}

impl Room {
    /// Returns the room beside what is taken.
    pub(super) fn beside(mut taken: Vec<Extent>) -> Self {
        taken.sort_unstable_by_key(|extent| extent.offset);
        let mut room = Self::default();
        for extent in taken.into_iter().filter(|extent| extent.length > 0) {
            let gap = extent.offset.saturating_sub(room.end);
            if gap > 0 {
                room.free.push(Extent { offset: room.end, length: gap });
            }
            room.end = room.end.max(extent.end());
        }
        room
    }

    /// Returns how far the file reaches.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Returns the stretches before the end that nobody has.
    pub(super) fn free(&self) -> &[Extent] {
        &self.free
    }

    /// Takes the smallest stretch that will do, or makes the file longer.
    pub(super) fn take(&mut self, length: u64) -> Extent {
        let fitting = self.free.iter().enumerate().filter(|(_, free)| length > 0 && free.length >= length);
        let Some((at, free)) = fitting.min_by_key(|(_, free)| free.length).map(|(at, free)| (at, *free)) else {
            let taken = Extent { offset: self.end, length };
            self.end = taken.end();
            return taken;
        };
        self.free.swap_remove(at);
        if free.length > length {
            self.free.push(Extent { offset: free.offset + length, length: free.length - length });
        }
        Extent { offset: free.offset, length }
    }

    /// Gives a stretch back.
    pub(super) fn give_back(&mut self, mut extent: Extent) {
        if extent.length == 0 {
            return;
        }
        self.free.retain(|free| {
            let is_neighbour = free.end() == extent.offset || extent.end() == free.offset;
            if is_neighbour {
                extent = Extent { offset: extent.offset.min(free.offset), length: extent.length + free.length };
            }
            !is_neighbour
        });
        if extent.end() == self.end {
            self.end = extent.offset;
        } else {
            self.free.push(extent);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extent(offset: u64, length: u64) -> Extent {
        Extent { offset, length }
    }

    #[test]
    fn neighbours_are_joined() {
        let parts = [extent(10, 5), extent(15, 5), extent(99, 0), extent(0, 10), extent(20, 1)];
        assert_eq!(joined(parts), [extent(10, 10), extent(0, 10), extent(20, 1)]);
        assert_eq!(joined([extent(3, 0)]), []);
    }

    #[test]
    fn the_room_of_a_part_that_broke_off_is_used_again() {
        let mut room = Room::beside(vec![extent(20, 10), extent(0, 10)]);
        assert_eq!((room.end(), room.free()), (30, &[extent(10, 10)][..]));

        assert_eq!(room.take(11), extent(30, 11));
        assert_eq!(room.take(4), extent(10, 4));
        assert_eq!(room.take(6), extent(14, 6));
        room.give_back(extent(14, 6));
        room.give_back(extent(0, 10));
        room.give_back(extent(10, 4));
        assert_eq!((room.end(), room.free()), (41, &[extent(0, 20)][..]));
        room.give_back(extent(30, 11));
        room.give_back(extent(20, 10));
        assert_eq!((room.end(), room.free()), (0, &[][..]));
    }

    proptest! {
        #[test]
        fn every_byte_is_found_where_it_lies(lengths in prop::collection::vec(0u64..6, 0..8), from in 0u64..50, count in 0u64..50) {
            // A file whose parts lie in reverse order, a gap between them.
            let mut extents = Vec::new();
            let mut end = 0;
            for length in lengths.iter().rev() {
                extents.insert(0, extent(end + 1, *length));
                end += 1 + length;
            }
            let content: Vec<u64> = extents.iter().flat_map(|extent| extent.offset..extent.end()).collect();
            let expected: Vec<u64> = content.iter().copied().skip(from as usize).take(count as usize).collect();

            let found = within(&joined(extents.iter().copied()), from, count);

            prop_assert_eq!(found.iter().flat_map(|extent| extent.offset..extent.end()).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn no_room_is_given_twice(steps in prop::collection::vec((any::<bool>(), 0u64..7), 0..60)) {
            let mut room = Room::default();
            let mut taken: Vec<Extent> = Vec::new();
            for (takes, number) in steps {
                if takes || taken.is_empty() {
                    let new = room.take(number);
                    let overlaps = |one: &Extent| new.offset.max(one.offset) < new.end().min(one.end());
                    let overlaps = taken.iter().any(overlaps);
                    prop_assert!(!overlaps, "{:?} is taken: {:?}", new, taken);
                    taken.push(new);
                } else {
                    let at = number as usize % taken.len();
                    room.give_back(taken.swap_remove(at));
                }
                let used: u64 = taken.iter().map(|one| one.length).sum();
                let free: u64 = room.free().iter().map(|one| one.length).sum();
                prop_assert_eq!(used + free, room.end());
            }
        }
    }
}
