//! Finding, summoning, passivating, stopping and removing entities; and asks that find their way.

mod kit_support;

use std::sync::Arc;
use std::time::Duration;

use actix::{Context, Handler, MailboxError};
use hubbub_actors::kit::ask::{self, Ask, Route, Routed};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::registry::Missing;
use hubbub_actors::kit::snapshot::{MemoryStore, SnapshotStore};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::{Fault, Kind};
use kit_support::{
    Add, AddSoon, AddUnsaved, Count, Counter, CounterId, PanicNow, StopYourself, hub, hub_on, hub_with, id, until,
};
use serde::{Deserialize, Serialize};

const FIVE_MINUTES_MS: i64 = 5 * 60_000;

#[actix::test]
async fn who_is_neither_alive_nor_stored_is_unknown() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();

    assert_eq!(registry.find(&id("a")).unwrap_err(), Missing::Unknown);
    registry.summon(&id("a")).unwrap();
    assert!(registry.find(&id("a")).is_ok());
    assert_eq!(registry.alive(), 1);
}

#[actix::test]
async fn a_stored_entity_is_found_after_a_restart_of_the_hub() {
    let store = Arc::new(MemoryStore::new());
    let before = hub_on(store.clone(), |builder| builder);
    before.deps.registry::<Counter>().summon(&id("a")).unwrap().send(Add(2)).await.unwrap().unwrap();
    before.deps.stop_all().await;

    let after = hub_on(store, |builder| builder);
    let registry = after.deps.registry::<Counter>();

    assert_eq!(registry.list(), [id("a")]);
    assert_eq!(registry.alive(), 0);
    assert_eq!(registry.find(&id("a")).unwrap().send(Count).await, Ok(2));
}

#[actix::test]
async fn no_message_overtakes_the_restore() {
    let hub = hub_with(|builder| builder.start_arbiters(2));
    let registry = hub.deps.registry::<Counter>();
    for n in 0..50 {
        let key = id(&format!("c{n}"));
        registry.summon(&key).unwrap().send(Add(n + 1)).await.unwrap().unwrap();
        registry.stop(&key).await.unwrap();

        assert_eq!(registry.find(&key).unwrap().send(Count).await, Ok(n + 1));
    }
}

#[actix::test]
async fn an_unused_entity_is_let_go_and_saved_and_comes_back() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    registry.summon(&id("a")).unwrap().send(AddUnsaved(9)).await.unwrap();

    hub.clock.advance(FIVE_MINUTES_MS - 1);
    registry.sweep();
    actix_rt::task::yield_now().await;
    assert_eq!(registry.alive(), 1);

    hub.clock.advance(1);
    registry.sweep();
    until(|| registry.alive() == 0).await;

    assert_eq!(registry.list(), [id("a")]);
    assert_eq!(registry.observe().passivations, 1);
    assert_eq!(registry.find(&id("a")).unwrap().send(Count).await, Ok(9));
}

#[actix::test]
async fn an_entity_that_is_not_idle_stays() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.send(AddUnsaved(1)).await.unwrap();
    drop(addr);
    *hub.journal.busy.lock() = true;

    hub.clock.advance(FIVE_MINUTES_MS);
    registry.sweep();
    for _ in 0..20 {
        actix_rt::task::yield_now().await;
    }

    assert_eq!((registry.alive(), registry.observe().passivations), (1, 0));
    *hub.journal.busy.lock() = false;
    hub.clock.advance(FIVE_MINUTES_MS);
    registry.sweep();
    until(|| registry.alive() == 0).await;
}

#[actix::test]
async fn an_entity_whose_address_somebody_holds_is_not_let_go_under_him() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();

    hub.clock.advance(FIVE_MINUTES_MS);
    registry.sweep();
    for _ in 0..20 {
        actix_rt::task::yield_now().await;
    }

    assert_eq!(addr.send(Add(1)).await, Ok(Ok(1)));
    drop(addr);
    until(|| registry.alive() == 0).await;
}

