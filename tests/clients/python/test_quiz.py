"""The quiz end to end through python-socketio 5: an account, three questions, a room of 30 players."""

import asyncio
import unittest
import uuid
from datetime import datetime

import socketio

from support import TRANSPORTS, Client, TestCase, is_peer, redact, request

PLAYERS = 30
# The text, the points, the answers, and which of them is correct.
QUESTIONS = (
    ("Which city is the capital of France?", 10, ("Lyon", "Nice", "Paris", "Lille"), 2),
    ("How many sides has a triangle?", 1, ("two", "three", "four"), 1),
    ("Which is largest?", 25, ("Mars", "Venus", "Jupiter", "Earth"), 2),
)


class Player:
    """A guest, and what he should have by now."""

    def __init__(self, number, client):
        self.id, self.name, self.client = str(uuid.uuid4()), f"Player {number}", client
        self.score = self.correct = self.answers = 0
        self.last_correct_at = datetime.max

    def summary(self):
        return {"playerId": self.id, "displayName": self.name, "isHost": False, "score": self.score, "joinedAt": "<now>"}


def shown(question, index):
    """A question as players are shown it, from what its author got back."""
    return {
        "id": question["id"],
        "index": index,
        "text": question["question_text"],
        "type": question["question_type"],
        "imageUrl": None,
        "points": question["points"],
        "answeringTime": question["answering_time"],
        "answers": [
            {"id": answer["id"], "text": answer["answer_text"], "imageUrl": None, "orderIndex": answer["order_index"]}
            for answer in question["answers"]
        ],
    }


def refusal(error, message):
    return {"error": error, "message": message, "requestId": "<request>"}


