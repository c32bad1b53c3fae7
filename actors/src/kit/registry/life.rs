//! One activation of an entity, from its first restore to its end, and the restarts in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::task;

use actix::dev::channel::AddressReceiver;
use actix::{ActorContext, ActorFuture, ActorFutureExt, AsyncContext, Context, fut};
use futures_util::task::AtomicWaker;
use tokio::sync::watch;
use tracing::{error, warn};

use super::Entity;
use super::back_off::Storms;
use super::census::count;
use super::entities::Entities;
use super::farewell::Farewell;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::snapshot::{StoreError, Stored};
use crate::kit::supervise::{End, Keeper, PanicWindow, Supervision, Verdict, panic_message};

/// What an activation was told to do; a later one in this list overrules an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Go on.
    Live = 0,
    /// Go if nobody would miss you.
    Retire = 1,
    /// Save and go.
    Stop = 2,
    /// Go and leave nothing behind.
    Vanish = 3,
}

/// What the registry and one activation know of each other.
pub(super) struct Life {
    /// When it began.
    pub begun: Timestamp,
    /// The storms that came before it.
    pub storms: Storms,
    last_used: AtomicI64,
    order: AtomicU8,
    orders: AtomicWaker,
    failed: AtomicBool,
    gone: watch::Sender<bool>,
}

impl Life {
    pub(super) fn new(now: Timestamp, storms: Storms) -> Arc<Self> {
        Arc::new(Self {
            begun: now,
            storms,
            last_used: AtomicI64::new(now.0),
            order: AtomicU8::new(Order::Live as u8),
            orders: AtomicWaker::new(),
            failed: AtomicBool::new(false),
            gone: watch::Sender::new(false),
        })
    }

    /// Notes that somebody took the address.
    pub(super) fn touch(&self, now: Timestamp) {
        self.last_used.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn last_used(&self) -> Timestamp {
        Timestamp(self.last_used.load(Ordering::Relaxed))
    }

    /// Gives an order; the actor sees it on its own thread.
    pub(super) fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::AcqRel);
        self.orders.wake();
    }

    /// Takes back the order to retire, unless a stronger one was given since.
    pub(super) fn stay(&self) {
        let retire = Order::Retire as u8;
        let _stronger = self.order.compare_exchange(retire, Order::Live as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    pub(super) fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Live,
            1 => Order::Retire,
            2 => Order::Stop,
            _ => Order::Vanish,
        }
    }

    /// Returns what completes when this activation is over and saved.
    pub(super) fn gone(&self) -> Gone {
        Gone(self.gone.subscribe())
    }

    pub(super) fn announce_end(&self) {
        self.gone.send_replace(true);
    }
}

/// Completes when an activation is over.
#[derive(Clone)]
pub(super) struct Gone(watch::Receiver<bool>);

impl Gone {
    pub(super) async fn wait(mut self) {
        let _or_its_sender_is_gone = self.0.wait_for(|gone| *gone).await;
    }
}

/// Looks after one activation on its arbiter.
pub(super) struct Guardian<A: Entity> {
    pub(super) entities: Arc<Entities<A>>,
    pub(super) key: A::Key,
    pub(super) deps: Deps,
    pub(super) life: Arc<Life>,
    /// The activation before this one, which may still be saving.
    pub(super) predecessor: Option<Gone>,
    panics: PanicWindow,
    started: bool,
    over: bool,
}

impl<A: Entity> Guardian<A> {
    pub(super) fn new(entities: Arc<Entities<A>>, deps: Deps, key: A::Key, life: Arc<Life>, predecessor: Option<Gone>) -> Self {
        let panics = PanicWindow::default();
        Self { entities, key, deps, life, predecessor, panics, started: false, over: false }
    }

    /// Brings the entity up on the present thread.
    pub(super) fn bring_up(self, mailbox: AddressReceiver<A>) {
        let ctx = Context::with_receiver(mailbox);
        let (key, deps) = (self.key.clone(), self.deps.clone());
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| A::new(key, deps))) {
            Ok(actor) => drop(actix_rt::spawn(Supervision::new(actor, ctx, self))),
            Err(panic) => {
                error!(kind = A::KIND, key = %self.key, "{} `{}` cannot be made: {}", A::KIND, self.key, panic_message(&*panic));
                drop(ctx);
                self.life.failed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Loads the snapshot off this thread and hands it to the actor; until then the actor handles no message.
    fn restore(&mut self) -> impl ActorFuture<A, Output = ()> + use<A> {
        let is_restart = std::mem::replace(&mut self.started, true);
        let (key, deps, life) = (self.key.clone(), self.deps.clone(), self.life.clone());
        let loading = load(self.entities.clone(), deps.clone(), key.to_string(), self.predecessor.clone());
        fut::wrap_future::<_, A>(loading).map(move |loaded, actor: &mut A, ctx: &mut Context<A>| {
            if is_restart {
                // What a panic left behind is not trusted.
                *actor = A::new(key.clone(), deps);
            }
            if let Err(error) = loaded.and_then(|stored| actor.restore(stored, ctx)) {
                error!(kind = A::KIND, %key, %error, "{} `{key}` cannot be restored: {error}", A::KIND);
                life.failed.store(true, Ordering::Relaxed);
                ctx.terminate();
            }
        })
    }
}

/// Returns the stored state, once the predecessor has saved it.
async fn load<A: Entity>(
    entities: Arc<Entities<A>>,
    deps: Deps,
    id: String,
    predecessor: Option<Gone>,
) -> Result<Option<Stored>, StoreError> {
    if let Some(predecessor) = predecessor {
        predecessor.wait().await;
    }
    let store = deps.snapshots().clone();
    if !store.contains(A::KIND, &id) {
        return Ok(None);
    }
    let _turn = entities.loads.acquire().await;
    let loaded = actix_rt::task::spawn_blocking(move || store.load(A::KIND, &id)).await;
    loaded.unwrap_or_else(|panicked| Err(StoreError::Damaged { key: A::KIND.into(), reason: panicked.to_string().into() }))
}

impl<A: Entity> Keeper<A> for Guardian<A> {
    fn begin(&mut self, ctx: &mut Context<A>) {
        ctx.wait(self.restore());
        // Its presence also keeps the actor from stopping by itself, unsaved, when the last address is dropped.
        ctx.spawn(Farewell::new(self.entities.clone(), self.deps.clone(), self.key.clone(), self.life.clone()));
    }

    fn attend(&mut self, cx: &task::Context<'_>) {
        self.life.orders.register(cx.waker());
    }

    fn panicked(&mut self, message: &str) -> Verdict {
        let verdict = self.panics.record(self.deps.now());
        let (kind, key) = (A::KIND, &self.key);
        match verdict {
            Verdict::Restart => {
                count(&self.entities.counts.restarts);
                warn!(kind, %key, "{kind} `{key}` panicked and is restarted: {message}");
            }
            Verdict::GiveUp => error!(kind, %key, "{kind} `{key}` panicked too often and stays down for a while: {message}"),
        }
        verdict
    }

    fn ended(&mut self, how: End) {
        self.over = true;
        let how = if self.life.failed.load(Ordering::Relaxed) { End::GivenUp } else { how };
        self.entities.ended(&self.deps, &self.key, &self.life, how);
        self.life.announce_end();
    }
}

impl<A: Entity> Drop for Guardian<A> {
    /// Its arbiter did not even begin: nobody may wait for this activation.
    fn drop(&mut self) {
        if !self.over {
            self.ended(End::Stopped);
        }
    }
}
