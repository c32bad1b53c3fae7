//! The fleet at a glance: the last word of every device and session, and what follows from it. No actor, no clock, no I/O.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::dashboard::{
    FleetStatus, HeadsetInfo, HeadsetsUpdated, HeadsetsWithLockStatus, LockStatus, LocksUpdated,
};
use hubbub_protocol::fleet::devices::{DeviceState, Summary};
use hubbub_protocol::fleet::number::Decimal;
use hubbub_protocol::fleet::sessions::SessionLine;
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId};

use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// How long an offline device, and a name without a device, are remembered.
const DEVICE_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How long an ended session is remembered.
const SESSION_KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Names that may wait for their device.
const MAX_WAITING_NAMES: usize = 10_000;
/// Under this ratio a battery is low.
const LOW_BATTERY: f64 = 0.20;

/// What a device says about itself.
#[derive(Debug, Clone)]
pub enum DeviceWord {
    /// It was seen.
    Seen(Box<SeenDevice>),
    /// It has a name and was never seen.
    Named(DeviceId, Timestamp),
    /// It has neither.
    Blank(DeviceId),
}

/// A device that was seen.
#[derive(Debug, Clone)]
pub struct SeenDevice {
    /// As clients see it.
    pub state: DeviceState,
    /// Its name.
    pub name: String,
    /// Whether it records.
    pub is_recording: bool,
    /// Its last activity.
    pub last_seen: Timestamp,
}

/// What a session says about itself.
#[derive(Debug, Clone)]
pub struct SessionWord {
    /// As the list shows it.
    pub line: SessionLine,
    /// Who drives it.
    pub owner: TabletId,
    /// Its devices.
    pub device_ids: Vec<DeviceId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The timestamp of its recording.
    pub upload_timestamp: Option<String>,
}

/// Which lists a word has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Who is online.
    pub online: bool,
    /// Who is held by whom.
    pub locks: bool,
    /// Who is called what.
    pub names: bool,
}

/// What time has made superfluous.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Expired {
    /// Devices, and names without a device.
    pub devices: Vec<DeviceId>,
    /// Sessions.
    pub sessions: Vec<SessionId>,
}

/// Numbers for gauges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// Connected clients by type; dashboards once there was one.
    pub connected: Vec<(DeviceType, usize)>,
    /// Devices that a tablet holds.
    pub locked: usize,
    /// Devices that record.
    pub recording: usize,
    /// Online devices with a low battery.
    pub low_battery: usize,
    /// Levels in percent of online devices.
    pub battery_percent: Vec<(DeviceId, f64)>,
    /// Sessions that have not ended.
    pub active_sessions: usize,
}

/// The roster.
#[derive(Debug, Default)]
pub struct State {
    devices: BTreeMap<DeviceId, SeenDevice>,
    names: BTreeMap<DeviceId, Timestamp>,
    sessions: BTreeMap<(Timestamp, SessionId), SessionWord>,
    tablets: BTreeSet<SocketId>,
    dashboards: BTreeSet<SocketId>,
    had_dashboards: bool,
}

impl State {
    // --- devices ---

    /// Takes a device's word. Returns what it changed.
    pub fn hear(&mut self, word: DeviceWord) -> Changed {
        match word {
            DeviceWord::Seen(device) => {
                self.names.remove(&device.state.device_id);
                let before = self.devices.insert(device.state.device_id.clone(), (*device).clone());
                Changed::between(before.as_ref(), &device)
            }
            DeviceWord::Named(id, at) => {
                self.names.insert(id, at);
                Changed::default()
            }
            DeviceWord::Blank(id) => {
                self.names.remove(&id);
                Changed::default()
            }
        }
    }

    /// Returns whether a device was ever seen.
    #[must_use]
    pub fn knows(&self, id: &DeviceId) -> bool {
        self.devices.contains_key(id)
    }

    /// Returns all devices, sorted by id.
    #[must_use]
    pub fn fleet(&self) -> FleetStatus {
        FleetStatus(self.devices.values().map(|device| device.state.clone()).collect())
    }

    /// Returns the online headsets.
    #[must_use]
    pub fn headsets(&self) -> HeadsetsUpdated {
        HeadsetsUpdated(self.online().map(|device| device.state.device_id.clone()).collect())
    }

