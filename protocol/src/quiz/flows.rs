//! `/game-flows`: where a game stands. A game is a room, so its id is the room's.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::field::Field;
use super::paging::Window;
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{FlowId, Quiz, QuizId, RoomId, USERS, limits};
use crate::refusals::Malformed;

/// Says what is wrong with a path: here a malformed id is a mistake of form.
fn invalid_game_id(malformed: &Malformed) -> Option<Fault> {
    (malformed.field()? == "game_id").then(|| invalid_payload("Invalid game_id format"))
}

/// `GET /game-flows/:game_id/flow`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetFlow {
    /// Which game.
    pub game_id: RoomId,
}

/// A flow in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// The flow.
    pub id: FlowId,
    /// Its game.
    pub game_id: RoomId,
    /// The quiz that is played; null without one.
    pub quiz_set_id: Option<QuizId>,
    /// The question that is played, from 0.
    pub current_question_index: u32,
    /// How many there are.
    pub total_questions: u32,
    /// When the question started, as ISO 8601; null before the first.
    pub question_start_time: Option<String>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

impl Contract for GetFlow {
    type Reply = Flow;
}

impl Endpoint for GetFlow {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/game-flows/{game_id}/flow";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_game_id(malformed)
    }
}

/// `GET /game-flows/`: the caller's own, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListFlows {
    /// Only those of this quiz.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub quiz_set_id: Field,
    /// How many.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub limit: Field,
    /// After how many others.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub offset: Field,
}

impl ListFlows {
    /// Reads the filter and the window.
    ///
    /// # Errors
    /// One of them is wrong (400).
    pub fn read(&self) -> Result<(Option<QuizId>, Window), Fault> {
        let quiz = self.quiz_set_id.change(|field| field.id("quiz_set_id"))?;
        Ok((quiz, Window::read(&self.limit, &self.offset)?))
    }
}

/// A flow as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowLine {
    /// The flow.
    pub id: FlowId,
    /// Its game.
    pub game_id: RoomId,
    /// The quiz that is played; null without one.
    pub quiz_set_id: Option<QuizId>,
    /// The question that is played, from 0.
    pub current_question_index: u32,
    /// How many there are.
    pub total_questions: u32,
    /// ISO 8601.
    pub created_at: String,
}

impl From<Flow> for FlowLine {
    fn from(flow: Flow) -> Self {
        let Flow { id, game_id, quiz_set_id, current_question_index, total_questions, created_at, .. } = flow;
        Self { id, game_id, quiz_set_id, current_question_index, total_questions, created_at }
    }
}

/// A window on the flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowList {
    flows: Vec<FlowLine>,
    total: u64,
    limit: u32,
    offset: u32,
}

impl FlowList {
    /// Returns a window on `total` flows, which its maker has cut out.
    #[must_use]
    pub fn new(flows: Vec<FlowLine>, window: Window, total: u64) -> Self {
        Self { flows, total, limit: window.limit, offset: window.offset }
    }
}

impl Contract for ListFlows {
    type Reply = FlowList;
}

impl Endpoint for ListFlows {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/game-flows";
    const ACCESS: Access = USERS;
}

/// `POST /game-flows/:game_id/advance`: as `game:flow:next`, for the question that follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdvanceFlow {
    /// Which game.
    pub game_id: RoomId,
}

/// Where the game stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowAdvanced {
    message: &'static str,
    flow: AdvancedFlow,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct AdvancedFlow {
    id: FlowId,
    game_id: RoomId,
    current_question_index: u32,
    total_questions: u32,
    question_start_time: Option<String>,
}

impl From<Flow> for FlowAdvanced {
    fn from(flow: Flow) -> Self {
        let Flow { id, game_id, current_question_index, total_questions, question_start_time, .. } = flow;
        let flow = AdvancedFlow { id, game_id, current_question_index, total_questions, question_start_time };
        Self { message: "Advanced to next question", flow }
    }
}

impl Contract for AdvanceFlow {
    type Reply = FlowAdvanced;
}

impl Endpoint for AdvanceFlow {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/game-flows/{game_id}/advance";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_game_id(malformed)
    }
}

/// `PATCH /game-flows/:game_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateFlow {
    /// Which game.
    pub game_id: RoomId,
    /// The question to play, from 0.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub current_question_index: Field,
    /// When it started.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub question_start_time: Field,
}