#[actix::test]
async fn whoever_asks_for_a_retiring_entity_wins_it_back() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let held = registry.summon(&id("a")).unwrap();
    held.send(AddUnsaved(3)).await.unwrap();
    hub.clock.advance(FIVE_MINUTES_MS);
    registry.sweep();
    for _ in 0..20 {
        actix_rt::task::yield_now().await;
    }

    let again = registry.find(&id("a")).unwrap();
    drop(held);

    assert_eq!(again.send(Count).await, Ok(3));
    assert_eq!(registry.observe().activations, 1);
}

/// Many askers against a sweep that never rests: nobody's message may be lost, nothing that was counted either.
#[actix::test]
async fn passivation_under_load_loses_no_message() {
    let hub = hub_with(|builder| builder.start_arbiters(2).idle_after(Duration::ZERO));
    let registry = hub.deps.registry::<Counter>();
    let sweeping = actix_rt::spawn({
        let registry = registry.clone();
        async move {
            loop {
                registry.sweep();
                actix_rt::task::yield_now().await;
            }
        }
    });

    let askers = (0..8).map(|_| {
        let registry = registry.clone();
        actix_rt::spawn(async move {
            for n in 0..250 {
                let addr = registry.summon(&id(&format!("c{}", n % 3))).unwrap();
                addr.send(AddUnsaved(1)).await.expect("no message is lost");
            }
        })
    });
    for asker in askers.collect::<Vec<_>>() {
        asker.await.unwrap();
    }
    sweeping.abort();

    let mut sum = 0;
    for n in 0..3 {
        sum += registry.summon(&id(&format!("c{n}"))).unwrap().send(Count).await.unwrap();
    }
    assert_eq!(sum, 8 * 250);
    assert!(registry.observe().passivations > 0);
}

/// Everything at once, on few keys: nothing hangs, and what was saved last is what is found.
#[actix::test]
async fn panics_sweeps_stops_and_removals_at_the_same_time_leave_nobody_waiting() {
    let hub = hub_with(|builder| builder.start_arbiters(2).idle_after(Duration::ZERO));
    let registry = hub.deps.registry::<Counter>();
    let disturbances = (0..6_u8).map(|kind| {
        let (registry, clock) = (registry.clone(), hub.clock.clone());
        actix_rt::spawn(async move {
            for n in 0..300 {
                let key = id(&format!("c{}", n % 4));
                match kind {
                    0 => registry.sweep(),
                    1 => registry.stop(&key).await.unwrap(),
                    2 if n % 5 == 0 => registry.remove(&key).await.unwrap(),
                    3 => drop(registry.summon(&key).map(|addr| addr.do_send(PanicNow))),
                    4 => drop(registry.find(&key).map(|addr| addr.do_send(AddSoon(1)))),
                    5 => drop(registry.list()),
                    _ => {}
                }
                clock.advance(700);
                actix_rt::task::yield_now().await;
            }
        })
    });
    let askers = (0..4).map(|_| {
        let registry = registry.clone();
        actix_rt::spawn(async move {
            for n in 0..300 {
                if let Ok(addr) = registry.summon(&id(&format!("c{}", n % 4))) {
                    let _answered_or_restarting = addr.send(Add(1)).await;
                }
            }
        })
    });
    for task in disturbances.chain(askers).collect::<Vec<_>>() {
        task.await.unwrap();
    }

    registry.stop_all().await.unwrap();
    assert_eq!(registry.alive(), 0);
    hub.clock.advance(60_000);
    for n in 0..4 {
        let key = id(&format!("c{n}"));
        let stored = hub.store.load("kit.counter", &key.0).unwrap();
        let stored = stored.map_or(0, |stored| stored.decode::<kit_support::State>().unwrap().count);
        assert_eq!(registry.summon(&key).unwrap().send(Count).await, Ok(stored));
    }
}

#[test]
fn without_a_thread_to_live_on_an_entity_is_closed_at_once() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();

    let addr = registry.summon(&id("a")).unwrap();

    assert!(!addr.connected());
    assert_eq!(registry.alive(), 0);
}