class QuizFlow:
    """The flow; one class below runs it per transport."""

    systems = ("quiz",)
    transports = ()

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.url = self.server.urls["quiz"]
        self.clients = []

    async def asyncTearDown(self):
        for client in self.clients:
            await client.close()

    def exactly(self, actual, expected):
        """Whole value, key order included."""
        self.assertEqual(redact(actual), expected)
        self.assertEqual(repr(redact(actual)), repr(expected))

    async def call(self, method, path, body=None):
        status, answer = await request(method, self.url + path, body, self.token)
        self.assertIn(status, (200, 201), answer)
        return answer

    async def connect(self, auth=None):
        client = await Client(self.url, self.transports).connect(auth)
        self.clients.append(client)
        self.exactly(await client.next("server:hello"), [{"socketId": client.id, "serverTime": "<now>"}])
        return client

    async def author(self):
        """An account with a published quiz."""
        self.token = None
        credentials = {"email": f"{uuid.uuid4()}@example.com", "password": "correct horse"}
        registered = await self.call("POST", "/auth/register", credentials)
        self.account, self.token = registered["user"]["id"], registered["session"]["access_token"]
        self.quiz = (await self.call("POST", "/quiz", {"title": "Friday quiz"}))["id"]
        self.questions = []
        for text, points, answers, correct in QUESTIONS:
            answers = [{"answer_text": answer, "is_correct": at == correct} for at, answer in enumerate(answers)]
            question = {"question_text": text, "question_type": "multiple_choice", "points": points, "answers": answers}
            self.questions.append(await self.call("POST", f"/quiz/{self.quiz}/questions", question))
        self.code = (await self.call("POST", f"/quiz/{self.quiz}/generate-code"))["code"]
        self.assertEqual((await self.call("POST", f"/quiz/{self.quiz}/publish"))["status"], "published")

    async def open_room(self):
        self.host = await self.connect({"token": self.token})
        wanted = {"hostId": self.account, "title": "Friday night", "settings": {"quizSetId": self.quiz}}
        created = await self.host.ask("game:host:create", wanted)
        self.room = created["roomId"]
        self.assertEqual(created, {"roomId": self.room, "code": str(self.code)})
        self.assertEqual(await self.host.next("game:room:created"), [created])
        clients = await asyncio.gather(*(self.connect() for _ in range(PLAYERS)))
        self.players = []
        for number, client in enumerate(clients):
            self.players.append(Player(number, client))
            await self.is_told(self.players[-1], "game:room:join", self.join_request(self.players[-1]))
        await self.everybody_sees_participants()

    def join_request(self, player):
        return {"roomCode": str(self.code), "playerId": player.id, "displayName": player.name}

    async def is_told(self, player, event, wanted):
        """He asks to be let in, and is told who he is."""
        joined = {"roomId": self.room, "player": player.summary()}
        self.exactly(await player.client.ask(event, wanted), joined)
        self.exactly(await player.client.next("game:room:joined"), [joined])

    def everyone(self):
        return [self.host, *(player.client for player in self.players)]

    async def everybody_hears(self, name, body):
        for client in self.everyone():
            self.exactly(await client.next(name), [body])

    async def everybody_sees_participants(self, away=None):
        participants = [{**player.summary(), "connected": player is not away} for player in self.players]
        for client in self.everyone():
            if away is None or client is not away.client:
                await client.sees("game:room:participants:update", {"roomId": self.room, "participants": participants})

    async def submit(self, player, index, answer, is_correct):
        wanted = {"roomId": self.room, "playerId": player.id, "questionId": self.questions[index]["id"]}
        accepted = await player.client.ask("game:answer:submit", {**wanted, "answer": answer})
        self.exactly(accepted, {**wanted, "submittedAt": "<time>"})
        self.assertEqual(await player.client.next("game:answer:accepted"), [accepted])
        player.answers += 1
        if is_correct:
            # Without bonuses an answer is worth its points, however late it is.
            player.score += self.questions[index]["points"]
            player.correct += 1
            player.last_correct_at = datetime.fromisoformat(accepted["submittedAt"]).replace(tzinfo=None)

    async def all_answer(self, index, silent=None):
        """All but one answer at once, each in his own way, some wrongly; everybody sees the tally."""
        answers, counts, submissions = self.questions[index]["answers"], {}, []
        for number, player in enumerate(self.players):
            place = number * (index + 1) % len(answers)
            answer = (answers[place]["id"], place, answers[place]["answer_text"])[number % 3]
            if player is not silent:
                counts[str(answer)] = counts.get(str(answer), 0) + 1
                submissions.append(self.submit(player, index, answer, answers[place]["is_correct"]))
        await asyncio.gather(*submissions)
        await self.everybody_sees_tally(index, counts)
        return counts

    async def everybody_sees_tally(self, index, counts):
        tally = {"roomId": self.room, "questionId": self.questions[index]["id"], "counts": dict(sorted(counts.items()))}
        for client in self.everyone():
            await client.sees("game:answer:stats:update", tally)

    async def everybody_sees_leaderboard(self):
        order = sorted(enumerate(self.players), key=lambda at: (-at[1].score, at[1].last_correct_at, at[0]))
        scores = [player.score for _, player in order]
        rankings = [
            {
                "playerId": player.id,
                "displayName": player.name,
                "score": player.score,
                "rank": 1 + scores.index(player.score),
                "correctAnswers": player.correct,
                "totalAnswers": player.answers,
            }
            for _, player in order
        ]
        board = {"roomId": self.room, "rankings": rankings}
        for client in self.everyone():
            self.exactly(await client.ask("game:leaderboard:request", {"roomId": self.room}), board)
            self.exactly(await client.next("game:leaderboard:update"), [board])

    async def test_30_players_play_three_questions(self):
        await self.author()
        await self.open_room()
        first, second, third = self.questions
        starts_at = round(datetime.now().timestamp() * 1000)
        started = {"roomId": self.room, "question": shown(first, 0), "endsAt": starts_at + 30_000}
        wanted = {"roomId": self.room, "questionId": first["id"], "startsAt": starts_at, "endsAt": starts_at + 30_000}
        self.assertEqual(await self.host.ask("game:flow:start", wanted), started)
        await self.everybody_hears("game:question:started", started)
        await self.all_answer(0)
        await self.everybody_sees_leaderboard()

        changed = {"roomId": self.room, "question": shown(second, 1)}
        self.assertEqual(await self.host.ask("game:flow:next", {"roomId": self.room, "nextQuestionId": second["id"]}), changed)
        await self.everybody_hears("game:question:changed", changed)
        silent = self.players[2]
        counts = await self.all_answer(1, silent=silent)
        await self.drop_and_come_back(silent)
        await self.submit(silent, 1, "three", True)
        await self.everybody_sees_tally(1, {**counts, "three": counts.get("three", 0) + 1})
        await self.everybody_sees_leaderboard()

        advanced = await self.call("POST", f"/game-flows/{self.room}/advance")
        self.assertEqual(advanced["flow"]["current_question_index"], 2)
        await self.everybody_hears("game:question:changed", {"roomId": self.room, "question": shown(third, 2)})
        gone = self.players.pop()
        await gone.client.ask("game:room:leave", {"roomId": self.room, "playerId": gone.id})
        await self.everybody_sees_participants()
        await self.all_answer(2, silent=self.players[0])
        ended = {"roomId": self.room, "questionId": third["id"]}
        self.assertEqual(await self.host.ask("game:flow:end", {"roomId": self.room}), ended)
        await self.everybody_hears("game:question:ended", ended)
        late = {"roomId": self.room, "playerId": self.players[0].id, "questionId": third["id"], "answer": 2}
        self.exactly(await self.players[0].client.ask("game:answer:submit", late), refusal("forbidden", "question closed"))
        self.exactly(await self.players[0].client.next("error"), [refusal("forbidden", "question closed")])
        await self.everybody_sees_leaderboard()
        self.assertGreater(max(player.correct for player in self.players), 1)
        await self.nothing_else_is_told()

    async def drop_and_come_back(self, player):
        """He loses his connection while a question is open, and gets back what he had by the id of the old one."""
        before = player.client.id
        await player.client.close()
        self.clients.remove(player.client)
        await self.everybody_sees_participants(away=player)
        player.client = await self.connect()
        wanted = {"previousSocketId": before, "newSocketId": player.client.id, "roomId": self.room, "playerId": player.id}
        await self.is_told(player, "connection:reconnect", wanted)
        (question,) = await player.client.next("game:question:started")
        self.assertEqual(question["question"], shown(self.questions[1], 1))
        await self.everybody_sees_participants()

    async def nothing_else_is_told(self):
        for client in self.everyone():
            self.exactly(await client.ask("connection:heartbeat", {"socketId": client.id}), {"timestamp": "<now>"})
            self.exactly(await client.next("connection:heartbeat:ack"), [{"timestamp": "<now>"}])
            self.assertEqual([name for name, _ in client.events if name != "game:room:participants:update"], [])

    async def test_a_bad_token_is_refused(self):
        client = Client(self.url, self.transports)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect({"token": "no.such.token"})
        data = {"error": "unauthorized", "message": "Authentication required"}
        self.assertEqual(client.refusal, {"message": "unauthorized", "data": data})
        await client.close()


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    if not is_peer():
        for transports in TRANSPORTS:
            name = "Quiz over " + " then ".join(transports)
            suite.addTests(loader.loadTestsFromTestCase(type(name, (QuizFlow, TestCase), {"transports": transports})))
    return suite
