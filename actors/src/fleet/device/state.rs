//! What a device knows and decides: who is connected as it, who holds it, whether it records. No actor, no clock, no I/O.

use hubbub_protocol::fleet::devices::DeviceState;
use hubbub_protocol::fleet::tablet::LockRefusal;
use hubbub_protocol::fleet::{DeviceId, TabletId, Telemetry};
use serde::{Deserialize, Serialize};

use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// Less than this after the last accepted frame, the next one is dropped: 60 frames a second.
const FRAME_INTERVAL_MS: i64 = 16;
/// How often mere activity is told to others.
const ACTIVITY_INTERVAL_MS: i64 = 1_000;

/// The tablet that holds a device, and the socket over which it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The tablet.
    pub tablet: TabletId,
    /// Its socket, which clients see.
    pub socket: SocketId,
}

/// What happened when a headset's socket registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connected {
    /// It was registered already.
    Again,
    /// It is registered now; an older socket of the same headset has lost its place.
    Now {
        /// That older socket.
        superseded: Option<SocketId>,
    },
}

/// What happened when a device was unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// It was held by the one who asked.
    Released,
    /// Nobody held it.
    WasFree,
}

/// The whole state of a device, as it is stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    name: String,
    named_at: Option<Timestamp>,
    seen: Option<Seen>,
    report: Option<Report>,
    live: Live,
    #[serde(skip)]
    shown: Option<Telemetry>,
    #[serde(skip)]
    last_frame: Option<Timestamp>,
    #[serde(skip)]
    told_activity: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    last: Timestamp,
    connection: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Report {
    telemetry: Telemetry,
    received: Timestamp,
}

/// What ends with the process: restored after a panic, forgotten after a restart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Live {
    boot_id: u64,
    socket: Option<SocketId>,
    superseded: Vec<SocketId>,
    lock: Option<Holder>,
    is_recording: bool,
}

impl State {
    /// Makes a stored state valid in this run of the process: connections and locks of an earlier run are gone.
    pub fn settle(&mut self, boot_id: u64) {
        if self.live.boot_id != boot_id {
            self.live = Live { boot_id, ..Live::default() };
        }
        self.show();
    }

    // --- the headset ---

    /// Registers a socket of the headset. The newest socket wins; one that lost its place never gets it back.
    pub fn connect(&mut self, socket: &SocketId, now: Timestamp) -> Option<Connected> {
        if self.live.superseded.contains(socket) {
            return None;
        }
        if self.live.socket.as_ref() == Some(socket) {
            self.touch(now);
            return Some(Connected::Again);
        }
        let superseded = self.live.socket.replace(socket.clone());
        self.live.superseded.extend(superseded.clone());
        self.seen = Some(Seen { last: now, connection: now });
        self.last_frame = None;
        Some(Connected::Now { superseded })
    }

    /// Takes note that a socket is gone. Returns `None` if it was not the one that counts, else who held the device until now.
    pub fn disconnect(&mut self, socket: &SocketId, now: Timestamp) -> Option<Option<Holder>> {
        self.live.superseded.retain(|old| old != socket);
        if self.live.socket.as_ref() != Some(socket) {
            return None;
        }
        self.touch(now);
        self.live.socket = None;
        self.live.is_recording = false;
        Some(self.live.lock.take())
    }

    /// Returns whether this is the headset's registered socket.
    #[must_use]
    pub fn is_connected_as(&self, socket: &SocketId) -> bool {
        self.live.socket.as_ref() == Some(socket)
    }

    /// Returns the headset's socket, if it is connected.
    #[must_use]
    pub fn socket(&self) -> Option<&SocketId> {
        self.live.socket.as_ref()
    }

    /// Takes note of activity. Returns whether it has been long enough since others were told.
    pub fn touch(&mut self, now: Timestamp) -> bool {
        if let Some(seen) = &mut self.seen {
            seen.last = now;
        }
        let is_due = self.told_activity.is_none_or(|told| now.since(told) >= ACTIVITY_INTERVAL_MS);
        if is_due {
            self.told_activity = Some(now);
        }
        is_due
    }

