//! `hubbub serve`: from the configuration to `ready`, and from the first signal to a clean end.

use std::path::Path;

use actix_rt::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::logging;
use super::output::print_line;
use crate::config::Config;
use crate::hub;

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let config = super::read_config(file)?.config;
    logging::start(&config.log);
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    actix_rt::System::new().block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    // Before the first port is open: a signal that comes early must not kill a store that is being opened.
    let mut signals = Signals::listen()?;
    let running = hub::start(config).await.map_err(|error| Failure::because(&error))?;
    for (system, address) in &running.addresses {
        print_line(format_args!("{system} listening on http://{address}"))?;
    }
    print_line("ready")?;
    signals.first().await;
    tracing::info!("stopping: clients are told to reconnect; a second signal stops at once");
    tokio::select! {
        () = running.stop() => Ok(()),
        () = signals.first() => Err(Failure::Failed("stopped by a second signal before everything was saved".to_owned())),
    }
}

/// The two signals that end a server.
struct Signals {
    terminate: actix_rt::signal::unix::Signal,
    interrupt: actix_rt::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::while_doing("cannot listen for signals", &error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for either of them.
    async fn first(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
