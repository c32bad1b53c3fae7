//! Whether the numbered messages of one sender came once each, and in order.

/// What one receiver has seen of one sender, whose messages are numbered from 0.
#[derive(Debug, Default)]
pub struct Order {
    next: u64,
    /// Numbers below `next` that did not come; empty as long as all goes well, so that it holds no memory.
    skipped: Vec<u64>,
}

/// What a message's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is later than all before.
    InOrder,
    /// It comes after a later one.
    Late,
    /// It was here before.
    Again,
    /// Nobody has sent it.
    Unsent,
}

impl Order {
    /// Notes the arrival of a message; `sent` is how many the sender has sent.
    pub fn note(&mut self, number: u64, sent: u64) -> Arrival {
        if number >= sent {
            return Arrival::Unsent;
        }
        if number >= self.next {
            self.skipped.extend(self.next..number);
            self.next = number + 1;
            return Arrival::InOrder;
        }
        match self.skipped.iter().position(|skipped| *skipped == number) {
            Some(position) => {
                self.skipped.swap_remove(position);
                Arrival::Late
            }
            None => Arrival::Again,
        }
    }

    /// Returns how many of `sent` messages have not come.
    #[must_use]
    pub fn missing(&self, sent: u64) -> u64 {
        sent.saturating_sub(self.next) + self.skipped.len() as u64
    }

    /// Returns which of `sent` messages have not come.
    pub fn absent(&self, sent: u64) -> impl Iterator<Item = u64> {
        self.skipped.iter().copied().chain(self.next..sent)
    }

    /// Returns the lowest number that has not come.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.skipped.iter().min().copied().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(numbers: &[u64]) -> (Order, Vec<Arrival>) {
        let mut order = Order::default();
        let arrivals = numbers.iter().map(|number| order.note(*number, 10)).collect();
        (order, arrivals)
    }

    #[test]
    fn what_comes_in_order_holds_no_memory() {
        let (order, seen) = arrivals(&[0, 1, 2]);
        assert!(seen.iter().all(|arrival| *arrival == Arrival::InOrder));
        assert_eq!((order.missing(3), order.missing(5), order.skipped.capacity()), (0, 2, 0));
    }

    #[test]
    fn late_repeated_and_invented_messages_are_told_apart() {
        use Arrival::{Again, InOrder, Late, Unsent};
        let (order, seen) = arrivals(&[0, 2, 1, 1, 2, 5, 10]);
        assert_eq!(seen, [InOrder, InOrder, Late, Again, Again, InOrder, Unsent]);
        assert_eq!((order.missing(6), order.oldest()), (2, 3));
        assert_eq!(order.absent(8).collect::<Vec<_>>(), [3, 4, 6, 7]);
    }
}
