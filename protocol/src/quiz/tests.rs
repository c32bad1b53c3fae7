//! The surface of the contract, line by line: what is missing here is missing on the wire.

mod hostile;

use crate::contract::{Access, Endpoint, Event, System};

use super::Quiz;
use super::accounts::{LogIn, LogOut, RefreshSession, Register};
use super::answers::{AddAnswer, DeleteAnswer, UpdateAnswer};
use super::avatars::{DeleteAvatar, GetAvatar, UploadAvatar};
use super::codes::{CheckCode, GenerateCode, GetCode, RemoveCode, SetCode, ValidateCode};
use super::connections::{GetConnection, GetConnectionStats, ListActiveConnections, ListConnections, ListDeviceConnections};
use super::devices::{GetDeviceSession, GetDeviceStats, ListDeviceSessions, ListSessionConnections, UpdateMetadata};
use super::flows::{AdvanceFlow, DeleteFlow, GetFlow, ListFlows, UpdateFlow};
use super::health::Health;
use super::profile::{GetProfile, SetDisplayName, SetUsername};
use super::publishing::{PublishQuiz, UnpublishQuiz, ValidateQuiz};
use super::questions::{AddQuestion, DeleteQuestion, ReorderQuestions, UpdateQuestion};
use super::quizzes::{CreateQuiz, DeleteQuiz, GetQuiz, ListQuizzes, UpdateQuiz};
use super::rooms::{
    ClientHello, CreateRoom, EndQuestion, Heartbeat, JoinRoom, LeaveRoom, NextQuestion, OUTBOUND, Reconnect, RequestLeaderboard,
    StartQuestion, SubmitAnswer,
};

fn route<E: Endpoint>() -> String {
    let access = match E::ACCESS {
        Access::Open => "anyone",
        Access::Roles(["authenticated"]) => "users",
        _ => "?",
    };
    let limit = E::LIMIT.map_or_else(String::new, |limit| format!(" {} {}/{}s", limit.bucket, limit.max, limit.window_secs));
    format!("{} {} {} {access}{limit}", format!("{:?}", E::METHOD).to_uppercase(), E::PATH, E::STATUS)
}

