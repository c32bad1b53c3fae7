//! An actor survives its panics: its address, its queue and its committed state do, and so do its neighbours.

mod kit_support;

use std::time::Duration;

use actix::MailboxError;
use hubbub_actors::kit::registry::{BackingOff, Missing};
use hubbub_actors::kit::snapshot::SnapshotStore;
use kit_support::{Add, AddSoon, AddUnsaved, Count, Counter, PanicInFuture, PanicInTimer, PanicNow, hub, hub_with, id, until};

#[actix::test]
async fn only_the_message_that_panics_fails_and_the_address_stays_valid() {
    let hub = hub_with(|builder| builder.start_arbiters(1));
    let addr = hub.deps.registry::<Counter>().summon(&id("a")).unwrap();

    let (one, two) = (addr.send(Add(1)), addr.send(Add(1)));
    let panicking = addr.send(PanicNow);
    let (three, four) = (addr.send(Add(1)), addr.send(Count));

    assert_eq!(one.await, Ok(Ok(1)));
    assert_eq!(two.await, Ok(Ok(2)));
    assert_eq!(panicking.await, Err(MailboxError::Closed));
    assert_eq!(three.await, Ok(Ok(3)));
    assert_eq!(four.await, Ok(3));
    assert!(addr.connected());
    assert_eq!(hub.deps.observe()[0].restarts, 1);
}

#[actix::test]
async fn a_panic_in_a_spawned_future_restarts_the_actor() {
    let hub = hub_with(|builder| builder.start_arbiters(1));
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();

    addr.send(Add(5)).await.unwrap().unwrap();
    addr.send(PanicInFuture).await.unwrap();
    until(|| registry.observe().restarts == 1).await;

    assert_eq!(addr.send(Count).await, Ok(5));
}

#[actix::test]
async fn a_panic_in_a_timer_restarts_the_actor() {
    let hub = hub_with(|builder| builder.start_arbiters(1));
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();

    addr.send(Add(5)).await.unwrap().unwrap();
    addr.send(PanicInTimer).await.unwrap();
    until(|| registry.observe().restarts == 1).await;

    assert_eq!(addr.send(Count).await, Ok(5));
}

#[actix::test]
async fn state_comes_back_from_the_store_pending_writes_included_and_the_rest_is_forgotten() {
    let hub = hub();
    let addr = hub.deps.registry::<Counter>().summon(&id("a")).unwrap();

    addr.send(AddSoon(4)).await.unwrap();
    addr.send(AddUnsaved(100)).await.unwrap();
    addr.send(PanicNow).await.unwrap_err();

    assert_eq!(addr.send(Count).await, Ok(4));
    assert_eq!(*hub.journal.lines.lock(), ["a restored with 0", "a restored with 4"]);
}

#[actix::test]
async fn a_reply_that_waits_for_the_disk_survives_a_panic_of_a_later_message() {
    let hub = hub();
    let addr = hub.deps.registry::<Counter>().summon(&id("a")).unwrap();

    hub.store.hold();
    let adding = addr.send(Add(1));
    addr.send(PanicNow).await.unwrap_err();
    hub.store.release();

    assert_eq!(adding.await, Ok(Ok(1)));
}

#[actix::test]
async fn neighbours_on_the_same_thread_do_not_notice() {
    let hub = hub_with(|builder| builder.start_arbiters(1));
    let registry = hub.deps.registry::<Counter>();
    let (bad, good) = (registry.summon(&id("bad")).unwrap(), registry.summon(&id("good")).unwrap());

    good.send(AddUnsaved(7)).await.unwrap();
    bad.send(PanicNow).await.unwrap_err();

    assert_eq!(good.send(Count).await, Ok(7));
}

#[actix::test]
async fn a_panic_storm_takes_the_actor_down_until_the_back_off_has_passed() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.send(Add(3)).await.unwrap().unwrap();

    for _ in 0..5 {
        addr.send(PanicNow).await.unwrap_err();
    }
    until(|| registry.alive() == 0).await;

    let down = BackingOff { retry_after: Duration::from_secs(1) };
    assert_eq!(registry.summon(&id("a")).unwrap_err(), down);
    assert_eq!(registry.find(&id("a")).unwrap_err(), Missing::BackingOff(down));
    assert_eq!(addr.send(Count).await, Err(MailboxError::Closed));
    assert_eq!((registry.observe().storms, registry.observe().backing_off), (1, 1));

    hub.clock.advance(1_000);
    let addr = registry.find(&id("a")).unwrap();
    assert_eq!(addr.send(Count).await, Ok(3));
    assert_eq!(registry.observe().backing_off, 0);
}

#[actix::test]
async fn every_further_storm_doubles_the_back_off() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();

    for expected_secs in [1, 2, 4] {
        let addr = registry.summon(&id("a")).unwrap();
        for _ in 0..5 {
            addr.send(PanicNow).await.unwrap_err();
        }
        until(|| registry.alive() == 0).await;
        assert_eq!(registry.summon(&id("a")).unwrap_err().retry_after, Duration::from_secs(expected_secs));
        hub.clock.advance(i64::try_from(expected_secs).unwrap() * 1000);
    }
}

#[actix::test]
async fn panics_with_time_between_them_are_no_storm() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();

    for _ in 0..12 {
        addr.send(PanicNow).await.unwrap_err();
        hub.clock.advance(3_000);
    }

    assert_eq!(addr.send(Count).await, Ok(0));
    assert_eq!(registry.observe().restarts, 12);
}

#[actix::test]
async fn a_panic_while_restoring_is_a_storm_of_its_own() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    *hub.journal.panic_on_restore.lock() = true;

    let addr = registry.summon(&id("a")).unwrap();
    assert_eq!(addr.send(Count).await, Err(MailboxError::Closed));
    until(|| registry.alive() == 0).await;
    assert!(registry.summon(&id("a")).is_err());

    *hub.journal.panic_on_restore.lock() = false;
    hub.clock.advance(1_000);
    assert_eq!(registry.summon(&id("a")).unwrap().send(Count).await, Ok(0));
}

#[actix::test]
async fn a_snapshot_that_cannot_be_read_is_not_overwritten() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let foreign = hubbub_actors::kit::snapshot::Snapshot::of("kit.counter", "a", 9, &"not a counter");
    hub.store.commit(foreign.clone()).await.unwrap();

    let addr = registry.find(&id("a")).unwrap();

    assert_eq!(addr.send(Add(1)).await, Err(MailboxError::Closed));
    until(|| registry.alive() == 0).await;
    assert!(matches!(registry.find(&id("a")), Err(Missing::BackingOff(_))));
    assert_eq!(hub.store.load("kit.counter", "a").unwrap().unwrap().value, foreign.value);
}
