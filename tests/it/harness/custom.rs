//! A namespace of the test's own, served by the very same realtime code.

use std::sync::Arc;

use hubbub::config::{Config, Largest};
use hubbub::edge::Traffic;
use hubbub::hub::Parts;
use hubbub::listen::{self, Site};
use hubbub::realtime::capacity::Capacity;
use hubbub::realtime::namespace::{Hooks, Namespace};
use hubbub::realtime::polling;
use hubbub::realtime::reaper::Reaper;
use hubbub::realtime::service::Layer;
use hubbub_actors::kit::blobs::LocalBlobs;
use hubbub_actors::kit::clock::SystemClock;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::ids::SystemRandom;
use hubbub_actors::kit::secrets::Secrets;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A port that serves one namespace.
pub struct Custom {
    /// Its URL.
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
}

impl Custom {
    /// Serves the default namespace with `hooks` and the events that `table` adds.
    pub async fn serve(hooks: Box<dyn Hooks>, table: impl FnOnce(Namespace) -> Namespace + Send + 'static) -> Self {
        let (stop, told_to_stop) = oneshot::channel();
        let (tell_stopped, stopped) = oneshot::channel();
        let (tell_url, url) = oneshot::channel();
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let data = TempDir::new().expect("a temporary directory");
                let mut config = Config::default();
                config.realtime.ping_interval_ms = 200;
                config.realtime.ping_timeout_ms = 5_000;
                let parts = Parts {
                    config,
                    deps: Deps::builder().build(),
                    secrets: Secrets::open(data.path(), &[], &SystemRandom).expect("no secrets"),
                    capacity: Capacity::new(0, 0),
                    reaper: Reaper::new(),
                    blobs: Arc::new(LocalBlobs::open(data.path(), Arc::new(SystemClock)).expect("a place for files")),
                    traffic: Traffic::default(),
                };
                let namespace = table(Namespace::new("/", Emitter::new("/", None, None), hooks, 0.0));
                let service = parts.service(
                    "custom",
                    "/socket.io",
                    Largest::received(100_000),
                    &[],
                    Layer::SocketIo(vec![Arc::new(namespace)]),
                );
                let mounted = Arc::clone(&service);
                let routes =
                    Arc::new(move |config: &mut actix_web::web::ServiceConfig| polling::mount(config, Arc::clone(&mounted)));
                let listener = parts.listen("custom", 0).expect("a free port");
                let _ = tell_url.send(format!("http://{}", listener.address));
                let server = listen::serve(vec![Site { listener, services: vec![service], routes }], 1, 100).expect("it serves");
                let handle = server.handle();
                actix_rt::spawn(server);
                actix_rt::spawn(Arc::clone(&parts.reaper).run());
                let _ = told_to_stop.await;
                handle.stop(false).await;
                let _ = tell_stopped.send(());
            });
        });
        Self { url: url.await.expect("it tells its URL"), stop: Some(stop), stopped: Some(stopped) }
    }

    /// Stops serving.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(stopped) = self.stopped.take() {
            stopped.await.expect("it stops");
        }
    }
}
