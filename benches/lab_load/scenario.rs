//! What is measured: echo at two depths, and broadcasts to a room.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    sync::Notify,
    task::{JoinHandle, LocalSet, spawn_local},
    time::timeout,
};

use crate::{
    client::{Client, frame},
    report::Row,
    server,
};

/// Text behind the number in each message, so that a message is about 100 bytes.
const PADDING: &str = "................................................................";
const DIGITS: usize = 10;
/// How long stragglers may take once nothing more is sent.
const DRAIN: Duration = Duration::from_secs(5);

pub struct Scenario {
    pub name: &'static str,
    work: Work,
}

enum Work {
    Echo { clients: usize, depth: usize },
    Broadcast { members: usize, in_flight: usize },
}

pub const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "echo-1", work: Work::Echo { clients: 100, depth: 1 } },
    Scenario { name: "echo-32", work: Work::Echo { clients: 100, depth: 32 } },
    Scenario { name: "broadcast-1000", work: Work::Broadcast { members: 1000, in_flight: 16 } },
    Scenario { name: "broadcast-1000-single", work: Work::Broadcast { members: 1000, in_flight: 1 } },
];

impl Scenario {
    pub fn named(name: &str) -> Result<&'static Self, String> {
        SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| format!("no scenario {name}"))
    }

    pub async fn run(&self, url: &str, pid: u32, duration: Duration) -> Result<Row, String> {
        LocalSet::new()
            .run_until(async {
                match self.work {
                    Work::Echo { clients, depth } => echo(url, pid, duration, clients, depth).await,
                    Work::Broadcast { members, in_flight } => broadcast(url, pid, duration, members, in_flight).await,
                }
            })
            .await
    }
}

/// What the tasks of one run share; they live on one thread.
struct Run {
    begin: Cell<Instant>,
    sending: Cell<bool>,
    sent: Cell<u64>,
    received: Cell<u64>,
    reordered: Cell<u64>,
    latencies_us: RefCell<Vec<u32>>,
}

impl Run {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            begin: Cell::new(Instant::now()),
            sending: Cell::new(true),
            sent: Cell::new(0),
            received: Cell::new(0),
            reordered: Cell::new(0),
            latencies_us: RefCell::new(Vec::with_capacity(16_000_000)),
        })
    }

    fn note(&self, latency: Duration) {
        self.received.set(self.received.get() + 1);
        self.latencies_us.borrow_mut().push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Measures from now until everything that was expected has come, or stragglers have had their time.
    async fn measure(
        self: &Rc<Self>,
        pid: u32,
        duration: Duration,
        tasks: Vec<JoinHandle<Result<(), String>>>,
    ) -> Result<(f64, f64), String> {
        let cpu_before = server::cpu_seconds(pid)?;
        tokio::time::sleep(duration).await;
        // The rate counts what came within the time; the cost, all that was sent.
        let rate = self.received.get() as f64 / self.begin.get().elapsed().as_secs_f64();
        self.sending.set(false);
        let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
        let finished = async {
            for task in tasks {
                task.await.map_err(|error| error.to_string())??;
            }
            Ok::<(), String>(())
        };
        let outcome = timeout(DRAIN, finished).await;
        aborts.iter().for_each(tokio::task::AbortHandle::abort);
        if let Ok(result) = outcome {
            result?;
        }
        Ok((rate, server::cpu_seconds(pid)? - cpu_before))
    }

    fn row(&self, rate: f64, cpu: f64, expected: u64, pid: u32) -> Result<Row, String> {
        let received = self.received.get();
        let mut latencies = self.latencies_us.borrow_mut();
        latencies.sort_unstable();
        let at =
            |share: f64| latencies.get((latencies.len() as f64 * share) as usize).map_or(f64::NAN, |us| f64::from(*us) / 1000.0);
        Ok(Row {
            per_second: rate,
            cpu_per_million: cpu / received as f64 * 1e6,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            missing: expected.saturating_sub(received),
            reordered: self.reordered.get(),
            peak_mib: server::peak_mib(pid)?,
        })
    }
}