    /// Decides whether a frame goes out now or comes too soon.
    pub fn admit_frame(&mut self, now: Timestamp) -> bool {
        // A clock that was set back must not stop the camera.
        let is_too_soon = self.last_frame.is_some_and(|last| (0..FRAME_INTERVAL_MS).contains(&now.since(last)));
        if !is_too_soon {
            self.last_frame = Some(now);
        }
        !is_too_soon
    }

    /// Takes a telemetry report, which may also say whether the headset records.
    pub fn report(&mut self, telemetry: Telemetry, now: Timestamp) {
        if let Some(is_recording) = telemetry.get("isRecording").and_then(serde_json::Value::as_bool) {
            self.live.is_recording = is_recording;
        }
        self.report = Some(Report { telemetry, received: now });
        self.touch(now);
        self.show();
    }

    /// Takes the headset's word on whether it records.
    pub fn set_recording(&mut self, is_recording: bool, now: Timestamp) {
        self.live.is_recording = is_recording;
        self.touch(now);
    }

    /// Returns whether the headset records.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.live.is_recording
    }

    // --- tablets ---

    /// Gives the device to a tablet, if it is online and free or that tablet's already. Returns whether it was free.
    ///
    /// # Errors
    /// Why not.
    pub fn lock(&mut self, by: Holder) -> Result<bool, LockRefusal> {
        self.may_command(&by.tablet)?;
        Ok(self.live.lock.replace(by).is_none())
    }

    /// Lets a tablet's new socket hold what its old one held.
    ///
    /// # Errors
    /// The tablet does not hold the device any more.
    pub fn hold_on(&mut self, by: Holder) -> Result<(), LockRefusal> {
        match &mut self.live.lock {
            Some(holder) if holder.tablet == by.tablet => {
                *holder = by;
                Ok(())
            }
            _ => Err(LockRefusal::LockedByAnother),
        }
    }

    /// Takes the device back from a tablet.
    ///
    /// # Errors
    /// Another tablet holds it.
    pub fn unlock(&mut self, by: &TabletId) -> Result<Unlocked, LockRefusal> {
        match &self.live.lock {
            None => Ok(Unlocked::WasFree),
            Some(holder) if holder.tablet == *by => {
                self.live.lock = None;
                Ok(Unlocked::Released)
            }
            Some(_) => Err(LockRefusal::LockedByAnother),
        }
    }

    /// Takes the device back from a socket that is gone. Returns whether it held the device.
    pub fn release(&mut self, socket: &SocketId) -> bool {
        self.live.lock.take_if(|holder| holder.socket == *socket).is_some()
    }

    /// Returns the headset's socket if this tablet may tell it something: it is online, and no other tablet holds it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_command(&self, by: &TabletId) -> Result<&SocketId, LockRefusal> {
        let socket = self.live.socket.as_ref().ok_or(LockRefusal::NotOnline)?;
        let is_anothers = self.live.lock.as_ref().is_some_and(|holder| holder.tablet != *by);
        if is_anothers { Err(LockRefusal::LockedByAnother) } else { Ok(socket) }
    }

    /// Returns whether this tablet holds the device.
    #[must_use]
    pub fn is_held_by(&self, tablet: &TabletId) -> bool {
        self.live.lock.as_ref().is_some_and(|holder| holder.tablet == *tablet)
    }

    // --- the name ---

    /// Names the device, or takes its name away with `""`. Returns what to give to [`State::restore_name`] if that cannot be saved.
    pub fn rename(&mut self, name: &str, now: Timestamp) -> (String, Option<Timestamp>) {
        let before = (std::mem::replace(&mut self.name, name.to_owned()), self.named_at);
        self.named_at = (!name.is_empty()).then_some(now);
        self.show();
        before
    }

    /// Takes a rename back.
    pub fn restore_name(&mut self, (name, named_at): (String, Option<Timestamp>)) {
        (self.name, self.named_at) = (name, named_at);
        self.show();
    }

    /// Returns the name that people gave to the device; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when a device that was never seen got its name.
    #[must_use]
    pub fn named_unseen(&self) -> Option<Timestamp> {
        self.named_at.filter(|_| self.seen.is_none())
    }

    /// Returns whether there is nothing to remember.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.seen.is_none() && self.name.is_empty()
    }

    // --- views ---

    /// Returns the device as clients see it; `None` if it was never seen.
    #[must_use]
    pub fn view(&self, device_id: &DeviceId) -> Option<DeviceState> {
        let seen = self.seen?;
        Some(DeviceState {
            device_id: device_id.clone(),
            is_online: self.live.socket.is_some(),
            last_seen: seen.last.iso(),
            connection_time: seen.connection.iso(),
            telemetry: self.shown.clone(),
            is_locked: self.live.lock.is_some(),
            locked_by_tablet_id: self.live.lock.as_ref().map(|holder| holder.socket.to_string()),
        })
    }

    /// Returns the moment of the last activity, if there was any.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.seen.map(|seen| seen.last)
    }

    /// Returns the last telemetry as clients see it.
    #[must_use]
    pub fn telemetry(&self) -> Option<&Telemetry> {
        self.shown.as_ref()
    }

    /// Returns the frame count of a report that came since `since`.
    #[must_use]
    pub fn frames_since(&self, since: Timestamp) -> Option<u64> {
        let report = self.report.as_ref().filter(|report| report.received >= since)?;
        let count = report.telemetry.number("frameCount")?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
        Some(count as u64)
    }

    fn show(&mut self) {
        let report = self.report.as_ref().map(|report| &report.telemetry);
        self.shown = match report {
            Some(telemetry) if !self.name.is_empty() => Some(telemetry.with_custom_name(&self.name)),
            other => other.cloned(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: Timestamp = Timestamp(1_770_379_200_000);

    fn socket(name: &str) -> SocketId {
        SocketId::new(name)
    }

    fn tablet(number: u32) -> TabletId {
        DeviceId::parse(&format!("TABLET_{number:02}")).expect("a good id").into()
    }

    fn holder(number: u32) -> Holder {
        Holder { tablet: tablet(number), socket: socket(&format!("t{number}")) }
    }

    fn online() -> State {
        let mut state = State::default();
        state.connect(&socket("h1"), NOON);
        state
    }

    fn quest() -> DeviceId {
        DeviceId::parse("QUEST_001").expect("a good id")
    }

    fn report(value: serde_json::Value) -> Telemetry {
        Telemetry::read(value).expect("a report")
    }

    #[test]
    fn second_tablet_cannot_lock_a_locked_device() {
        let mut state = online();
        assert_eq!(state.lock(holder(1)), Ok(true));
        assert_eq!(state.lock(holder(2)), Err(LockRefusal::LockedByAnother));
        assert_eq!(state.lock(holder(1)), Ok(false));
        assert_eq!(state.view(&quest()).expect("seen").locked_by_tablet_id.as_deref(), Some("t1"));
    }

    #[test]
    fn an_offline_device_cannot_be_locked() {
        assert_eq!(State::default().lock(holder(1)), Err(LockRefusal::NotOnline));
    }

    #[test]
    fn only_its_holder_unlocks_a_device() {
        let mut state = online();
        assert_eq!(state.unlock(&tablet(1)), Ok(Unlocked::WasFree));
        state.lock(holder(1)).expect("free");
        assert_eq!(state.unlock(&tablet(2)), Err(LockRefusal::LockedByAnother));
        assert_eq!(state.unlock(&tablet(1)), Ok(Unlocked::Released));
        assert_eq!(state.lock(holder(2)), Ok(true));
    }

    #[test]
    fn a_lock_moves_to_the_newest_socket_of_its_tablet() {
        let mut state = online();
        state.lock(holder(1)).expect("free");
        let newer = Holder { tablet: tablet(1), socket: socket("t1-again") };
        assert_eq!(state.hold_on(newer), Ok(()));
        assert!(!state.release(&socket("t1")));
        assert!(state.release(&socket("t1-again")));
        assert_eq!(state.hold_on(holder(1)), Err(LockRefusal::LockedByAnother));
    }

    #[test]
    fn a_disconnect_releases_the_lock_and_ends_the_recording() {
        let mut state = online();
        state.lock(holder(1)).expect("free");
        state.set_recording(true, NOON);
        assert_eq!(state.disconnect(&socket("h1"), NOON.plus(5)), Some(Some(holder(1))));
        let view = state.view(&quest()).expect("seen");
        assert!(!view.is_online && !view.is_locked && !state.is_recording());
        assert_eq!(view.last_seen, NOON.plus(5).iso());
        assert_eq!(view.connection_time, NOON.iso());
    }

    #[test]
    fn the_newest_socket_wins_and_the_old_one_changes_nothing_any_more() {
        let mut state = online();
        state.lock(holder(1)).expect("free");
        let connected = state.connect(&socket("h2"), NOON.plus(9));
        assert_eq!(connected, Some(Connected::Now { superseded: Some(socket("h1")) }));
        assert_eq!(state.connect(&socket("h1"), NOON.plus(10)), None);
        assert_eq!(state.disconnect(&socket("h1"), NOON.plus(11)), None);
        let view = state.view(&quest()).expect("seen");
        assert!(view.is_online && view.is_locked);
        assert_eq!(view.connection_time, NOON.plus(9).iso());
        assert_eq!(state.connect(&socket("h2"), NOON.plus(12)), Some(Connected::Again));
    }

    #[test]
    fn commands_pass_from_the_holder_or_to_a_free_device() {
        let mut state = online();
        assert_eq!(state.may_command(&tablet(2)), Ok(&socket("h1")));
        state.lock(holder(1)).expect("free");
        assert_eq!(state.may_command(&tablet(1)), Ok(&socket("h1")));
        assert_eq!(state.may_command(&tablet(2)), Err(LockRefusal::LockedByAnother));
        state.disconnect(&socket("h1"), NOON);
        assert_eq!(state.may_command(&tablet(1)), Err(LockRefusal::NotOnline));
    }

    #[test]
    fn frames_are_at_least_16_ms_apart() {
        let mut state = online();
        let admitted: Vec<bool> = [0, 5, 15, 16, 31, 32, -9].iter().map(|ms| state.admit_frame(NOON.plus(*ms))).collect();
        assert_eq!(admitted, [true, false, false, true, false, true, true]);
    }

    #[test]
    fn telemetry_shows_the_name_and_keeps_everything_else() {
        let mut state = online();
        state.rename("Lab Quest #1", NOON);
        assert_eq!(state.view(&quest()).expect("seen").telemetry, None);
        state.report(report(json!({ "batteryLevel": 0.5, "isRecording": true })), NOON);
        assert!(state.is_recording());
        let shown = json!(state.telemetry());
        assert_eq!(shown, json!({ "batteryLevel": 0.5, "isRecording": true, "customName": "Lab Quest #1" }));
        state.rename("", NOON);
        assert_eq!(json!(state.telemetry()), json!({ "batteryLevel": 0.5, "isRecording": true }));
    }

    #[test]
    fn frames_count_only_since_the_session_began() {
        let mut state = online();
        state.report(report(json!({ "frameCount": 5400 })), NOON);
        assert_eq!(state.frames_since(NOON), Some(5400));
        assert_eq!(state.frames_since(NOON.plus(1)), None);
        state.report(report(json!({ "frameCount": -1 })), NOON);
        assert_eq!(state.frames_since(NOON), Some(0));
    }

    #[test]
    fn a_device_that_was_only_named_was_not_seen() {
        let mut state = State::default();
        assert!(state.is_blank());
        state.rename("later", NOON);
        assert!(!state.is_blank());
        assert_eq!((state.view(&quest()), state.named_unseen()), (None, Some(NOON)));
        state.connect(&socket("h1"), NOON);
        assert_eq!(state.named_unseen(), None);
    }

    #[test]
    fn live_state_survives_a_panic_but_not_a_restart_of_the_process() {
        let mut state = State::default();
        state.settle(7);
        state.connect(&socket("h1"), NOON);
        state.lock(holder(1)).expect("free");
        state.report(report(json!({ "batteryLevel": 1 })), NOON);
        let stored = rmp_serde::to_vec_named(&state).expect("plain data");
        let after = |boot_id| {
            let mut state: State = rmp_serde::from_slice(&stored).expect("the same data");
            state.settle(boot_id);
            state.view(&quest()).expect("seen")
        };
        assert_eq!(Some(after(7)), state.view(&quest()));
        let view = after(8);
        assert!(!view.is_online && !view.is_locked);
        assert_eq!(json!(view.telemetry), json!({ "batteryLevel": 1 }));
    }

    #[test]
    fn activity_is_told_once_a_second() {
        let mut state = online();
        let due: Vec<bool> = [0, 999, 1000, 1500, 2000].iter().map(|ms| state.touch(NOON.plus(*ms))).collect();
        assert_eq!(due, [true, false, true, false, true]);
    }
}
