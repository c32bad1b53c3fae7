"""The fleet's control plane end to end through python-socketio 5: two headsets, two tablets, one dashboard."""

import asyncio
import json
import unittest

import socketio

from support import TRANSPORTS, Client, TestCase, is_peer, redact, request

HEADSETS = ["QUEST_001", "QUEST_002"]
QUEST_1, QUEST_2 = HEADSETS
ROUNDS = 200


def device_state(device_id, is_online=True, telemetry=None, locked_by=None):
    return {
        "deviceId": device_id,
        "isOnline": is_online,
        "lastSeen": "<time>",
        "connectionTime": "<time>",
        "telemetry": telemetry,
        "isLocked": locked_by is not None,
        "lockedByTabletId": locked_by,
    }


def lock_status(device_id, locked_by=None):
    return {"deviceId": device_id, "isLocked": locked_by is not None, "lockedByTabletId": locked_by}


class FleetFlow:
    """The flow; one class below runs it per transport."""

    systems = ("fleet",)
    transports = ()

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.url = self.server.urls["fleet"]
        self.clients = []
        self.headset1 = await self.join(QUEST_1, "headset")
        self.headset2 = await self.join(QUEST_2, "headset")
        self.tablet1 = await self.join("TABLET_001", "tablet")
        self.tablet2 = await self.join("TABLET_002", "tablet")
        self.dashboard = await self.join("DASHBOARD_1", "dashboard")
        await self.dashboard.emit("dashboard-subscribe")
        await self.dashboard.next("on-fleet-status-updated")
        await self.headset1.emit("headset-identify", QUEST_1)
        self.assertEqual(await self.headset1.next("on-headset-connected"), [])
        await self.headset2.emit("headset-identify", QUEST_2)
        for client in self.clients:
            await client.sees("on-headsets-updated", HEADSETS)

    async def asyncTearDown(self):
        for client in self.clients:
            await client.close()
        await self.wait_for_empty_fleet()

    async def wait_for_empty_fleet(self):
        """The next test finds nobody online."""
        async with asyncio.timeout(15):
            while (await self.get("/api/fleet/summary"))["summary"]["onlineDevices"]:
                await asyncio.sleep(0.01)

    async def get(self, path):
        status, body = await request("GET", self.url + path)
        self.assertEqual(status, 200, body)
        return body

    async def token(self, device_id, device_type):
        _, body = await request("POST", self.url + "/auth/device-token", {"deviceId": device_id, "deviceType": device_type})
        token = body.pop("token")
        self.assertEqual(body, {"ok": True, "deviceId": device_id, "deviceType": device_type, "expiresIn": "24h"})
        return token

    async def join(self, device_id, device_type):
        client = Client(self.url, self.transports)
        await client.connect({"token": await self.token(device_id, device_type)})
        self.clients.append(client)
        return client

    async def settle(self):
        """Round trips on every connection: what was emitted before has been handled and delivered."""
        for _ in range(2):
            for client in self.clients:
                await client.emit("tablet-get-recording-status", "BARRIER_1")
                await client.next(("on-recording-inactive", "on-recording-active", "error"))

    async def test_connections_need_a_good_token(self):
        for auth, message, code in (
            (None, "Authentication required", "AUTH_REQUIRED"),
            ({"token": "no.such.token"}, "Invalid or expired token", "AUTH_INVALID"),
        ):
            client = Client(self.url, self.transports)
            with self.assertRaises(socketio.exceptions.ConnectionError):
                await client.connect(auth)
            self.assertEqual(client.refusal, {"message": message, "data": {"code": code}})
            await client.close()

    async def test_contention_has_exactly_one_winner_every_round(self):
        names = ("on-device-locked", "on-device-lock-failed")
        for number in range(ROUNDS):
            tablets = [self.tablet1, self.tablet2] if number % 2 else [self.tablet2, self.tablet1]
            await asyncio.gather(*(tablet.emit("tablet-lock-device", QUEST_1) for tablet in tablets))
            outcomes = [await tablet.next(names) for tablet in tablets]
            self.assertEqual(
                sorted(outcomes, key=lambda outcome: outcome[0], reverse=True),
                [
                    ("on-device-locked", [{"deviceId": QUEST_1}]),
                    ("on-device-lock-failed", [{"deviceId": QUEST_1, "reason": "Device locked by another tablet"}]),
                ],
            )
            winner = next(tablet for tablet, (name, _) in zip(tablets, outcomes, strict=True) if name == "on-device-locked")
            await winner.emit("tablet-unlock-device", QUEST_1)
            self.assertEqual(await winner.next("on-device-unlocked"), [{"deviceId": QUEST_1}])

    async def test_commands_reach_exactly_the_locked_headsets(self):
        await self.tablet1.emit("tablet-lock-devices", [QUEST_1])
        self.assertEqual(await self.tablet1.next("on-devices-locked"), [{"locked": [QUEST_1], "failed": []}])
        await self.tablet2.emit("tablet-lock-devices", HEADSETS)
        self.assertEqual(await self.tablet2.next("on-devices-locked"), [{"locked": [QUEST_2], "failed": [QUEST_1]}])
        locks = [lock_status(QUEST_1, self.tablet1.id), lock_status(QUEST_2, self.tablet2.id)]
        for client in self.clients:
            await client.sees("on-device-locks-updated", locks)
        await self.tablet1.emit("tablet-start-all-recording")
        self.assertEqual(await self.headset1.next("on-tablet-start-recording"), [])
        await self.tablet2.emit("tablet-stop-recording", QUEST_2)
        self.assertEqual(await self.headset2.next("on-tablet-stop-recording"), [])
        await self.tablet2.emit("tablet-start-recording", QUEST_1)
        self.assertEqual(await self.tablet2.next("on-recording-denied"), [{"deviceId": QUEST_1}])
        await self.settle()
        for client in self.clients:
            self.assertFalse([name for name, _ in client.events if name.startswith("on-tablet-")])

    async def test_frames_arrive_verbatim_in_the_room_only(self):
        await self.tablet1.emit("tablet-lock-device", QUEST_1)
        await self.tablet1.next("on-device-locked")
        for content in ("data:image/jpeg;base64,/9j/4AAQ", 'ünïcode \\ "', "x" * 1_048_576):
            await self.headset1.emit("headset-frame", content)
            (frame,) = await self.tablet1.next("on-headset-frame-updated")
            self.assertTrue(frame == content, "the frame was changed")
            await asyncio.sleep(0.02)  # the documented pacing: one frame per 16 ms
        await self.headset1.emit("headset-frame", "x" * 1_048_577)
        self.assertEqual((await self.headset1.next("error"))[0]["code"], "INVALID_FRAME_DATA")
        await self.settle()
        for client in (self.tablet2, self.headset1, self.headset2, self.dashboard):
            self.assertEqual(client.count("on-headset-frame-updated"), 0)

    async def test_telemetry_reaches_dashboards(self):
        telemetry = {"deviceId": QUEST_1, "batteryLevel": 0.85, "appVersion": "1.2.3", "custom": {"kept": [1, None]}}
        await self.headset1.emit("device-telemetry", json.dumps(telemetry))
        await self.dashboard.sees("on-device-telemetry-updated", device_state(QUEST_1, telemetry=telemetry))
        device = (await self.get(f"/api/devices/{QUEST_1}"))["device"]
        self.assertEqual(redact(device), device_state(QUEST_1, telemetry=telemetry))

    async def test_a_capture_session_runs_its_course(self):
        await self.tablet1.emit("tablet-create-session", {"deviceIds": HEADSETS, "metadata": {"studyId": "STUDY_001"}})
        (created,) = await self.tablet1.next("on-session-created")
        session_id = created["sessionId"]
        self.assertEqual(redact(created), {"sessionId": "<session>", "deviceIds": HEADSETS})
        await self.tablet1.emit("tablet-start-session", session_id)
        (started,) = await self.tablet1.next("on-session-started")
        self.assertEqual(redact(started), {"sessionId": "<session>", "startedAt": "<time>"})
        for headset in (self.headset1, self.headset2):
            self.assertEqual(await headset.next("on-tablet-start-recording"), [])
        await self.tablet2.emit("tablet-end-session", session_id)
        self.assertEqual(await self.tablet2.next("on-session-error"), [{"error": "Not authorized", "sessionId": session_id}])
        await self.tablet1.emit("tablet-pause-session", session_id)
        self.assertEqual(await self.tablet1.next("on-session-paused"), [{"sessionId": session_id}])
        await self.tablet1.emit("tablet-get-active-session")
        (active,) = await self.tablet1.next("on-active-session")
        self.assertEqual(list(active), ["sessionId", "status", "deviceIds", "deviceStatuses", "createdAt", "startedAt", "endedAt", "metadata"])
        self.assertEqual((active["status"], active["metadata"]), ("paused", {"studyId": "STUDY_001"}))
        await self.tablet1.emit("tablet-end-session", session_id)
        (ended,) = await self.tablet1.next("on-session-ended")
        self.assertEqual(redact({**ended, "duration": 0}), {"sessionId": "<session>", "endedAt": "<time>", "duration": 0})
        for headset in (self.headset1, self.headset2):
            self.assertEqual(await headset.next("on-session-ended"), [{"sessionId": session_id}])

    async def test_a_lost_headset_and_a_lost_tablet_free_what_they_held(self):
        await self.tablet1.emit("tablet-lock-devices", HEADSETS)
        await self.tablet1.next("on-devices-locked")
        await self.headset1.close()
        self.clients.remove(self.headset1)
        self.assertEqual(await self.tablet1.next("on-headset-disconnected"), [])
        self.assertEqual(await self.tablet1.next("on-device-disconnected"), [{"deviceId": QUEST_1}])
        await self.dashboard.sees("on-device-locks-updated", [lock_status(QUEST_2, self.tablet1.id)])
        await self.tablet1.close()
        self.clients.remove(self.tablet1)
        await self.tablet2.sees("on-device-locks-updated", [lock_status(QUEST_2)])
        await self.tablet2.emit("tablet-lock-device", QUEST_2)
        self.assertEqual(await self.tablet2.next("on-device-locked"), [{"deviceId": QUEST_2}])


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    if not is_peer():
        for transports in TRANSPORTS:
            name = "Fleet over " + " then ".join(transports)
            suite.addTests(loader.loadTestsFromTestCase(type(name, (FleetFlow, TestCase), {"transports": transports})))
    return suite