/// What is to be different about a flow: at least one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowChanges {
    /// The question to play, from 0; whether there is one so far, the game knows.
    pub current_question_index: Option<u32>,
    /// When it started, in milliseconds; the inner `None` takes the time away.
    pub question_start_time: Option<Option<i64>>,
}

impl UpdateFlow {
    /// Reads the changes.
    ///
    /// # Errors
    /// One of them is wrong, or there is none (400).
    pub fn read(&self) -> Result<FlowChanges, Fault> {
        let changes = FlowChanges {
            current_question_index: self.current_question_index.change(question_index)?,
            question_start_time: self.question_start_time.change(|field| field.optional(start_time))?,
        };
        if changes.current_question_index.is_none() && changes.question_start_time.is_none() {
            return Err(invalid_payload("current_question_index or question_start_time is required"));
        }
        Ok(changes)
    }

    /// Returns the refusal of a question that the game does not have.
    #[must_use]
    pub fn no_such_question(total_questions: u32) -> Fault {
        invalid_payload(format!("current_question_index must be less than {total_questions}"))
    }
}

fn question_index(field: &Field) -> Result<u32, Fault> {
    field.count("current_question_index", 0, limits::LAST_PLACE)
}

/// Reads a time as milliseconds.
fn start_time(field: &Field) -> Result<i64, Fault> {
    let wrong = || invalid_payload("question_start_time must be an ISO 8601 date and time");
    let Field::Text(text) = field else { return Err(wrong()) };
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong())?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).map_err(|_| wrong())
}

/// Where the game stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowUpdated {
    message: &'static str,
    flow: UpdatedFlow,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct UpdatedFlow {
    id: FlowId,
    game_id: RoomId,
    current_question_index: u32,
    question_start_time: Option<String>,
    updated_at: String,
}

impl From<Flow> for FlowUpdated {
    fn from(flow: Flow) -> Self {
        let Flow { id, game_id, current_question_index, question_start_time, updated_at, .. } = flow;
        let flow = UpdatedFlow { id, game_id, current_question_index, question_start_time, updated_at };
        Self { message: "Game flow updated successfully", flow }
    }
}

impl Contract for UpdateFlow {
    type Reply = FlowUpdated;
}

impl Endpoint for UpdateFlow {
    type System = Quiz;
    const METHOD: Method = Method::Patch;
    const PATH: &'static str = "/game-flows/{game_id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_game_id(malformed)
    }
}

/// `DELETE /game-flows/:game_id`: the game is over, and its room closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteFlow {
    /// Which game.
    pub game_id: RoomId,
}

/// The flow is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowDeleted {
    message: &'static str,
}

impl Default for FlowDeleted {
    fn default() -> Self {
        Self { message: "Game flow deleted successfully" }
    }
}

impl Contract for DeleteFlow {
    type Reply = FlowDeleted;
}