#[test]
fn every_route_of_the_document_is_there() {
    let routes = [
        route::<Health>(),
        route::<Register>(),
        route::<LogIn>(),
        route::<LogOut>(),
        route::<GetProfile>(),
        route::<SetUsername>(),
        route::<SetDisplayName>(),
        route::<UploadAvatar>(),
        route::<DeleteAvatar>(),
        route::<CreateQuiz>(),
        route::<GetQuiz>(),
        route::<UpdateQuiz>(),
        route::<DeleteQuiz>(),
        route::<ListQuizzes>(),
        route::<AddQuestion>(),
        route::<UpdateQuestion>(),
        route::<DeleteQuestion>(),
        route::<ReorderQuestions>(),
        route::<AddAnswer>(),
        route::<UpdateAnswer>(),
        route::<DeleteAnswer>(),
        route::<PublishQuiz>(),
        route::<UnpublishQuiz>(),
        route::<ValidateQuiz>(),
        route::<GenerateCode>(),
        route::<SetCode>(),
        route::<GetCode>(),
        route::<RemoveCode>(),
        route::<CheckCode>(),
        route::<ValidateCode>(),
        route::<GetFlow>(),
        route::<ListFlows>(),
        route::<AdvanceFlow>(),
        route::<UpdateFlow>(),
        route::<DeleteFlow>(),
        route::<ListConnections>(),
        route::<ListActiveConnections>(),
        route::<ListDeviceConnections>(),
        route::<GetConnectionStats>(),
        route::<GetConnection>(),
        route::<ListDeviceSessions>(),
        route::<GetDeviceSession>(),
        route::<UpdateMetadata>(),
        route::<ListSessionConnections>(),
        route::<GetDeviceStats>(),
    ];
    let expected = [
        "GET /health 200 anyone",
        "POST /auth/register 201 anyone /auth/* 30/60s",
        "POST /auth/login 200 anyone /auth/* 30/60s",
        "POST /auth/logout 200 users /auth/* 30/60s",
        "GET /profile 200 users",
        "PUT /profile/username 200 users",
        "PUT /profile/display-name 200 users",
        "POST /profile/avatar 200 users",
        "DELETE /profile/avatar 200 users",
        "POST /quiz 201 users",
        "GET /quiz/{id} 200 users",
        "PUT /quiz/{id} 200 users",
        "DELETE /quiz/{id} 200 users",
        "GET /quiz 200 users",
        "POST /quiz/{quizId}/questions 201 users",
        "PUT /quiz/{quizId}/questions/{questionId} 200 users",
        "DELETE /quiz/{quizId}/questions/{questionId} 200 users",
        "PUT /quiz/{quizId}/questions/reorder 200 users",
        "POST /quiz/{quizId}/questions/{questionId}/answers 201 users",
        "PUT /quiz/{quizId}/questions/{questionId}/answers/{answerId} 200 users",
        "DELETE /quiz/{quizId}/questions/{questionId}/answers/{answerId} 200 users",
        "POST /quiz/{id}/publish 200 users",
        "POST /quiz/{id}/unpublish 200 users",
        "GET /quiz/{id}/validate 200 users",
        "POST /quiz/{id}/generate-code 200 users",
        "PUT /quiz/{id}/code 200 users",
        "GET /quiz/{id}/code 200 users",
        "DELETE /quiz/{id}/code 200 users",
        "GET /quiz/code/check/{code} 200 anyone /quiz/code/* 120/60s",
        "GET /quiz/code/validate/{code} 200 anyone /quiz/code/* 120/60s",
        "GET /game-flows/{game_id}/flow 200 users",
        "GET /game-flows 200 users",
        "POST /game-flows/{game_id}/advance 200 users",
        "PATCH /game-flows/{game_id} 200 users",
        "DELETE /game-flows/{game_id} 200 users",
        "GET /websocket-connections 200 users",
        "GET /websocket-connections/active 200 users",
        "GET /websocket-connections/device/{device_id} 200 users",
        "GET /websocket-connections/stats 200 users",
        "GET /websocket-connections/{id} 200 users",
        "GET /device-sessions 200 users",
        "GET /device-sessions/{device_id} 200 users",
        "PATCH /device-sessions/{device_id}/metadata 200 users",
        "GET /device-sessions/{device_id}/connections 200 users",
        "GET /device-sessions/stats 200 users",
    ];
    assert_eq!(routes, expected);
}

#[test]
fn two_routes_extend_the_document() {
    assert_eq!(route::<RefreshSession>(), "POST /auth/refresh 200 anyone /auth/* 30/60s");
    assert_eq!(route::<GetAvatar>(), "GET /storage/avatars/{userId}/{file} 200 anyone");
}

fn event<E: Event>() -> &'static str {
    // Guests send events too; who may do what, the room says in the contract's words.
    assert_eq!(E::ACCESS, Access::Open, "{}", E::NAME);
    assert_eq!(E::LIMIT, None, "{}: all events of a socket share one limit", E::NAME);
    E::NAME
}

#[test]
fn every_event_of_the_document_is_there() {
    let events = [
        event::<ClientHello>(),
        event::<CreateRoom>(),
        event::<JoinRoom>(),
        event::<LeaveRoom>(),
        event::<StartQuestion>(),
        event::<NextQuestion>(),
        event::<EndQuestion>(),
        event::<SubmitAnswer>(),
        event::<RequestLeaderboard>(),
        event::<Heartbeat>(),
        event::<Reconnect>(),
    ];
    let expected = [
        "client:hello",
        "game:host:create",
        "game:room:join",
        "game:room:leave",
        "game:flow:start",
        "game:flow:next",
        "game:flow:end",
        "game:answer:submit",
        "game:leaderboard:request",
        "connection:heartbeat",
        "connection:reconnect",
    ];
    assert_eq!(events, expected);
    let expected = [
        "server:hello",
        "game:room:created",
        "game:room:joined",
        "game:room:participants:update",
        "game:question:started",
        "game:question:changed",
        "game:question:ended",
        "game:answer:accepted",
        "game:answer:stats:update",
        "game:leaderboard:update",
        "connection:heartbeat:ack",
        "error",
    ];
    assert_eq!(OUTBOUND, expected);
    assert_eq!(Quiz::SOCKET_LIMIT.map(|limit| (limit.max, limit.window_secs)), Some((100, 1)));
}