#[actix::test]
async fn a_stopped_entity_answers_what_was_queued_and_saves_itself() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    let (one, two) = (addr.send(AddUnsaved(1)), addr.send(AddUnsaved(1)));

    let stopping = registry.stop(&id("a"));

    assert_eq!((one.await, two.await), (Ok(()), Ok(())));
    stopping.await.unwrap();
    assert_eq!(addr.send(Count).await, Err(MailboxError::Closed));
    assert_eq!(registry.alive(), 0);
    assert_eq!(registry.find(&id("a")).unwrap().send(Count).await, Ok(2));
}

#[actix::test]
async fn a_successor_waits_until_its_predecessor_has_saved() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.do_send(AddUnsaved(5));

    let _stopping = registry.stop(&id("a"));
    let successor = registry.summon(&id("a")).unwrap();

    assert_ne!(addr, successor);
    assert_eq!(successor.send(Count).await, Ok(5));
}

#[actix::test]
async fn an_entity_that_stops_by_itself_is_no_longer_handed_out() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.send(Add(1)).await.unwrap().unwrap();

    let _closed = addr.send(StopYourself).await;
    until(|| registry.alive() == 0).await;

    assert_eq!(registry.find(&id("a")).unwrap().send(Count).await, Ok(1));
}

#[actix::test]
async fn a_removed_entity_is_unknown_at_once_and_leaves_nothing_behind() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.send(Add(5)).await.unwrap().unwrap();

    let removing = registry.remove(&id("a"));

    assert_eq!(registry.find(&id("a")).unwrap_err(), Missing::Unknown);
    assert_eq!(registry.list(), []);
    let reborn = registry.summon(&id("a")).unwrap();
    removing.await.unwrap();
    assert_eq!(reborn.send(Count).await, Ok(0));
}

#[actix::test]
async fn an_entity_that_is_only_stored_can_be_removed() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    registry.summon(&id("a")).unwrap().send(Add(5)).await.unwrap().unwrap();
    registry.stop(&id("a")).await.unwrap();

    registry.remove(&id("a")).await.unwrap();

    assert!(!hub.store.contains("kit.counter", "a"));
    assert_eq!(registry.find(&id("a")).unwrap_err(), Missing::Unknown);
}

#[actix::test]
async fn a_panic_on_the_way_out_does_not_stop_the_stopping() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    let addr = registry.summon(&id("a")).unwrap();
    addr.send(Add(1)).await.unwrap().unwrap();
    addr.do_send(PanicNow);
    addr.do_send(AddUnsaved(1));

    registry.stop(&id("a")).await.unwrap();

    assert_eq!(registry.find(&id("a")).unwrap().send(Count).await, Ok(2));
}

#[actix::test]
async fn a_hub_that_stops_saves_everyone_and_brings_nobody_up_again() {
    let hub = hub_with(|builder| builder.start_arbiters(2));
    let registry = hub.deps.registry::<Counter>();
    for n in 0..100 {
        registry.summon(&id(&format!("c{n}"))).unwrap().do_send(AddUnsaved(1));
    }

    hub.deps.stop_all().await;

    assert_eq!(registry.alive(), 0);
    assert_eq!(hub.store.ids("kit.counter").len(), 100);
    assert!(registry.summon(&id("c0")).is_err());
}

#[actix::test]
async fn keys_are_spread_over_the_threads_and_stay_on_theirs() {
    let hub = hub_with(|builder| builder.start_arbiters(2));
    let registry = hub.deps.registry::<Counter>();
    for n in 0..40 {
        registry.summon(&id(&format!("c{n}"))).unwrap().send(Count).await.unwrap();
    }
    let first = hub.journal.threads.lock().clone();
    registry.stop_all().await.unwrap();
    for n in 0..40 {
        registry.summon(&id(&format!("c{n}"))).unwrap().send(Count).await.unwrap();
    }

    assert_eq!(first, *hub.journal.threads.lock());
    assert_eq!(first.values().collect::<std::collections::BTreeSet<_>>().len(), 2);
}

