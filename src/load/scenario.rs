//! What a scenario has to say: how its connections behave on one thread.

use std::borrow::Cow;

use super::figures::Detail;
use super::links::Links;

/// The behaviour of the connections of one thread. A connection is known by its slot, from 0; [`Links::number`] makes it a
/// number among all. Threads share what they must through an `Arc` that each of them was built with.
pub trait Scenario: Send + 'static {
    /// Returns the packet with which a connection enters its namespace.
    fn entry(&self, _links: &Links, _slot: usize) -> Cow<'static, str> {
        Cow::Borrowed("40")
    }

    /// Returns how the event begins that a namespace greets with; none where it greets with nothing.
    fn greeting(&self) -> Option<&'static [u8]> {
        Some(br#"42["auth""#)
    }

    /// A connection has entered its namespace. Calls [`Links::ready`], now or once everything that comes before the load is done.
    fn entered(&mut self, links: &mut Links, slot: usize) {
        links.ready(slot);
    }

    /// A connection has not become ready for some seconds: whatever may have been lost can be sent again.
    fn stalled(&mut self, _links: &mut Links, _slot: usize) {}

    /// Every connection is ready: the load begins.
    fn start(&mut self, _links: &mut Links) {}

    /// A Socket.IO packet has come: an event or an acknowledgement, as text.
    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]);

    /// An attachment has come.
    fn binary(&mut self, _links: &mut Links, _slot: usize, _bytes: &[u8]) {}

    /// Called in every turn of the loop while the load is on.
    fn turn(&mut self, _links: &mut Links) {}

    /// Returns when the next `turn` is due at the latest.
    fn due_us(&self) -> Option<u64> {
        None
    }

    /// A connection was lost; that it was, is counted as an error already.
    fn lost(&mut self, _links: &mut Links, _slot: usize) {}

    /// Nothing new may be sent from now on.
    fn stop(&mut self, _links: &mut Links) {}

    /// Says whether nothing is under way any more.
    fn is_settled(&self, _links: &Links) -> bool {
        true
    }

    /// The run is over: counts what never came, and returns figures of its own. Equal names of several threads are added up.
    fn finish(&mut self, _links: &mut Links) -> Vec<Detail> {
        Vec::new()
    }
}
