//! What the fleet's actors do together, seen from its sockets.

mod capture;
mod headset;
mod restart;
mod roster;
mod tablet;
mod upload_session;
mod uploads;

use hubbub_protocol::fleet::DeviceId;

fn id(text: &str) -> DeviceId {
    DeviceId::parse(text).expect("a good id")
}