    /// Returns the online headsets with lock and name.
    #[must_use]
    pub fn headsets_with_lock_status(&self) -> HeadsetsWithLockStatus {
        let info = |device: &SeenDevice| HeadsetInfo {
            device_id: device.state.device_id.clone(),
            is_locked: device.state.is_locked,
            locked_by_tablet_id: device.state.locked_by_tablet_id.clone(),
            custom_name: device.name.clone(),
        };
        HeadsetsWithLockStatus(self.online().map(info).collect())
    }

    /// Returns the locks of the online headsets.
    #[must_use]
    pub fn locks(&self) -> LocksUpdated {
        let status = |device: &SeenDevice| LockStatus {
            device_id: device.state.device_id.clone(),
            is_locked: device.state.is_locked,
            locked_by_tablet_id: device.state.locked_by_tablet_id.clone(),
        };
        LocksUpdated(self.online().map(status).collect())
    }

    /// Returns the devices that a socket holds.
    #[must_use]
    pub fn held_by(&self, socket: &SocketId) -> Vec<DeviceId> {
        let is_holder = |device: &&SeenDevice| device.state.locked_by_tablet_id.as_deref() == Some(socket.as_str());
        self.devices.values().filter(is_holder).map(|device| device.state.device_id.clone()).collect()
    }

