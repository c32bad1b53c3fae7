//! How many connections there may be: in all, and from one address.
//!
//! An upgraded stream is no longer counted by actix-server, so the realtime edge counts its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// The limits and the present counts, shared by all systems.
pub struct Capacity {
    max: usize,
    max_per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a connection finds no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// `realtime.max_connections` is reached.
    #[error("too many connections")]
    Hub,
    /// `realtime.max_connections_per_address` is reached.
    #[error("too many connections from this address")]
    Address,
}

/// A place that one connection holds; dropping it frees the place.
pub struct Place {
    capacity: Arc<Capacity>,
    address: Option<IpAddr>,
}

impl Capacity {
    /// Returns a count with these limits; 0 means none.
    #[must_use]
    pub fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_address, counts: Mutex::default() })
    }

    /// Takes a place for a connection from `address`.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Full> {
        let mut counts = self.counts.lock();
        if self.max > 0 && counts.all >= self.max {
            return Err(Full::Hub);
        }
        if let Some(address) = address {
            let of_address = counts.by_address.entry(address).or_default();
            if self.max_per_address > 0 && *of_address >= self.max_per_address {
                return Err(Full::Address);
            }
            *of_address += 1;
        }
        counts.all += 1;
        Ok(Place { capacity: Arc::clone(self), address })
    }

    /// Returns how many places are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.counts.lock().all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.capacity.counts.lock();
        counts.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(of_address) = counts.by_address.get_mut(&address) {
            *of_address -= 1;
            if *of_address == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_hub_refuses_until_a_place_is_freed() {
        let capacity = Capacity::new(2, 0);
        let first = capacity.take(None);
        let _second = capacity.take(None);
        assert_eq!(capacity.take(None).err(), Some(Full::Hub));
        drop(first);
        assert!(capacity.take(None).is_ok());
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let capacity = Capacity::new(0, 1);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = capacity.take(Some(one));
        assert_eq!(capacity.take(Some(one)).err(), Some(Full::Address));
        let second = capacity.take(Some(other));
        drop((first, second));
        assert_eq!(capacity.taken(), 0);
        assert!(capacity.counts.lock().by_address.is_empty());
    }
}
