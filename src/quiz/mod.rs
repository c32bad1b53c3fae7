//! The quiz's tables: every route and every event, in the document's order.
//!
//! Hand-written beside the table: [`avatars`], whose bodies are no JSON.

pub mod access;
pub mod avatars;
pub mod site;
pub mod sockets;

use hubbub_actors::kit::ask::Ask;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::quiz::accounts;
use hubbub_actors::quiz::accounts::avatars::delete_avatar;
use hubbub_protocol::contract::Endpoint;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::Quiz;
use hubbub_protocol::quiz::answers::{AddAnswer, DeleteAnswer, UpdateAnswer};
use hubbub_protocol::quiz::avatars::{GetAvatar, UploadAvatar};
use hubbub_protocol::quiz::codes::{CheckCode, GenerateCode, GetCode, RemoveCode, SetCode, ValidateCode};
use hubbub_protocol::quiz::connections::{
    GetConnection, GetConnectionStats, ListActiveConnections, ListConnections, ListDeviceConnections,
};
use hubbub_protocol::quiz::devices::{
    GetDeviceSession, GetDeviceStats, ListDeviceSessions, ListSessionConnections, UpdateMetadata,
};
use hubbub_protocol::quiz::flows::{AdvanceFlow, DeleteFlow, GetFlow, ListFlows, UpdateFlow};
use hubbub_protocol::quiz::health::{Health, HealthReply};
use hubbub_protocol::quiz::profile::{GetProfile, SetDisplayName, SetUsername};
use hubbub_protocol::quiz::publishing::{PublishQuiz, UnpublishQuiz, ValidateQuiz};
use hubbub_protocol::quiz::questions::{AddQuestion, DeleteQuestion, ReorderQuestions, UpdateQuestion};
use hubbub_protocol::quiz::quizzes::{CreateQuiz, DeleteQuiz, GetQuiz, ListQuizzes, UpdateQuiz};
use hubbub_protocol::quiz::rooms::{
    ClientHello, CreateRoom, EndQuestion, Heartbeat, JoinRoom, LeaveRoom, NextQuestion, Reconnect, RequestLeaderboard,
    StartQuestion, SubmitAnswer,
};

use crate::edge::{Edge, Endpoints, Mounted};
use crate::realtime::namespace::Events;

pub use site::site;

/// Returns the table of routes.
#[must_use]
pub fn endpoints(edge: Edge) -> Mounted<Quiz> {
    Endpoints::new(edge)
        .endpoint_with(health)
        // Accounts
        .endpoint_with(accounts::register)
        .endpoint_with(accounts::log_in)
        .endpoint_with(accounts::log_out)
        .endpoint_with(accounts::refresh_session)
        // Profile
        .endpoint::<GetProfile>()
        .endpoint::<SetUsername>()
        .endpoint::<SetDisplayName>()
        .route(UploadAvatar::METHOD, UploadAvatar::PATH, UploadAvatar::LIMIT, UploadAvatar::ACCESS, avatars::upload)
        .endpoint_with(delete_avatar)
        .route(GetAvatar::METHOD, GetAvatar::PATH, GetAvatar::LIMIT, GetAvatar::ACCESS, avatars::serve)
        // Quizzes
        .endpoint::<CreateQuiz>()
        .endpoint::<GetQuiz>()
        .endpoint::<UpdateQuiz>()
        .endpoint::<DeleteQuiz>()
        .endpoint::<ListQuizzes>()
        // Questions
        .endpoint::<AddQuestion>()
        .endpoint::<UpdateQuestion>()
        .endpoint::<DeleteQuestion>()
        .endpoint::<ReorderQuestions>()
        // Answers
        .endpoint::<AddAnswer>()
        .endpoint::<UpdateAnswer>()
        .endpoint::<DeleteAnswer>()
        // Publishing
        .endpoint::<PublishQuiz>()
        .endpoint::<UnpublishQuiz>()
        .endpoint::<ValidateQuiz>()
        // Codes
        .endpoint::<GenerateCode>()
        .endpoint::<SetCode>()
        .endpoint::<GetCode>()
        .endpoint::<RemoveCode>()
        .endpoint::<CheckCode>()
        .endpoint::<ValidateCode>()
        // Game flows
        .endpoint::<GetFlow>()
        .endpoint::<ListFlows>()
        .endpoint::<AdvanceFlow>()
        .endpoint::<UpdateFlow>()
        .endpoint::<DeleteFlow>()
        // WebSocket connections
        .endpoint::<ListConnections>()
        .endpoint::<ListActiveConnections>()
        .endpoint::<ListDeviceConnections>()
        .endpoint::<GetConnectionStats>()
        .endpoint::<GetConnection>()
        // Device sessions
        .endpoint::<ListDeviceSessions>()
        .endpoint::<GetDeviceSession>()
        .endpoint::<UpdateMetadata>()
        .endpoint::<ListSessionConnections>()
        .endpoint::<GetDeviceStats>()
        .build()
}

/// Returns the table of events.
#[must_use]
pub fn events(deps: Deps) -> Events<Quiz> {
    Events::new(deps)
        .event::<ClientHello>()
        // Game room lifecycle
        .event::<CreateRoom>()
        .event::<JoinRoom>()
        .event::<LeaveRoom>()
        // Question flow
        .event::<StartQuestion>()
        .event::<NextQuestion>()
        .event::<EndQuestion>()
        // Answers and ranking
        .event::<SubmitAnswer>()
        .event::<RequestLeaderboard>()
        // Connection management
        .event::<Heartbeat>()
        .event::<Reconnect>()
}

async fn health(deps: Deps, _: Ask<Health>) -> Result<HealthReply, Fault> {
    Ok(HealthReply::at(deps.now().0))
}