    /// Returns the fleet in numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count = |wanted: fn(&SeenDevice) -> bool| self.devices.values().filter(|device| wanted(device)).count();
        let levels: Vec<f64> = self.devices.values().filter_map(SeenDevice::battery).collect();
        let productive_secs =
            self.devices.values().filter_map(|device| device.state.telemetry.as_ref()?.number("productiveTime")).sum();
        Summary {
            total_devices: self.devices.len(),
            online_devices: count(SeenDevice::is_online),
            offline_devices: count(|device| !device.is_online()),
            recording_devices: count(|device| device.is_recording),
            low_battery_devices: count(SeenDevice::is_low),
            locked_devices: count(|device| device.state.is_locked),
            avg_battery_level: Decimal(mean(&levels)),
            total_productive_time: Decimal(productive_secs),
            app_versions: self.app_versions(),
        }
    }

    fn app_versions(&self) -> Vec<String> {
        let version = |device: &SeenDevice| Some(device.state.telemetry.as_ref()?.get("appVersion")?.as_str()?.to_owned());
        let distinct: BTreeSet<String> =
            self.devices.values().filter_map(version).filter(|version| !version.is_empty()).collect();
        distinct.into_iter().collect()
    }

    fn online(&self) -> impl Iterator<Item = &SeenDevice> {
        self.devices.values().filter(|device| device.is_online())
    }

    // --- sessions ---

    /// Takes a session's word.
    pub fn hear_session(&mut self, word: SessionWord) {
        self.sessions.insert((word.created_at, word.line.session_id.clone()), word);
    }

    /// Returns all sessions in the order of their creation.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionLine> {
        self.sessions.values().map(|session| session.line.clone()).collect()
    }

    /// Returns a tablet's sessions that have not ended, with their devices, oldest first.
    #[must_use]
    pub fn active_sessions(&self, owner: &TabletId) -> Vec<(SessionId, Vec<DeviceId>)> {
        let own = self.sessions.values().filter(|session| session.ended_at.is_none() && session.owner == *owner);
        own.map(|session| (session.line.session_id.clone(), session.device_ids.clone())).collect()
    }

    /// Returns the sessions whose files an upload brings: those with this timestamp in their metadata, the one with this id, and those
    /// whose timestamp was sent in the place of an id.
    #[must_use]
    pub fn sessions_of(&self, timestamp: Option<&str>, session_id: Option<&str>) -> Vec<SessionId> {
        let is_its_own = |session: &&SessionWord| {
            let recorded = session.upload_timestamp.as_deref();
            let is_its_timestamp = recorded.is_some() && (recorded == timestamp || recorded == session_id);
            is_its_timestamp || session_id == Some(session.line.session_id.as_str())
        };
        self.sessions.values().filter(is_its_own).map(|session| session.line.session_id.clone()).collect()
    }

    // --- clients ---

    /// Takes note of a connected socket. Headsets are counted by their registration instead.
    pub fn arrive(&mut self, socket: &SocketId, kind: DeviceType) {
        match kind {
            DeviceType::Headset => {}
            DeviceType::Tablet => drop(self.tablets.insert(socket.clone())),
            DeviceType::Dashboard => {
                self.dashboards.insert(socket.clone());
                self.had_dashboards = true;
            }
        }
    }

    /// Takes note that a socket is gone. Returns whether it was counted.
    pub fn depart(&mut self, socket: &SocketId) -> bool {
        self.tablets.remove(socket) | self.dashboards.remove(socket)
    }

    /// Returns the numbers for the gauges.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let mut connected = vec![(DeviceType::Headset, self.online().count()), (DeviceType::Tablet, self.tablets.len())];
        if self.had_dashboards {
            connected.push((DeviceType::Dashboard, self.dashboards.len()));
        }
        let percent =
            |device: &SeenDevice| Some((device.state.device_id.clone(), device.state.telemetry.as_ref()?.battery_percent()?));
        Gauges {
            connected,
            locked: self.devices.values().filter(|device| device.state.is_locked).count(),
            recording: self.devices.values().filter(|device| device.is_recording).count(),
            low_battery: self.online().filter(|device| device.is_low()).count(),
            battery_percent: self.online().filter_map(percent).collect(),
            active_sessions: self.sessions.values().filter(|session| session.ended_at.is_none()).count(),
        }
    }

    // --- time ---

    /// Forgets what is too old, and the oldest of too many waiting names. Returns what was forgotten.
    pub fn expire(&mut self, now: Timestamp) -> Expired {
        let mut expired = Expired::default();
        self.devices.retain(|id, device| {
            let is_kept = device.is_online() || now.since(device.last_seen) < DEVICE_KEPT_MS;
            if !is_kept {
                expired.devices.push(id.clone());
            }
            is_kept
        });
        let mut waiting: Vec<(Timestamp, DeviceId)> = self.names.iter().map(|(id, at)| (*at, id.clone())).collect();
        waiting.sort();
        let surplus = waiting.len().saturating_sub(MAX_WAITING_NAMES);
        for (place, (named_at, id)) in waiting.into_iter().enumerate() {
            if place < surplus || now.since(named_at) >= DEVICE_KEPT_MS {
                self.names.remove(&id);
                expired.devices.push(id);
            }
        }
        self.sessions.retain(|(_, id), session| {
            let is_kept = session.ended_at.is_none_or(|ended_at| now.since(ended_at) < SESSION_KEPT_MS);
            if !is_kept {
                expired.sessions.push(id.clone());
            }
            is_kept
        });
        expired
    }
}

impl SeenDevice {
    fn is_online(&self) -> bool {
        self.state.is_online
    }

    fn battery(&self) -> Option<f64> {
        self.state.telemetry.as_ref()?.battery_ratio()
    }

    fn is_low(&self) -> bool {
        self.is_online() && self.battery().is_some_and(|level| level < LOW_BATTERY)
    }
}

impl Changed {
    fn between(before: Option<&SeenDevice>, now: &SeenDevice) -> Self {
        let was_online = before.is_some_and(SeenDevice::is_online);
        let online = was_online != now.is_online();
        let holder = before.and_then(|before| before.state.locked_by_tablet_id.as_ref());
        let name = before.map_or("", |before| &before.name);
        Self { online, locks: holder != now.state.locked_by_tablet_id.as_ref(), names: name != now.name }
    }

    /// Adds another change.
    pub fn add(&mut self, other: Self) {
        self.online |= other.online;
        self.locks |= other.locks;
        self.names |= other.names;
    }

