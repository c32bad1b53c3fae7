//! The judge of all locks: from what tablets send and are answered, it tells what no server may do.
//!
//! A tablet holds a device for certain from when it reads that the lock is its own until just before it sends the unlock. Two such
//! spans of one device never overlap, whatever the network does in between. In the same way a refusal is unjust if nobody else
//! can have held the device at any time between the request and its answer.

use parking_lot::Mutex;

/// Everything that the tablets of one run know about the locks, over all threads.
#[derive(Debug)]
pub(crate) struct Judge {
    locks: Vec<Mutex<Lock>>,
}

/// What is known about one device.
#[derive(Debug, Default)]
struct Lock {
    /// Who holds it for certain.
    holder: Option<usize>,
    /// How many tablets may hold it: those who have asked and not been refused, until their unlock is answered.
    claims: usize,
    /// How many requests there were.
    requests: u64,
}

/// A request for a lock that is under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    device: usize,
    number: u64,
    had_no_rival: bool,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// It may be so.
    Just,
    /// No server that keeps the contract answers this.
    Unjust,
}

impl Judge {
    /// Returns a judge over so many free devices.
    pub(crate) fn new(devices: usize) -> Self {
        Self { locks: (0..devices).map(|_| Mutex::default()).collect() }
    }

    /// A tablet is about to ask for a device.
    pub(crate) fn asks(&self, device: usize) -> Claim {
        let Some(lock) = self.locks.get(device) else { return Claim { device, number: 0, had_no_rival: false } };
        let mut lock = lock.lock();
        let had_no_rival = lock.claims == 0;
        lock.claims += 1;
        lock.requests += 1;
        Claim { device, number: lock.requests, had_no_rival }
    }

    /// A tablet has read that the device is its own.
    pub(crate) fn granted(&self, claim: Claim, tablet: usize) -> Verdict {
        let Some(lock) = self.locks.get(claim.device) else { return Verdict::Unjust };
        match lock.lock().holder.replace(tablet) {
            None => Verdict::Just,
            Some(_) => Verdict::Unjust,
        }
    }

    /// A tablet has read that another one has the device.
    pub(crate) fn refused(&self, claim: Claim) -> Verdict {
        let Some(lock) = self.locks.get(claim.device) else { return Verdict::Unjust };
        let mut lock = lock.lock();
        lock.claims = lock.claims.saturating_sub(1);
        let was_free_all_the_time = claim.had_no_rival && lock.requests == claim.number;
        if was_free_all_the_time { Verdict::Unjust } else { Verdict::Just }
    }

    /// A tablet is about to send that it gives the device back.
    pub(crate) fn gives_back(&self, device: usize, tablet: usize) {
        if let Some(lock) = self.locks.get(device) {
            lock.lock().holder.take_if(|holder| *holder == tablet);
        }
    }

    /// A tablet has read that the device is free of it.
    pub(crate) fn given_back(&self, device: usize) {
        if let Some(lock) = self.locks.get(device) {
            let mut lock = lock.lock();
            lock.claims = lock.claims.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: usize = 1;
    const BERT: usize = 2;

    #[test]
    fn one_after_the_other_is_just() {
        let judge = Judge::new(1);
        for tablet in [ANNA, BERT, ANNA] {
            let claim = judge.asks(0);
            assert_eq!(judge.granted(claim, tablet), Verdict::Just);
            judge.gives_back(0, tablet);
            judge.given_back(0);
        }
    }

    #[test]
    fn two_holders_at_once_are_unjust() {
        let judge = Judge::new(2);
        let (anna, bert, elsewhere) = (judge.asks(0), judge.asks(0), judge.asks(1));
        assert_eq!(judge.granted(anna, ANNA), Verdict::Just);
        assert_eq!(judge.granted(elsewhere, BERT), Verdict::Just, "another device");
        assert_eq!(judge.granted(bert, BERT), Verdict::Unjust);
    }

    #[test]
    fn whoever_has_sent_the_unlock_holds_nothing_for_certain() {
        let judge = Judge::new(1);
        let (anna, bert) = (judge.asks(0), judge.asks(0));
        assert_eq!(judge.granted(anna, ANNA), Verdict::Just);
        judge.gives_back(0, ANNA);
        // The unlock is on its way: whether it or the grant came first, only the server knows.
        assert_eq!(judge.granted(bert, BERT), Verdict::Just);
        judge.given_back(0);
        let anna = judge.asks(0);
        assert_eq!(judge.granted(anna, ANNA), Verdict::Unjust, "the other one's lock is not ended by the first one's unlock");
    }

    #[test]
    fn a_refusal_needs_a_rival() {
        let judge = Judge::new(1);
        let claim = judge.asks(0);
        assert_eq!(judge.refused(claim), Verdict::Unjust, "nobody else ever asked");
        let (anna, bert) = (judge.asks(0), judge.asks(0));
        assert_eq!(judge.refused(bert), Verdict::Just, "the other one may have been first");
        assert_eq!(judge.refused(anna), Verdict::Just, "and so may this one's rival, which then gave it back unseen");
    }

    #[test]
    fn a_rival_counts_until_its_unlock_is_answered() {
        let judge = Judge::new(1);
        let anna = judge.asks(0);
        assert_eq!(judge.granted(anna, ANNA), Verdict::Just);
        judge.gives_back(0, ANNA);
        let bert = judge.asks(0);
        assert_eq!(judge.refused(bert), Verdict::Just, "the unlock may come after the request");
        judge.given_back(0);
        let bert = judge.asks(0);
        assert_eq!(judge.refused(bert), Verdict::Unjust, "a lock that outlives its unlock");
    }
}
