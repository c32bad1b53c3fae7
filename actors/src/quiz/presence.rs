//! What happens when a socket comes or goes.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::ServerHello;

use super::connections::visits;
use super::room::Room;
use super::room::coming::SocketBack;
use super::{Wiring, lobby, rooms};
use crate::kit::ask::restarting;
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;

/// Which machine a socket comes from, as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The `User-Agent` of its handshake.
    pub user_agent: Option<String>,
    /// The `deviceId` that its handshake names.
    pub device: Option<String>,
}

/// Greets a socket, and takes note of it. One that was recovered is still in its rooms, which get to know that it is back.
///
/// # Errors
/// The caller has no socket, or an actor is down.
pub async fn connected(deps: &Deps, caller: &Caller, origin: Origin) -> Result<(), Fault> {
    let (wiring, socket) = (Wiring::of(deps), caller.socket()?);
    visits::opened(deps, caller, origin.user_agent.as_deref(), origin.device.as_deref())?;
    let hello = ServerHello { socket_id: socket.to_string(), server_time: deps.now().0 };
    wiring.emitter.socket(socket, &hello);
    for id in wiring.emitter.rooms_of(socket).iter().filter_map(rooms::game) {
        if let Ok(room) = deps.registry::<Room>().find(&id) {
            room.send(SocketBack { caller: caller.clone() }).await.map_err(|_closed| restarting())?;
        }
    }
    Ok(())
}

/// Says goodbye to a socket, after all its events.
///
/// # Errors
/// The caller has no socket, or the lobby is down.
pub async fn disconnected(deps: &Deps, caller: &Caller) -> Result<(), Fault> {
    visits::closed(deps, caller)?;
    let gone = lobby::SocketGone { socket: caller.socket()?.clone() };
    lobby::of(deps)?.send(gone).await.map_err(|_closed| restarting())
}