    /// Returns whether nothing changed.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

fn mean(numbers: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no fleet has 2^52 devices")]
    let count = numbers.len() as f64;
    if numbers.is_empty() { 0.0 } else { numbers.iter().sum::<f64>() / count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_protocol::fleet::Telemetry;
    use hubbub_protocol::fleet::sessions::SessionStatus;
    use serde_json::{Value, json};

    const NOON: Timestamp = Timestamp(1_770_379_200_000);
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn quest(number: u32) -> DeviceId {
        DeviceId::parse(&format!("QUEST_{number:03}")).expect("a good id")
    }

    fn seen(number: u32, telemetry: Value) -> SeenDevice {
        let state = DeviceState {
            device_id: quest(number),
            is_online: true,
            last_seen: NOON.iso(),
            connection_time: NOON.iso(),
            telemetry: Telemetry::read(telemetry),
            is_locked: false,
            locked_by_tablet_id: None,
        };
        SeenDevice { state, name: String::new(), is_recording: false, last_seen: NOON }
    }

    fn word(device: SeenDevice) -> DeviceWord {
        DeviceWord::Seen(Box::new(device))
    }

    fn offline(mut device: SeenDevice) -> SeenDevice {
        device.state.is_online = false;
        device
    }

    fn locked(mut device: SeenDevice, by: &str) -> SeenDevice {
        device.state.is_locked = true;
        device.state.locked_by_tablet_id = Some(by.to_owned());
        device
    }

    fn session(number: i64, owner: &str, ended_at: Option<Timestamp>) -> SessionWord {
        let created_at = NOON.plus(number);
        let session_id = SessionId::new(created_at.0, "abc123");
        let line = SessionLine {
            session_id,
            status: SessionStatus::Pending,
            device_count: 1,
            created_at: created_at.iso(),
            started_at: None,
            ended_at: ended_at.map(Timestamp::iso),
        };
        let owner = DeviceId::parse(owner).expect("a good id").into();
        SessionWord { line, owner, device_ids: vec![quest(1)], created_at, ended_at, upload_timestamp: None }
    }

    #[test]
    fn a_word_tells_which_lists_it_changed() {
        let mut state = State::default();
        let changed = |online, locks, names| Changed { online, locks, names };
        assert_eq!(state.hear(word(seen(1, json!({})))), changed(true, false, false));
        assert_eq!(state.hear(word(seen(1, json!({ "batteryLevel": 1 })))), changed(false, false, false));
        assert_eq!(state.hear(word(locked(seen(1, json!({})), "t1"))), changed(false, true, false));
        assert_eq!(state.hear(word(locked(seen(1, json!({})), "t2"))), changed(false, true, false));
        let named = SeenDevice { name: "Lab".to_owned(), ..locked(seen(1, json!({})), "t2") };
        assert_eq!(state.hear(word(named)), changed(false, false, true));
        assert_eq!(state.hear(word(offline(seen(1, json!({}))))), changed(true, true, true));
    }

    #[test]
    fn lists_show_online_devices_sorted_by_id() {
        let mut state = State::default();
        for number in [3, 1, 2] {
            state.hear(word(seen(number, json!({}))));
        }
        state.hear(word(offline(seen(2, json!({})))));
        state.hear(word(locked(seen(3, json!({})), "t1")));
        assert_eq!(json!(state.headsets()), json!(["QUEST_001", "QUEST_003"]));
        assert_eq!(
            json!(state.locks()),
            json!([
                { "deviceId": "QUEST_001", "isLocked": false, "lockedByTabletId": null },
                { "deviceId": "QUEST_003", "isLocked": true, "lockedByTabletId": "t1" }
            ])
        );
        assert_eq!(state.fleet().0.len(), 3);
        assert_eq!(state.held_by(&SocketId::new("t1")), [quest(3)]);
    }

    #[test]
    fn the_summary_follows_the_decided_formulas() {
        let mut state = State::default();
        assert_eq!(json!(state.summary())["avgBatteryLevel"], json!(0));
        let recording = SeenDevice {
            is_recording: true,
            ..seen(1, json!({ "batteryLevel": 0.19, "productiveTime": 100, "appVersion": "1.2.4" }))
        };
        state.hear(word(recording));
        state.hear(word(locked(seen(2, json!({ "batteryLevel": 0.20, "productiveTime": 50.5, "appVersion": "1.2.3" })), "t1")));
        state.hear(word(offline(seen(3, json!({ "batteryLevel": 0.12, "appVersion": "" })))));
        state.hear(word(seen(4, json!({ "batteryLevel": "full", "appVersion": "1.2.4" }))));
        assert_eq!(
            serde_json::to_string(&state.summary()).expect("a summary"),
            r#"{"totalDevices":4,"onlineDevices":3,"offlineDevices":1,"recordingDevices":1,"lowBatteryDevices":1,"lockedDevices":1,"avgBatteryLevel":0.17,"totalProductiveTime":150.5,"appVersions":["1.2.3","1.2.4"]}"#
        );
    }

    #[test]
    fn offline_devices_are_forgotten_after_a_week() {
        let mut state = State::default();
        state.hear(word(seen(1, json!({}))));
        state.hear(word(offline(seen(2, json!({})))));
        state.hear(DeviceWord::Named(quest(3), NOON));
        assert_eq!(state.expire(NOON.plus(7 * DAY_MS - 1)), Expired::default());
        assert_eq!(state.expire(NOON.plus(7 * DAY_MS)), Expired { devices: vec![quest(2), quest(3)], sessions: vec![] });
        assert!(state.knows(&quest(1)) && !state.knows(&quest(2)));
    }

    #[test]
    fn the_oldest_of_too_many_waiting_names_go() {
        let mut state = State::default();
        for number in 0..10_002_u32 {
            let id = DeviceId::parse(&format!("QUEST_{number:06}")).expect("a good id");
            state.hear(DeviceWord::Named(id, NOON.plus(i64::from(number))));
        }
        let forgotten: Vec<String> = state.expire(NOON).devices.iter().map(ToString::to_string).collect();
        assert_eq!(forgotten, ["QUEST_000000", "QUEST_000001"]);
    }

    #[test]
    fn sessions_are_listed_in_order_and_forgotten_a_day_after_their_end() {
        let mut state = State::default();
        state.hear_session(session(2, "TABLET_01", None));
        state.hear_session(session(1, "TABLET_01", None));
        state.hear_session(session(3, "TABLET_02", None));
        let created: Vec<String> = state.sessions().into_iter().map(|line| line.created_at).collect();
        assert_eq!(created, [NOON.plus(1).iso(), NOON.plus(2).iso(), NOON.plus(3).iso()]);
        let tablet = DeviceId::parse("TABLET_01").expect("a good id").into();
        assert_eq!(state.active_sessions(&tablet).len(), 2);
        state.hear_session(session(2, "TABLET_01", Some(NOON)));
        assert_eq!(state.active_sessions(&tablet), [(SessionId::new(NOON.plus(1).0, "abc123"), vec![quest(1)])]);
        assert_eq!(state.gauges().active_sessions, 2);
        assert!(state.expire(NOON.plus(DAY_MS - 1)).sessions.is_empty());
        assert_eq!(state.expire(NOON.plus(DAY_MS)).sessions, [SessionId::new(NOON.plus(2).0, "abc123")]);
    }

    #[test]
    fn gauges_count_clients_by_type_and_batteries_in_percent() {
        let mut state = State::default();
        let connected = |state: &State| state.gauges().connected;
        assert_eq!(connected(&state), [(DeviceType::Headset, 0), (DeviceType::Tablet, 0)]);
        state.hear(word(seen(1, json!({ "batteryLevel": 0.5 }))));
        state.hear(word(seen(2, json!({ "batteryLevel": 15 }))));
        state.hear(word(offline(seen(3, json!({ "batteryLevel": 0.1 })))));
        state.arrive(&SocketId::new("t1"), DeviceType::Tablet);
        state.arrive(&SocketId::new("d1"), DeviceType::Dashboard);
        assert_eq!(connected(&state), [(DeviceType::Headset, 2), (DeviceType::Tablet, 1), (DeviceType::Dashboard, 1)]);
        assert_eq!(state.gauges().battery_percent, [(quest(1), 50.0), (quest(2), 15.0)]);
        assert_eq!(state.gauges().low_battery, 1);
        assert!(state.depart(&SocketId::new("d1")) && !state.depart(&SocketId::new("d1")));
        assert_eq!(connected(&state), [(DeviceType::Headset, 2), (DeviceType::Tablet, 1), (DeviceType::Dashboard, 0)]);
    }
}
