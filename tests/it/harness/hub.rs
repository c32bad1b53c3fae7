//! A hub in this process: real ports, its own data directory, gone when the test is over.

use std::collections::HashMap;
use std::ffi::OsString;

use hubbub::config::Config;
use hubbub_actors::kit::deps::Deps;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A running hub.
pub struct Hub {
    urls: HashMap<&'static str, String>,
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
    /// The way to its actors.
    pub deps: Deps,
    /// Its data directory, kept so that another hub can be started on it.
    pub data: std::sync::Arc<TempDir>,
}

impl Hub {
    /// Starts a hub on free ports; `settings` are environment variables without `HUBBUB_`.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let data = std::sync::Arc::new(TempDir::new().expect("a temporary directory"));
        Self::start_on(data, settings).await
    }

    /// Starts a hub on a data directory that another one left.
    pub async fn start_on(data: std::sync::Arc<TempDir>, settings: &[(&str, &str)]) -> Self {
        let free_ports = [("FLEET__PORT", "0"), ("QUIZ__PORT", "0"), ("LAB__PORT", "0"), ("OPS__PORT", "0")];
        let directory = data.path().display().to_string();
        let base = free_ports.into_iter().chain([("DATA_DIR", directory.as_str())]);
        let variables = base.chain(settings.iter().copied());
        let environment: Vec<(OsString, OsString)> =
            variables.map(|(name, value)| (format!("HUBBUB_{name}").into(), value.into())).collect();
        let config = Config::parse(None, environment).expect("the test's settings are valid").config;
        let (stop, told_to_stop) = oneshot::channel();
        let (tell_stopped, stopped) = oneshot::channel();
        let (tell_started, started) = oneshot::channel();
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let running = hubbub::hub::start(config).await.expect("the hub starts");
                let _ = tell_started.send((running.addresses.clone(), running.deps().clone()));
                let _ = told_to_stop.await;
                running.stop().await;
                let _ = tell_stopped.send(());
            });
        });
        let (addresses, deps) = started.await.expect("the hub tells its addresses");
        let urls = addresses.into_iter().map(|(system, address)| (system, format!("http://{address}"))).collect();
        Self { urls, stop: Some(stop), stopped: Some(stopped), deps, data }
    }

    /// Returns the URL of a system.
    pub fn url(&self, system: &str) -> &str {
        self.urls.get(system).unwrap_or_else(|| panic!("`{system}` is served"))
    }

    /// Stops the hub and waits until it has saved everything.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(stopped) = self.stopped.take() {
            stopped.await.expect("the hub stops");
        }
    }
}
