//! Which device a socket comes from.

use std::net::IpAddr;

use hubbub_protocol::quiz::{DeviceId, UserId};
use uuid::Uuid;

/// The space of devices that named themselves by something else than a UUID.
const NAMED: Uuid = Uuid::from_u128(0x5f0f_26e4_6a53_4c0e_9d61_0a7b_8b1c_43d1);
/// The space of devices that did not name themselves. It is another one, so that no name leads to somebody's unnamed device.
const UNNAMED: Uuid = Uuid::from_u128(0x2c9e_4f17_03b8_4a6d_b2d5_e1f6_70c8_95aa);

/// Returns the device of a socket: what its handshake names, else a guess that stays the same for the same person and browser.
#[must_use]
pub fn device_id(named: Option<&str>, user: Option<UserId>, address: Option<IpAddr>, user_agent: &str) -> DeviceId {
    if let Some(name) = named.map(str::trim).filter(|name| !name.is_empty()) {
        return DeviceId::parse(name).unwrap_or_else(|_| Uuid::new_v5(&NAMED, name.as_bytes()).into());
    }
    let person = match (user, address) {
        (Some(user), _) => user.to_string(),
        (None, Some(address)) => address.to_canonical().to_string(),
        (None, None) => String::new(),
    };
    Uuid::new_v5(&UNNAMED, format!("{person}\n{user_agent}").as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn a_device_that_names_a_uuid_has_it() {
        let id = "550E8400-e29b-41d4-a716-446655440000";
        let named = device_id(Some(id), None, ADDRESS, "agent");
        assert_eq!(named.to_string(), "550e8400-e29b-41d4-a716-446655440000");
    }

    #[test]
    fn any_other_name_leads_to_one_uuid_wherever_the_device_is() {
        let named = |name, agent| device_id(Some(name), None, ADDRESS, agent);
        assert_eq!(named("my phone", "agent"), named(" my phone ", "another"));
        assert_eq!(named("my phone", "agent").uuid().get_version_num(), 5);
        assert_ne!(named("my phone", "agent"), named("your phone", "agent"));
    }

    #[test]
    fn an_unnamed_device_is_told_by_its_person_and_its_browser() {
        let (one, other) = (UserId::random([1; 16]), UserId::random([2; 16]));
        let unnamed = |user, address, agent| device_id(None, user, address, agent);
        let id = unnamed(Some(one), ADDRESS, "agent");
        assert_eq!(unnamed(Some(one), None, "agent"), id, "its address does not count");
        assert_ne!(unnamed(Some(one), ADDRESS, "another"), id);
        assert_ne!(unnamed(Some(other), ADDRESS, "agent"), id);
        assert_ne!(unnamed(None, ADDRESS, "agent"), id);
        assert_eq!(device_id(Some(" "), None, ADDRESS, "agent"), unnamed(None, ADDRESS, "agent"));
        assert_eq!(id.uuid().get_version_num(), 5);
    }

    #[test]
    fn no_name_leads_to_an_unnamed_device() {
        assert_ne!(device_id(Some("127.0.0.1\nagent"), None, None, ""), device_id(None, None, ADDRESS, "agent"));
    }
}
