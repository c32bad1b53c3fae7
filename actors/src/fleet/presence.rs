//! What happens when a socket comes or goes.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::TabletId;
use hubbub_protocol::fleet::auth::DeviceType;

use super::{Wiring, device, device_id, roster, tablet};
use crate::kit::ask::restarting;
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;

/// Welcomes a socket: it is told the lists, and a tablet gets back what waited for it. Awaited before the socket's first event.
///
/// # Errors
/// The caller carries no device token, or an actor is down.
pub async fn connected(deps: &Deps, caller: &Caller) -> Result<(), Fault> {
    let client = Client::of(caller)?;
    let arrived = roster::Arrived { socket: client.socket.clone(), kind: client.kind };
    roster::of(deps)?.send(arrived).await.map_err(|_closed| restarting())?;
    if client.kind != DeviceType::Headset {
        // A headset counts when it registers.
        Wiring::of(deps).metrics.connected(client.kind);
    }
    if client.kind == DeviceType::Tablet {
        let tablet = deps.registry::<tablet::Tablet>().summon(&client.tablet)?;
        tablet.send(tablet::Arrived { socket: client.socket }).await.map_err(|_closed| restarting())?;
    }
    Ok(())
}

/// Says goodbye to a socket, after all its events: a headset goes offline, a tablet's locks are released.
///
/// # Errors
/// The caller carries no device token, or an actor is down.
pub async fn disconnected(deps: &Deps, caller: &Caller, reason: &str) -> Result<(), Fault> {
    let client = Client::of(caller)?;
    tracing::debug!(socket.id = %client.socket, device.id = %client.tablet, "{} `{}` left: {reason}", client.kind.as_str(), client.tablet);
    match client.kind {
        DeviceType::Headset => {
            if let Ok(device) = deps.registry::<device::Device>().find(&device_id(caller)?) {
                device.send(device::SocketGone { socket: client.socket.clone() }).await.map_err(|_closed| restarting())?;
            }
        }
        DeviceType::Tablet => release_locks(deps, &client).await,
        DeviceType::Dashboard => {}
    }
    if client.kind != DeviceType::Headset {
        Wiring::of(deps).metrics.disconnected(client.kind);
    }
    roster::of(deps)?.send(roster::Departed { socket: client.socket }).await.map_err(|_closed| restarting())
}

/// Has the tablet release what the socket held; if the tablet is down, the devices are told directly, so that no lock outlives
/// its socket.
async fn release_locks(deps: &Deps, client: &Client) {
    let departed = tablet::Departed { socket: client.socket.clone() };
    let is_done = match deps.registry::<tablet::Tablet>().summon(&client.tablet) {
        Ok(tablet) => tablet.send(departed).await.is_ok(),
        Err(_down) => false,
    };
    if !is_done {
        let held = roster::held_by(deps, &client.socket).await;
        device::release_all(deps, &client.socket, held).await;
    }
}

/// A connected client, as its token names it.
struct Client {
    socket: SocketId,
    kind: DeviceType,
    tablet: TabletId,
}

impl Client {
    fn of(caller: &Caller) -> Result<Self, Fault> {
        let kind = caller.role.as_deref().and_then(DeviceType::parse);
        let kind = kind.ok_or_else(|| hubbub_protocol::fleet::error::forbidden("This token has no device type"))?;
        Ok(Self { socket: caller.socket()?.clone(), kind, tablet: device_id(caller)?.into() })
    }
}