impl Endpoint for DeleteFlow {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/game-flows/{game_id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_game_id(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    fn flow() -> Flow {
        Flow {
            id: FlowId::random([0; 16]),
            game_id: RoomId::random([0; 16]),
            quiz_set_id: Some(QuizId::random([0; 16])),
            current_question_index: 2,
            total_questions: 10,
            question_start_time: Some("2025-12-11T10:30:00.000Z".to_owned()),
            created_at: "2025-12-11T10:00:00.000Z".to_owned(),
            updated_at: "2025-12-11T10:30:00.000Z".to_owned(),
        }
    }

    fn json<T: Serialize>(reply: &T) -> String {
        serde_json::to_string(reply).expect("a reply")
    }

    #[test]
    fn each_route_shows_exactly_the_keys_of_its_example() {
        assert_eq!(
            json(&flow()),
            format!(
                r#"{{"id":"{ID}","game_id":"{ID}","quiz_set_id":"{ID}","current_question_index":2,"total_questions":10,"question_start_time":"2025-12-11T10:30:00.000Z","created_at":"2025-12-11T10:00:00.000Z","updated_at":"2025-12-11T10:30:00.000Z"}}"#
            )
        );
        let lines = vec![FlowLine::from(Flow { quiz_set_id: None, ..flow() })];
        assert_eq!(
            json(&FlowList::new(lines, Window { limit: 20, offset: 0 }, 42)),
            format!(
                r#"{{"flows":[{{"id":"{ID}","game_id":"{ID}","quiz_set_id":null,"current_question_index":2,"total_questions":10,"created_at":"2025-12-11T10:00:00.000Z"}}],"total":42,"limit":20,"offset":0}}"#
            )
        );
        assert_eq!(
            json(&FlowAdvanced::from(flow())),
            format!(
                r#"{{"message":"Advanced to next question","flow":{{"id":"{ID}","game_id":"{ID}","current_question_index":2,"total_questions":10,"question_start_time":"2025-12-11T10:30:00.000Z"}}}}"#
            )
        );
        assert_eq!(
            json(&FlowUpdated::from(Flow { question_start_time: None, ..flow() })),
            format!(
                r#"{{"message":"Game flow updated successfully","flow":{{"id":"{ID}","game_id":"{ID}","current_question_index":2,"question_start_time":null,"updated_at":"2025-12-11T10:30:00.000Z"}}}}"#
            )
        );
        assert_eq!(json(&FlowDeleted::default()), r#"{"message":"Game flow deleted successfully"}"#);
    }

    fn update(change: Value) -> Result<FlowChanges, String> {
        let mut sent = json!({ "game_id": ID });
        sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let request: UpdateFlow = serde_json::from_value(sent).expect("decodes whatever was sent");
        request.read().map_err(|fault| fault.message)
    }

    #[test]
    fn a_change_has_an_index_or_a_time() {
        let sent = json!({ "current_question_index": 5, "question_start_time": "2025-12-11T10:40:00.000Z" });
        let expected = FlowChanges { current_question_index: Some(5), question_start_time: Some(Some(1_765_449_600_000)) };
        assert_eq!(update(sent), Ok(expected));
        let expected = FlowChanges { current_question_index: None, question_start_time: Some(None) };
        assert_eq!(update(json!({ "question_start_time": null })), Ok(expected));
        let check = |change: Value, expected: &str| assert_eq!(update(change), Err(expected.to_owned()));
        check(json!({}), "current_question_index or question_start_time is required");
        check(json!({ "total_questions": 3 }), "current_question_index or question_start_time is required");
        check(json!({ "current_question_index": null }), "current_question_index is required");
        check(json!({ "current_question_index": -1 }), "current_question_index must be an integer from 0 to 9999");
        check(json!({ "current_question_index": "5" }), "current_question_index must be an integer from 0 to 9999");
    }

    #[test]
    fn a_time_is_an_iso_date_with_a_time_and_a_zone() {
        let check = |time: Value, expected: Option<i64>| {
            let changes = update(json!({ "question_start_time": time })).ok();
            assert_eq!(changes.and_then(|changes| changes.question_start_time.flatten()), expected, "{time}");
        };
        check(json!("2025-12-11T10:40:00Z"), Some(1_765_449_600_000));
        check(json!("2025-12-11T19:40:00.123+09:00"), Some(1_765_449_600_123));
        check(json!("1969-12-31T23:59:59.9995Z"), Some(-1));
        for wrong in [json!("2025-12-11"), json!("yesterday"), json!(""), json!(1_765_449_600_000_i64), json!(true)] {
            check(wrong, None);
        }
    }

    #[test]
    fn lists_are_filtered_by_quiz() {
        let read = |sent: Value| {
            let request: ListFlows = serde_json::from_value(sent).expect("decodes");
            request.read().map_err(|fault| fault.message)
        };
        assert_eq!(read(json!({})), Ok((None, Window { limit: 20, offset: 0 })));
        let expected = (Some(QuizId::random([0; 16])), Window { limit: 10, offset: 5 });
        assert_eq!(read(json!({ "quiz_set_id": ID, "limit": "10", "offset": "5" })), Ok(expected));
        assert_eq!(read(json!({ "quiz_set_id": "q" })), Err("Invalid quiz_set_id format".to_owned()));
        assert_eq!(read(json!({ "limit": "0" })), Err("limit must be an integer from 1 to 100".to_owned()));
        assert_eq!(read(json!({ "offset": "-1" })), Err("offset must be an integer from 0 to 4294967295".to_owned()));
    }

    #[test]
    fn a_malformed_game_id_is_a_mistake_of_form() {
        let fault = GetFlow::malformed(&Malformed::Field("game_id".to_owned()));
        assert_eq!(fault, Some(invalid_payload("Invalid game_id format")));
        assert_eq!(UpdateFlow::malformed(&Malformed::Whole), None);
    }
}
