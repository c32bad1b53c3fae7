// The fleet's control plane end to end, through every official client: two headsets, two tablets, one dashboard.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLIENTS } from "./support/clients.js";
import { Fleet, HEADSETS, deviceState, exactly, headsetInfo, lockStatus, redact, sees } from "./support/fleet.js";
import { isPeer } from "./support/server.js";

const ROUNDS = 200;
const [QUEST_1, QUEST_2] = HEADSETS;
const frame = (content) => `data:image/jpeg;base64,${content}`;

/** Runs one scenario on a fleet of its own. */
function scenario(kind, sentence, body, begin = Fleet.assembled) {
  it(sentence, { skip: isPeer }, async () => {
    const fleet = await begin(kind);
    try {
      await body(fleet);
    } finally {
      await fleet.stop();
    }
  });
}

for (const kind of CLIENTS) {
  describe(`fleet with socket.io-client ${kind.name}`, () => {
    scenario(
      kind,
      "refuses a connection without or with a bad token",
      async (fleet) => {
        const invalid = { message: "Invalid or expired token", data: { code: "AUTH_INVALID" } };
        assert.deepEqual(await fleet.refused(undefined), { message: "Authentication required", data: { code: "AUTH_REQUIRED" } });
        assert.deepEqual(await fleet.refused({ token: "no.such.token" }), invalid);
        const token = await fleet.token(QUEST_1, "headset");
        const [head, body] = token.split(".");
        assert.deepEqual(await fleet.refused({ token: `${head}.${body}.AAAA` }), invalid);
        const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
        assert.deepEqual(await fleet.refused({ token: `${unsigned}.${body}.` }), invalid);
      },
      Fleet.start,
    );

    scenario(
      kind,
      "registers headsets and tells everybody",
      async (fleet) => {
        const tablet = await fleet.join("tablet1");
        const lists = ["on-headsets-updated", "on-headsets-with-lock-status-updated", "on-device-locks-updated"];
        for (const list of lists) {
          await sees(tablet, list, []);
        }
        const dashboard = await fleet.join("dashboard");
        dashboard.emit("dashboard-subscribe");
        await sees(dashboard, "on-fleet-status-updated", []);

        const headset = await fleet.join("headset1");
        headset.emit("headset-identify", QUEST_1);
        await headset.until(() => headset.events.find((event) => event.name === "on-headset-connected"), "on-headset-connected");
        assert.deepEqual(await headset.next("on-headset-connected"), []);
        for (const client of [tablet, dashboard, headset]) {
          await sees(client, "on-headsets-updated", [QUEST_1]);
        }
        const second = await fleet.join("headset2");
        second.emit("headset-identify", QUEST_2);
        const expected = [HEADSETS, HEADSETS.map((id) => headsetInfo(id)), HEADSETS.map((id) => lockStatus(id))];
        for (const client of [tablet, dashboard, headset, second]) {
          for (const [index, list] of lists.entries()) {
            await client.until(() => client.events.find((event) => event.name === list && event.args[0].length === 2), list);
            exactly(client.events.findLast((event) => event.name === list).args, [expected[index]]);
          }
        }
        const states = HEADSETS.map((id) => deviceState(id));
        await sees(dashboard, "on-device-telemetry-updated", states[1]);
        dashboard.emit("dashboard-subscribe");
        await sees(dashboard, "on-fleet-status-updated", states);
        exactly((await fleet.get("/api/devices")).body, { ok: true, count: 2, devices: states });
        exactly((await fleet.get(`/api/devices/${QUEST_1}`)).body, { ok: true, device: states[0] });
      },
      Fleet.start,
    );

    scenario(kind, "gives a contended lock to exactly one tablet, every time", async (fleet) => {
      const outcome = (tablet) => tablet.until(() => tablet.events.find(({ name }) => /^on-device-lock(ed|-failed)$/.test(name)), "lock result");
      const wins = [0, 0];
      for (let round = 0; round < ROUNDS; round += 1) {
        const tablets = round % 2 ? [fleet.tablet2, fleet.tablet1] : [fleet.tablet1, fleet.tablet2];
        const deviceId = HEADSETS[round % 3 === 0 ? 1 : 0];
        tablets.forEach((tablet) => tablet.emit("tablet-lock-device", deviceId));
        const outcomes = await Promise.all(tablets.map(outcome));
        const winner = outcomes.findIndex((event) => event.name === "on-device-locked");
        assert.notEqual(winner, -1, `round ${round}: nobody got the lock`);
        exactly(outcomes[winner].args, [{ deviceId }]);
        exactly(outcomes[1 - winner], { name: "on-device-lock-failed", args: [{ deviceId, reason: "Device locked by another tablet" }] });
        wins[tablets[winner] === fleet.tablet1 ? 0 : 1] += 1;
        tablets.forEach((tablet) => tablet.clear());
        tablets[winner].emit("tablet-unlock-device", deviceId);
        await sees(tablets[winner], "on-device-unlocked", { deviceId });
        tablets[winner].clear();
      }
      assert.equal(wins[0] + wins[1], ROUNDS);
    });

    scenario(kind, "shows who holds a lock as that tablet's own socket id", async (fleet) => {
      const { tablet1, tablet2, dashboard } = fleet;
      tablet1.emit("tablet-lock-device", QUEST_1);
      await sees(tablet1, "on-device-locked", { deviceId: QUEST_1 });
      const id = tablet1.socket.id;
      for (const client of [tablet1, tablet2, dashboard]) {
        await sees(client, "on-device-locks-updated", [lockStatus(QUEST_1, id), lockStatus(QUEST_2)]);
      }
      exactly((await fleet.get(`/api/devices/${QUEST_1}`)).body.device, deviceState(QUEST_1, { lockedBy: id }));
      tablet2.emit("tablet-unlock-device", QUEST_1);
      await sees(tablet2, "on-device-lock-failed", { deviceId: QUEST_1, reason: "Device locked by another tablet" });
      tablet2.emit("tablet-lock-device", "QUEST_999");
      await sees(tablet2, "on-device-lock-failed", { deviceId: "QUEST_999", reason: "Device not online" });
    });

    scenario(kind, "locks a batch as one step and reports the rest", async (fleet) => {
      const { tablet1, tablet2 } = fleet;
      tablet2.emit("tablet-lock-device", QUEST_2);
      await sees(tablet2, "on-device-locked", { deviceId: QUEST_2 });
      tablet1.emit("tablet-lock-devices", [QUEST_2, QUEST_1, "QUEST_999", QUEST_1]);
      await sees(tablet1, "on-devices-locked", { locked: [QUEST_1], failed: [QUEST_2, "QUEST_999"] });
      tablet1.emit("tablet-lock-devices", []);
      await sees(tablet1, "on-devices-locked", { locked: [], failed: [] });
      tablet1.emit("tablet-unlock-all-devices");
      await sees(tablet1, "on-all-devices-unlocked", { unlocked: [QUEST_1] });
      tablet1.emit("tablet-unlock-all-devices");
      await sees(tablet1, "on-all-devices-unlocked", { unlocked: [] });
    });

    scenario(kind, "fans recording commands out to exactly the locked headsets", async (fleet) => {
      const { tablet1, tablet2, headset1, headset2 } = fleet;
      const commands = (client) => client.events.filter((event) => event.name.startsWith("on-tablet-"));
      tablet1.emit("tablet-lock-devices", [QUEST_1]);
      await tablet1.next("on-devices-locked");
      tablet2.emit("tablet-lock-devices", [QUEST_2]);
      await tablet2.next("on-devices-locked");

      tablet1.emit("tablet-start-all-recording");
      assert.deepEqual(await headset1.next("on-tablet-start-recording"), []);
      tablet1.emit("tablet-stop-all-recording");
      assert.deepEqual(await headset1.next("on-tablet-stop-recording"), []);
      await fleet.settled();
      for (const client of [headset2, tablet1, tablet2, fleet.dashboard, headset1]) {
        assert.deepEqual(commands(client), []);
      }

      tablet2.emit("tablet-start-recording", QUEST_1);
      await sees(tablet2, "on-recording-denied", { deviceId: QUEST_1 });
      tablet2.emit("tablet-stop-recording", QUEST_1);
      await sees(tablet2, "on-recording-denied", { deviceId: QUEST_1 });
      tablet2.emit("tablet-start-recording", QUEST_2);
      assert.deepEqual(await headset2.next("on-tablet-start-recording"), []);

      tablet2.emit("tablet-unlock-all-devices");
      await sees(tablet2, "on-all-devices-unlocked", { unlocked: [QUEST_2] });
      tablet1.emit("tablet-lock-devices", HEADSETS);
      await sees(tablet1, "on-devices-locked", { locked: HEADSETS, failed: [] });
      tablet2.emit("tablet-start-all-recording");
      tablet1.emit("tablet-start-all-recording");
      for (const headset of [headset1, headset2]) {
        assert.deepEqual(await headset.next("on-tablet-start-recording"), []);
      }
      await fleet.settled();
      assert.deepEqual([...commands(headset1), ...commands(headset2)], []);
    });

    scenario(kind, "reports recording states to the room and the dashboards", async (fleet) => {
      const { tablet1, tablet2, headset1, dashboard } = fleet;
      tablet1.emit("tablet-lock-device", QUEST_1);
      await tablet1.next("on-device-locked");
      for (const [state, event] of [[true, "on-headset-recording-active"], [false, "on-headset-recording-inactive"]]) {
        headset1.emit("headset-recording-state", state);
        assert.deepEqual(await tablet1.next(event), []);
        await sees(tablet1, "on-device-recording-changed", { deviceId: QUEST_1, isRecording: state });
        await sees(dashboard, "on-device-recording-changed", { deviceId: QUEST_1, isRecording: state });
        tablet2.emit("tablet-get-recording-status", QUEST_1);
        assert.deepEqual(await tablet2.next(state ? "on-recording-active" : "on-recording-inactive"), []);
      }
      headset1.emit("headset-logs-processed");
      assert.deepEqual(await tablet1.next("on-headset-logs-processed"), []);
    });

    scenario(kind, "passes frames and status on verbatim, to the room only", async (fleet) => {
      const { tablet1, tablet2, headset1, dashboard } = fleet;
      tablet1.emit("tablet-lock-device", QUEST_1);
      await tablet1.next("on-device-locked");
      const largest = frame("A".repeat(1_048_576 - frame("").length));
      for (const image of [frame("/9j/4AAQSkZJRg=="), "", frame("ünïcode \\ \" \u2028"), largest]) {
        headset1.emit("headset-frame", image);
        const [received] = await tablet1.next("on-headset-frame-updated");
        assert.equal(received.length, image.length);
        assert.ok(received === image, "the frame was changed");
        // The documented pacing: one frame per 16 ms.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      headset1.emit("headset-frame", `${largest}A`);
      assert.equal((await headset1.next("error"))[0].code, "INVALID_FRAME_DATA");
      headset1.emit("headset-frame", { not: "a string" });
      assert.equal((await headset1.next("error"))[0].code, "INVALID_FRAME_DATA");

      const status = '{"tracking":"active",  "fps":72}';
      headset1.emit("headset-status", status);
      assert.deepEqual(await tablet1.next("on-headset-status-updated"), [status]);
      assert.deepEqual(await headset1.next("on-headset-status-updated"), [status]);
      await fleet.settled();
      for (const client of [tablet2, headset1, fleet.headset2, dashboard]) {
        assert.equal(client.count("on-headset-frame-updated"), 0);
      }
      assert.equal(tablet2.count("on-headset-status-updated"), 0);
    });

    scenario(kind, "passes telemetry on to dashboards and keeps it", async (fleet) => {
      const { headset1, headset2, dashboard, tablet1 } = fleet;
      const telemetry = { deviceId: QUEST_1, batteryLevel: 0.85, batteryState: 2, appVersion: "1.2.3", trackingConfidence: 0.5, productiveTime: 60, custom: { kept: [1, null] } };
      headset1.emit("device-telemetry", JSON.stringify(telemetry));
      await sees(dashboard, "on-device-telemetry-updated", deviceState(QUEST_1, { telemetry }));
      const other = { deviceId: QUEST_2, batteryLevel: 0.15, appVersion: "1.2.4", timestamp: 1707235200000 };
      headset2.emit("device-telemetry", JSON.stringify(JSON.stringify(other)));
      await sees(dashboard, "on-device-telemetry-updated", deviceState(QUEST_2, { telemetry: other }));
      const newer = { ...telemetry, batteryLevel: 0.75 };
      headset1.emit("device-telemetry", newer);
      await sees(dashboard, "on-device-telemetry-updated", deviceState(QUEST_1, { telemetry: newer }));

      headset1.emit("device-telemetry", { deviceId: QUEST_2, batteryLevel: 0 });
      assert.equal((await headset1.next("error"))[0].code, "INVALID_TELEMETRY");
      headset1.emit("device-telemetry", "not json");
      assert.equal((await headset1.next("error"))[0].code, "INVALID_TELEMETRY");

      exactly((await fleet.get("/api/fleet/summary")).body, {
        ok: true,
        summary: {
          totalDevices: 2,
          onlineDevices: 2,
          offlineDevices: 0,
          recordingDevices: 0,
          lowBatteryDevices: 1,
          lockedDevices: 0,
          avgBatteryLevel: (0.75 + 0.15) / 2,
          totalProductiveTime: 60,
          appVersions: ["1.2.3", "1.2.4"],
        },
      });
      const history = (await fleet.get(`/api/devices/${QUEST_2}/history`)).body;
      exactly(history, {
        ok: true,
        deviceId: QUEST_2,
        count: 1,
        history: [{ timestamp: 1707235200000, batteryLevel: 0.15, trackingConfidence: null, deviceId: QUEST_2, appVersion: "1.2.4" }],
      });
      const named = await fleet.post(`/api/devices/${QUEST_1}/name`, { customName: "Lab Quest #1" });
      exactly(named, { status: 200, body: { ok: true, customName: "Lab Quest #1" } });
      await sees(tablet1, "on-headsets-with-lock-status-updated", [headsetInfo(QUEST_1, null, "Lab Quest #1"), headsetInfo(QUEST_2)]);
      dashboard.emit("dashboard-unsubscribe");
      await fleet.settled();
      dashboard.clear();
      headset1.emit("device-telemetry", telemetry);
      await fleet.settled();
      assert.equal(dashboard.count("on-device-telemetry-updated"), 0);
    });

    scenario(kind, "syncs metadata to the headsets it is meant for", async (fleet) => {
      const { tablet1, tablet2, headset1, headset2 } = fleet;
      const metadata = JSON.stringify({ participant: "John Doe", session: 1 });
      tablet1.emit("tablet-lock-devices", HEADSETS);
      await tablet1.next("on-devices-locked");
      tablet1.emit("tablet-sync-metadata", metadata);
      for (const headset of [headset1, headset2]) {
        assert.deepEqual(await headset.next("on-tablet-metadata-synced"), [metadata]);
      }
      tablet1.emit("tablet-sync-metadata", metadata, QUEST_2);
      assert.deepEqual(await headset2.next("on-tablet-metadata-synced"), [metadata]);
      tablet2.emit("tablet-sync-metadata", metadata, QUEST_1);
      assert.equal((await tablet2.next("error"))[0].code, "FORBIDDEN");
      await fleet.settled();
      assert.equal(headset1.count("on-tablet-metadata-synced") + headset2.count("on-tablet-metadata-synced"), 0);
    });

    scenario(kind, "leads a capture session from creation to its end", async (fleet) => {
      const { tablet1, tablet2, headset1, headset2 } = fleet;
      const metadata = { participantName: "John Doe", studyId: "STUDY_001", notes: "Initial capture session" };
      tablet1.emit("tablet-get-active-session");
      assert.deepEqual(await tablet1.next("on-active-session"), [null]);
      tablet1.emit("tablet-create-session", { deviceIds: [QUEST_1, QUEST_2, "QUEST_999"], metadata });
      const [created] = await tablet1.next("on-session-created");
      exactly(created, { sessionId: "<session>", deviceIds: HEADSETS, unavailable: ["QUEST_999"] });
      const { sessionId } = created;
      await sees(tablet1, "on-device-locks-updated", HEADSETS.map((id) => lockStatus(id, tablet1.socket.id)));
      const session = (status, startedAt, endedAt) => ({
        sessionId: "<session>",
        status,
        deviceIds: HEADSETS,
        deviceStatuses: HEADSETS.map((deviceId) => ({
          deviceId,
          isRecording: false,
          frameCount: 0,
          uploadProgress: 0,
          uploadStatus: "pending",
          deviceInfo: null,
        })),
        createdAt: "<time>",
        startedAt,
        endedAt,
        metadata,
      });
      tablet1.emit("tablet-get-session", sessionId);
      exactly(await tablet1.next("on-session-status"), [session("pending", null, null)]);

      tablet1.emit("tablet-pause-session", sessionId);
      await sees(tablet1, "on-session-error", { error: "Session is not recording", sessionId: "<session>" });
      tablet2.emit("tablet-start-session", sessionId);
      await sees(tablet2, "on-session-error", { error: "Not authorized", sessionId: "<session>" });

      tablet1.emit("tablet-start-session", sessionId);
      const [started] = await tablet1.next("on-session-started");
      exactly(started, { sessionId: "<session>", startedAt: "<time>" });
      for (const headset of [headset1, headset2]) {
        assert.deepEqual(await headset.next("on-tablet-start-recording"), []);
      }
      tablet1.emit("tablet-get-active-session");
      exactly(await tablet1.next("on-active-session"), [session("recording", "<time>", null)]);
      tablet2.emit("tablet-get-session", sessionId);
      exactly(await tablet2.next("on-session-status"), [session("recording", "<time>", null)]);
      exactly(await fleet.get(`/api/sessions/${sessionId}`), { status: 200, body: { ok: true, session: session("recording", "<time>", null) } });

      tablet1.emit("tablet-pause-session", sessionId);
      await sees(tablet1, "on-session-paused", { sessionId: "<session>" });
      for (const headset of [headset1, headset2]) {
        assert.deepEqual(await headset.next("on-tablet-stop-recording"), []);
      }
      tablet1.emit("tablet-start-session", sessionId);
      assert.deepEqual(await tablet1.next("on-session-started"), [started]);

      tablet1.emit("tablet-end-session", sessionId);
      const [ended] = await tablet1.next("on-session-ended");
      assert.ok(Number.isInteger(ended.duration) && ended.duration >= 0 && ended.duration < 60, `duration ${ended.duration}`);
      exactly({ ...ended, duration: 0 }, { sessionId: "<session>", endedAt: "<time>", duration: 0 });
      for (const headset of [headset1, headset2]) {
        assert.deepEqual(await headset.next("on-session-ended"), [{ sessionId }]);
      }
      tablet1.emit("tablet-end-session", sessionId);
      await sees(tablet1, "on-session-error", { error: "Session already ended", sessionId: "<session>" });
      tablet1.emit("tablet-start-session", "session_1707235200000_abc123");
      await sees(tablet1, "on-session-error", { error: "Session not found", sessionId: "<session>" });
      tablet1.emit("tablet-start-session", 42);
      await sees(tablet1, "on-session-error", { error: "Invalid session ID format" });
      tablet1.emit("tablet-get-active-session");
      assert.deepEqual(await tablet1.next("on-active-session"), [null]);
      exactly((await fleet.get("/api/sessions")).body, {
        ok: true,
        count: 1,
        sessions: [{ sessionId: "<session>", status: "completed", deviceCount: 2, createdAt: "<time>", startedAt: "<time>", endedAt: "<time>" }],
      });

      tablet2.emit("tablet-create-session", { deviceIds: HEADSETS });
      await sees(tablet2, "on-session-error", { error: "No available devices", unavailable: HEADSETS });
      tablet2.emit("tablet-create-session", { deviceIds: [] });
      await sees(tablet2, "on-session-error", { error: "No devices specified" });
    });

    scenario(kind, "frees what a lost headset or tablet held, and says so", async (fleet) => {
      const { tablet1, tablet2, headset1, dashboard } = fleet;
      tablet1.emit("tablet-lock-devices", HEADSETS);
      await tablet1.next("on-devices-locked");
      headset1.emit("headset-recording-state", true);
      await tablet1.next("on-headset-recording-active");

      headset1.close();
      assert.deepEqual(await tablet1.next("on-headset-disconnected"), []);
      await sees(tablet1, "on-device-disconnected", { deviceId: QUEST_1 });
      await sees(dashboard, "on-device-telemetry-updated", deviceState(QUEST_1, { isOnline: false }));
      for (const client of [tablet1, tablet2, dashboard]) {
        await sees(client, "on-device-locks-updated", [lockStatus(QUEST_2, tablet1.socket.id)]);
      }
      exactly((await fleet.get("/api/devices")).body.devices[0], deviceState(QUEST_1, { isOnline: false }));
      assert.equal((await fleet.get("/api/fleet/summary")).body.summary.recordingDevices, 0);

      tablet1.close();
      await sees(tablet2, "on-device-locks-updated", [lockStatus(QUEST_2)]);
      tablet2.emit("tablet-lock-device", QUEST_2);
      await sees(tablet2, "on-device-locked", { deviceId: QUEST_2 });
    });

    scenario(kind, "lets a headset's newer connection replace the older one", async (fleet) => {
      const { tablet1, headset1 } = fleet;
      tablet1.emit("tablet-lock-device", QUEST_1);
      await tablet1.next("on-device-locked");
      const newer = await fleet.join("headset1");
      newer.emit("headset-identify", QUEST_1);
      assert.deepEqual(await newer.next("on-headset-connected"), []);
      await headset1.disconnected();
      fleet.clients = fleet.clients.filter((client) => client !== headset1);
      tablet1.emit("tablet-start-recording", QUEST_1);
      assert.deepEqual(await newer.next("on-tablet-start-recording"), []);
      await fleet.settled();
      assert.equal(tablet1.count("on-headset-disconnected") + tablet1.count("on-device-disconnected"), 0);
      exactly((await fleet.get(`/api/devices/${QUEST_1}`)).body.device, deviceState(QUEST_1, { lockedBy: tablet1.socket.id }));
    });

    scenario(kind, "holds every role to its own events", async (fleet) => {
      for (const [client, event, argument] of [
        [fleet.headset1, "tablet-lock-device", QUEST_2],
        [fleet.headset1, "dashboard-subscribe", undefined],
        [fleet.tablet1, "headset-frame", frame("")],
        [fleet.dashboard, "tablet-lock-device", QUEST_1],
      ]) {
        client.emit(event, ...(argument === undefined ? [] : [argument]));
        const [error] = await client.next("error");
        assert.deepEqual([error.code, typeof error.message], ["FORBIDDEN", "string"], event);
      }
      fleet.headset1.emit("headset-identify", QUEST_2);
      assert.equal((await fleet.headset1.next("error"))[0].code, "INVALID_DEVICE_ID");
      assert.deepEqual(redact((await fleet.get("/api/devices")).body.devices), HEADSETS.map((id) => deviceState(id)));
    });
  });
}
