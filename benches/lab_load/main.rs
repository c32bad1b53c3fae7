//! First figures: hubbub beside npm's socket.io on the `lab` contract, driven by one generator in one run.
//!
//! `cargo bench --bench lab_load -- [--seconds N] [--rounds N] [--servers hubbub,socketio] [--scenarios echo-1,...] [--url URL --pid PID]`
//!
//! Each server runs alone, pinned to the first core; the generator, one thread, has the second one. With fewer than two cores
//! they share, and the figures say less. `--url` measures a server that is running already.

mod client;
mod report;
mod scenario;
mod server;

use std::{process::ExitCode, time::Duration};

use report::Row;
use scenario::{SCENARIOS, Scenario};
use server::{Kind, Server};

struct Options {
    duration: Duration,
    rounds: usize,
    servers: Vec<Kind>,
    scenarios: Vec<&'static Scenario>,
    running: Option<(String, u32)>,
}

fn main() -> ExitCode {
    // `cargo test --all-targets` starts every bench as well; only `cargo bench` passes this.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("lab_load measures for minutes; start it with `cargo bench --bench lab_load`");
        return ExitCode::SUCCESS;
    }
    if let Some(code) = server::pin_generator() {
        return code;
    }
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab_load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        duration: Duration::from_secs(5),
        rounds: 1,
        servers: vec![Kind::Hubbub, Kind::SocketIo],
        scenarios: SCENARIOS.iter().collect(),
        running: None,
    };
    let mut url = None;
    let mut pid = None;
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u32>().map_err(|error| format!("{name} {value}: {error}"));
        match name.as_str() {
            "--seconds" => options.duration = Duration::from_secs(number()?.into()),
            "--rounds" => options.rounds = number()? as usize,
            "--servers" => options.servers = value.split(',').map(Kind::named).collect::<Result<_, _>>()?,
            "--scenarios" => options.scenarios = value.split(',').map(Scenario::named).collect::<Result<_, _>>()?,
            "--url" => url = Some(value),
            "--pid" => pid = Some(number()?),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    options.running = url.zip(pid);
    Ok(options)
}

fn run(options: &Options) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    report::heading();
    for scenario in &options.scenarios {
        let mut rows: Vec<(String, Vec<Row>)> = Vec::new();
        // Rounds go around the servers, so that a busy moment of the machine meets them all.
        for _ in 0..options.rounds {
            if let Some((url, pid)) = &options.running {
                let row = runtime.block_on(scenario.run(url, *pid, options.duration))?;
                report::keep(&mut rows, url, row);
                continue;
            }
            for kind in &options.servers {
                let server = Server::start(*kind)?;
                let row = runtime.block_on(scenario.run(server.url(), server.pid(), options.duration))?;
                report::keep(&mut rows, kind.name(), row);
            }
        }
        report::print(scenario.name, &rows);
    }
    Ok(())
}