fn numbered(event: &str, number: u64) -> Vec<u8> {
    frame(&format!(r#"42["{event}","{number:0DIGITS$}{PADDING}"]"#))
}

/// The number in a message of this event, or nothing when it is another.
fn number_in(message: &[u8], prefix: &[u8]) -> Option<u64> {
    let digits = message.strip_prefix(prefix)?.get(..DIGITS)?;
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

async fn echo(url: &str, pid: u32, duration: Duration, clients: usize, depth: usize) -> Result<Row, String> {
    let connections = connect(url, clients).await?;
    let run = Run::new();
    run.begin.set(Instant::now());
    let tasks = connections.into_iter().map(|client| spawn_local(echo_client(client, run.clone(), depth))).collect();
    let (rate, cpu) = run.measure(pid, duration, tasks).await?;
    run.row(rate, cpu, run.sent.get(), pid)
}

/// Keeps `depth` messages on their way and checks that the replies come in order.
async fn echo_client(mut client: Client, run: Rc<Run>, depth: usize) -> Result<(), String> {
    let mut sent_at: Vec<Instant> = Vec::new();
    let mut next = 0;
    let mut room = depth;
    loop {
        if run.sending.get() && room > 0 {
            let mut frames = Vec::with_capacity(room * 128);
            let now = Instant::now();
            for _ in 0..room {
                frames.extend_from_slice(&numbered("echo", sent_at.len() as u64));
                sent_at.push(now);
            }
            run.sent.set(run.sent.get() + room as u64);
            room = 0;
            client.write(&frames).await?;
        }
        if !run.sending.get() && next == sent_at.len() {
            return Ok(());
        }
        let mut came = 0;
        client
            .read(|message| {
                let Some(number) = number_in(message, br#"42["echo-reply",""#) else { return };
                let number = number as usize;
                run.reordered.set(run.reordered.get() + u64::from(number != next));
                next = number + 1;
                came += 1;
                if let Some(sent_at) = sent_at.get(number) {
                    run.note(sent_at.elapsed());
                }
            })
            .await?;
        room += came;
    }
}

/// The state of the broadcasts that are on their way.
struct Flight {
    members: u32,
    sent_at: RefCell<Vec<Instant>>,
    deliveries: RefCell<Vec<u32>>,
    complete: Cell<u64>,
    landed: Notify,
}

async fn broadcast(url: &str, pid: u32, duration: Duration, members: usize, in_flight: usize) -> Result<Row, String> {
    let mut connections = connect(url, members + 1).await?;
    for client in &mut connections {
        client.join("bench").await?;
    }
    let publisher = connections.pop().ok_or("no publisher")?;
    let run = Run::new();
    let flight = Rc::new(Flight {
        members: u32::try_from(members).map_err(|error| error.to_string())?,
        sent_at: RefCell::default(),
        deliveries: RefCell::default(),
        complete: Cell::new(0),
        landed: Notify::new(),
    });
    run.begin.set(Instant::now());
    let listeners: Vec<_> =
        connections.into_iter().map(|client| spawn_local(listen(client, run.clone(), flight.clone()))).collect();
    let publishing = spawn_local(publish(publisher, run.clone(), flight.clone(), in_flight));
    let outcome = run.measure(pid, duration, vec![publishing]).await;
    listeners.iter().for_each(JoinHandle::abort);
    let (rate, cpu) = outcome?;
    run.row(rate, cpu, run.sent.get() * members as u64, pid)
}

/// Publishes so that never more than `in_flight` messages are on their way, and ends when the last one has landed.
async fn publish(mut client: Client, run: Rc<Run>, flight: Rc<Flight>, in_flight: usize) -> Result<(), String> {
    loop {
        let landed = flight.landed.notified();
        let sent = run.sent.get();
        if run.sending.get() && sent < flight.complete.get() + in_flight as u64 {
            flight.sent_at.borrow_mut().push(Instant::now());
            flight.deliveries.borrow_mut().push(0);
            run.sent.set(sent + 1);
            client.write(&numbered("publish", sent)).await?;
            continue;
        }
        if !run.sending.get() && sent == flight.complete.get() {
            return Ok(());
        }
        tokio::select! {
            () = landed => {}
            // Heartbeats, and a server that hangs up.
            result = client.read(|_| {}) => result?,
        }
    }
}

async fn listen(mut client: Client, run: Rc<Run>, flight: Rc<Flight>) -> Result<(), String> {
    let mut next = 0;
    loop {
        client
            .read(|message| {
                let Some(number) = number_in(message, br#"42["update",""#) else { return };
                run.reordered.set(run.reordered.get() + u64::from(number != next));
                next = number + 1;
                let index = number as usize;
                if let Some(sent_at) = flight.sent_at.borrow().get(index) {
                    run.note(sent_at.elapsed());
                }
                if let Some(count) = flight.deliveries.borrow_mut().get_mut(index) {
                    *count += 1;
                    if *count == flight.members {
                        flight.complete.set(flight.complete.get() + 1);
                        flight.landed.notify_one();
                    }
                }
            })
            .await?;
    }
}

async fn connect(url: &str, count: usize) -> Result<Vec<Client>, String> {
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        clients.push(Client::connect(url).await?);
    }
    Ok(clients)
}
