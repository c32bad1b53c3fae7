//! A stream of which a slow reader gets the newest: numbers may be left out, and never go back.

use crate::load::order::Arrival;

/// What one reader has seen of one stream, whose messages are numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Newest {
    next: u64,
    skipped: u64,
    /// The reader was away: what it missed meanwhile was not left out.
    was_away: bool,
}

impl Newest {
    /// Returns a stream that has been going on for some time.
    pub(super) fn under_way() -> Self {
        Self { was_away: true, ..Self::default() }
    }

    /// The reader goes away for a time.
    pub(super) fn leave(&mut self) {
        self.was_away = true;
    }

    /// Notes the arrival of a message; `sent` is how many the sender has sent.
    pub(super) fn note(&mut self, number: u64, sent: u64) -> Arrival {
        if number >= sent {
            return Arrival::Unsent;
        }
        if number >= self.next {
            self.skipped += if self.was_away { 0 } else { number - self.next };
            self.was_away = false;
            self.next = number + 1;
            return Arrival::InOrder;
        }
        if number + 1 == self.next { Arrival::Again } else { Arrival::Late }
    }

    /// Says whether the newest of `sent` messages is here.
    pub(super) fn is_complete(&self, sent: u64) -> bool {
        self.next >= sent
    }

    /// Returns how many messages were left out.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Arrival::{Again, InOrder, Late, Unsent};

    #[test]
    fn numbers_may_be_left_out_and_never_go_back() {
        let mut stream = Newest::default();
        let seen = [0, 3, 3, 1, 4, 9].map(|number| stream.note(number, 9));
        assert_eq!(seen, [InOrder, InOrder, Again, Late, InOrder, Unsent]);
        assert_eq!((stream.skipped(), stream.is_complete(5), stream.is_complete(6)), (2, true, false));
    }

    #[test]
    fn what_comes_while_the_reader_is_away_is_not_left_out() {
        let mut stream = Newest::under_way();
        assert_eq!((stream.note(7, 10), stream.skipped()), (InOrder, 0));
        stream.leave();
        assert_eq!((stream.note(9, 10), stream.skipped()), (InOrder, 0));
        assert_eq!(stream.note(8, 10), Late);
    }
}
