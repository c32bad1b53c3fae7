"""The lab contract through python-socketio 5, on each transport."""

import socketio

from support import TRANSPORTS, Client, TestCase


class Lab(TestCase):
    systems = ("lab",)

    async def clients(self, namespace="/", auth=None):
        for transports in TRANSPORTS:
            with self.subTest(transports=transports):
                client = Client(self.server.urls["lab"], transports, namespace)
                try:
                    yield await client.connect(auth)
                finally:
                    await client.close()

    async def test_auth_is_echoed_on_both_namespaces(self):
        auth = {"token": "abc", "nested": {"list": [1, None, "ü"]}}
        for namespace in ("/", "/custom"):
            async for client in self.clients(namespace, auth):
                self.assertEqual(await client.next("auth"), [auth])

    async def test_connection_without_auth_sees_an_empty_object(self):
        async for client in self.clients():
            self.assertEqual(await client.next("auth"), [{}])

    async def test_unknown_namespace_is_refused_by_name(self):
        for transports in TRANSPORTS:
            client = Client(self.server.urls["lab"], transports, "/nowhere")
            with self.assertRaises(socketio.exceptions.ConnectionError):
                await client.connect()
            self.assertIn(client.refusal, ("Invalid namespace", {"message": "Invalid namespace"}))
            await client.close()

    async def test_messages_come_back_whole_with_binary(self):
        async for client in self.clients():
            args = [1, -2.5, "text with ünïcode 🎈", True, None, [], {}, {"deep": [b"\x01\x02", {"er": b""}]}, b"\xff\x00"]
            await client.emit("message", *args)
            self.assertEqual(await client.next("message-back"), args)

    async def test_acknowledgements_carry_the_same_arguments(self):
        async for client in self.clients():
            self.assertEqual(await client.ask("message-with-ack", 1, "2", {"3": [False]}), (1, "2", {"3": [False]}))
            self.assertEqual(await client.ask("message-with-ack", b"\x07"), b"\x07")

    async def test_room_members_receive_updates_in_order(self):
        async for publisher in self.clients():
            room = f"python-{publisher.transports}"
            members = [await Client(self.server.urls["lab"], transports).connect() for transports in TRANSPORTS]
            for client in [publisher, *members]:
                self.assertEqual(await client.ask("join", room), "ok")
            for number in range(1000):
                await publisher.emit("publish", number)
            for member in members:
                self.assertEqual(await member.take("update", 1000), list(range(1000)))
                await member.close()
            await publisher.ask("message-with-ack", 0)
            self.assertEqual(publisher.count("update"), 0)

    async def test_nothing_is_lost_over_an_upgrade(self):
        client = await Client(self.server.urls["lab"], ["polling", "websocket"]).connect()
        for number in range(500):
            await client.emit("message", number)
        self.assertEqual(await client.take("message-back", 500), list(range(500)))
        self.assertEqual(client.sio.transport(), "websocket")
        await client.close()
