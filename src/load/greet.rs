//! What a frame means: a heartbeat, a step into the namespace, or something for the scenario.

use hubbub_protocol::wire::frame::Opcode;

use super::connection::Stage;
use super::incoming::{self, Frame};
use super::links::{Links, Lost};
use super::scenario::Scenario;

/// Handles one frame: heartbeats and the way into the namespace here, everything else in the scenario.
pub(super) fn take_frame<S: Scenario>(
    links: &mut Links,
    scenario: &mut S,
    slot: usize,
    stage: Stage,
    frame: &Frame<'_>,
) -> Result<(), Lost> {
    match frame {
        Frame::Text(b"2") => links.send(slot, b"3"),
        Frame::Text(b"1") => return Err("the server closed the Engine.IO session".to_owned()),
        Frame::Text(packet) if packet.starts_with(b"41") => return Err("the server closed the namespace".to_owned()),
        Frame::Text(packet) if matches!(stage, Stage::Ready | Stage::Preparing) => scenario.message(links, slot, packet),
        Frame::Text(packet) => return greet(links, scenario, slot, stage, packet),
        Frame::Binary(bytes) => scenario.binary(links, slot, bytes),
        Frame::Ping(payload) => links.send_frame(slot, Opcode::Pong, payload),
        Frame::Pong => {}
        Frame::Close(payload) => return Err(incoming::close_reason(payload)),
    }
    Ok(())
}

/// Goes one step further into the namespace.
fn greet<S: Scenario>(links: &mut Links, scenario: &mut S, slot: usize, stage: Stage, packet: &[u8]) -> Result<(), Lost> {
    let greeting = scenario.greeting();
    match stage {
        Stage::Opening if packet.starts_with(b"0{") => {
            let entry = scenario.entry(links, slot);
            links.send(slot, entry.as_bytes());
            links.set_stage(slot, Stage::Joining);
        }
        Stage::Joining if packet.starts_with(b"40") && greeting.is_some() => links.set_stage(slot, Stage::Greeting),
        Stage::Joining if packet.starts_with(b"40") => enter(links, scenario, slot),
        Stage::Greeting if greeting.is_some_and(|greeting| packet.starts_with(greeting)) => enter(links, scenario, slot),
        Stage::Greeting => {}
        _ => return Err(format!("{}, and the server sent `{}`", waiting_for(stage), excerpt(packet))),
    }
    Ok(())
}

fn enter<S: Scenario>(links: &mut Links, scenario: &mut S, slot: usize) {
    links.set_stage(slot, Stage::Preparing);
    scenario.entered(links, slot);
}

/// Says what a connection of this stage waits for.
pub(super) fn waiting_for(stage: Stage) -> &'static str {
    match stage {
        Stage::Dialing => "waited for the server to accept the connection",
        Stage::Upgrading => "waited for the WebSocket",
        Stage::Opening => "waited for the Engine.IO session to open",
        Stage::Joining => "waited to enter the namespace",
        Stage::Greeting => "waited for the namespace's greeting",
        Stage::Closed | Stage::Preparing | Stage::Ready => "waited for an acknowledgement",
    }
}

/// Returns the beginning of a packet, for a message to a human.
pub(super) fn excerpt(packet: &[u8]) -> String {
    const LEN: usize = 120;
    let text = String::from_utf8_lossy(packet.get(..LEN).unwrap_or(packet));
    if packet.len() > LEN { format!("{text}…") } else { text.into_owned() }
}