#[actix::test]
async fn the_boot_id_survives_a_panic_and_not_a_restart_of_the_process() {
    let (one, other) = (Deps::builder().build(), Deps::builder().build());
    assert_ne!(one.boot_id(), other.boot_id());

    let hub = hub();
    let addr = hub.deps.registry::<Counter>().summon(&id("a")).unwrap();
    addr.send(AddSoon(1)).await.unwrap();
    addr.send(PanicNow).await.unwrap_err();
    assert_eq!(addr.send(Count).await, Ok(1));
    assert_eq!(hub.deps.boot_id(), hub.deps.clone().boot_id());
}

#[actix::test]
async fn the_numbers_of_a_kind_are_plain_data() {
    let hub = hub();
    let registry = hub.deps.registry::<Counter>();
    registry.summon(&id("a")).unwrap().send(Add(1)).await.unwrap().unwrap();

    assert_eq!(
        serde_json::to_value(hub.deps.observe()).unwrap(),
        serde_json::json!([{
            "kind": "kit.counter", "alive": 1, "stored": 1, "backing_off": 0,
            "activations": 1, "passivations": 0, "restarts": 0, "storms": 0, "asks_waiting": 0,
        }])
    );
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ReadCounter {
    id: CounterId,
    create: bool,
}

impl Contract for ReadCounter {
    type Reply = u64;
}

impl Routed for ReadCounter {
    type Actor = Counter;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<CounterId>, Fault> {
        ask.caller.subject()?;
        let key = ask.body.id.clone();
        Ok(if ask.body.create { Route::Summon(key) } else { Route::Find(key, Fault::not_found("No such counter")) })
    }
}

impl Handler<Ask<ReadCounter>> for Counter {
    type Result = Result<u64, Fault>;

    fn handle(&mut self, ask: Ask<ReadCounter>, _: &mut Context<Self>) -> Self::Result {
        if ask.body.id.0 == "panics" {
            panic!("told to panic by an ask");
        }
        Ok(self.state.count)
    }
}

fn read(key: &str, create: bool) -> Ask<ReadCounter> {
    let caller = Caller { subject: Some("tester".into()), ..Caller::anonymous() };
    Ask::new(caller, ReadCounter { id: id(key), create })
}

#[actix::test]
async fn an_ask_finds_its_actor_or_the_fault_that_its_route_names() {
    let hub = hub();

    assert_eq!(ask::ask(&hub.deps, read("a", false)).await, Err(Fault::not_found("No such counter")));
    assert_eq!(ask::ask(&hub.deps, read("a", true)).await, Ok(0));
    assert_eq!(ask::ask(&hub.deps, read("a", false)).await, Ok(0));
    let anonymous = Ask { caller: Caller::anonymous(), ..read("a", true) };
    assert_eq!(ask::ask(&hub.deps, anonymous).await.unwrap_err().kind, Kind::Unauthenticated);
}

#[actix::test]
async fn an_ask_that_panics_is_answered_as_unavailable_and_a_storm_with_the_time_to_wait() {
    let hub = hub();

    for _ in 0..5 {
        assert_eq!(ask::ask(&hub.deps, read("panics", true)).await.unwrap_err().kind, Kind::Unavailable);
    }
    until(|| hub.deps.registry::<Counter>().alive() == 0).await;

    let refused = ask::ask(&hub.deps, read("panics", true)).await.unwrap_err();
    assert_eq!((refused.kind, refused.retry_after_secs), (Kind::Unavailable, Some(1)));
}

#[test]
fn an_ask_is_plain_data() {
    let json = serde_json::to_value(read("a", true)).unwrap();

    let back: Ask<ReadCounter> = serde_json::from_value(json).unwrap();
    assert_eq!((back.body.id, back.caller.subject.as_deref()), (id("a"), Some("tester")));
}
