//! Quiz codes: six digits that stand for a quiz.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::quizzes::{Success, nothing_there};
use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{Quiz, QuizId, RoomCode, USERS, limits};
use crate::refusals::Malformed;

/// A quiz's code, from 100000 to 999999. REST writes it as a number, a room as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuizCode(u32);

impl QuizCode {
    /// The first code.
    pub const FIRST: u32 = 100_000;
    /// The last code.
    pub const LAST: u32 = 999_999;

    /// Returns the code of a number, if it is one.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (Self::FIRST..=Self::LAST).contains(&number).then_some(Self(number))
    }

    /// Reads a code from its six digits, as a path has them.
    ///
    /// # Errors
    /// They are no code (400).
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let is_six_digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = if is_six_digits { text.parse().ok().and_then(Self::new) } else { None };
        code.ok_or_else(Self::invalid_format)
    }

    /// Reads a code from a body: a number, or a text of six digits.
    ///
    /// # Errors
    /// It is no code (400).
    pub fn read(field: &Field) -> Result<Self, Fault> {
        match field {
            Field::Text(text) => Self::parse(text),
            Field::Number(_) => {
                let number = field.integer("code", i64::from(Self::FIRST), i64::from(Self::LAST)).ok();
                let number = number.and_then(|number| u32::try_from(number).ok());
                number.and_then(Self::new).ok_or_else(Self::invalid_format)
            }
            _ => Err(Self::invalid_format()),
        }
    }

    /// Returns the code as a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    fn invalid_format() -> Fault {
        invalid_payload("Invalid code format")
    }
}

impl From<QuizCode> for RoomCode {
    fn from(code: QuizCode) -> Self {
        Self::of_number(code.0)
    }
}

/// `POST /quiz/:id/generate-code`: a new code, in place of the old one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GenerateCode {
    /// Which quiz.
    pub id: QuizId,
}

impl Contract for GenerateCode {
    type Reply = CodeGenerated;
}

impl Endpoint for GenerateCode {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz/{id}/generate-code";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// The new code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeGenerated {
    /// The code.
    pub code: QuizCode,
}

/// `PUT /quiz/:id/code`: a code of the owner's choice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetCode {
    /// Which quiz.
    pub id: QuizId,
    /// The code.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub code: Field,
}

impl SetCode {
    /// Reads the code.
    ///
    /// # Errors
    /// It is missing or wrong (400).
    pub fn read(&self) -> Result<QuizCode, Fault> {
        QuizCode::read(&self.code)
    }
}

impl Contract for SetCode {
    type Reply = CodeSet;
}

impl Endpoint for SetCode {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/quiz/{id}/code";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// The code, echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeSet {
    code: QuizCode,
    success: bool,
}

impl CodeSet {
    /// Returns the answer.
    #[must_use]
    pub fn new(code: QuizCode) -> Self {
        Self { code, success: true }
    }
}

/// `GET /quiz/:id/code`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetCode {
    /// Which quiz.
    pub id: QuizId,
}

impl Contract for GetCode {
    type Reply = CurrentCode;
}

impl Endpoint for GetCode {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz/{id}/code";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// A quiz's code, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentCode {
    code: Option<QuizCode>,
    has_code: bool,
    quiz_id: QuizId,
}

impl CurrentCode {
    /// Returns the answer.
    #[must_use]
    pub fn new(quiz_id: QuizId, code: Option<QuizCode>) -> Self {
        Self { code, has_code: code.is_some(), quiz_id }
    }
}

/// `DELETE /quiz/:id/code`: the code is free, if there was one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveCode {
    /// Which quiz.
    pub id: QuizId,
}

impl Contract for RemoveCode {
    type Reply = Success;
}

impl Endpoint for RemoveCode {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/quiz/{id}/code";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `GET /quiz/code/check/:code`: whether a code is free.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckCode {
    /// The code as it came.
    pub code: String,
}

impl CheckCode {
    /// Reads the code.
    ///
    /// # Errors
    /// It is none (400).
    pub fn read(&self) -> Result<QuizCode, Fault> {
        QuizCode::parse(&self.code)
    }
}

impl Contract for CheckCode {
    type Reply = CodeChecked;
}

impl Endpoint for CheckCode {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz/code/check/{code}";
    const LIMIT: Option<Limit> = Some(limits::CODE);
}

/// Whether the code is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeChecked {
    /// No quiz has it.
    pub available: bool,
}

/// `GET /quiz/code/validate/:code`: whether a code has the form of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidateCode {
    /// The code as it came.
    pub code: String,
}

impl ValidateCode {
    /// Returns the answer, which needs no quiz.
    ///
    /// # Errors
    /// It is none (400).
    pub fn answer(&self) -> Result<CodeValidated, Fault> {
        QuizCode::parse(&self.code).map(|_| CodeValidated { valid: true, message: "Code format is valid" })
    }
}

impl Contract for ValidateCode {
    type Reply = CodeValidated;
}

impl Endpoint for ValidateCode {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz/code/validate/{code}";
    const LIMIT: Option<Limit> = Some(limits::CODE);
}

/// The code has the form of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeValidated {
    valid: bool,
    message: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("a reply")
    }

    #[test]
    fn a_code_is_a_number_of_six_digits_or_their_text() {
        let check = |code: Value, expected: Option<u32>| {
            let request: SetCode =
                serde_json::from_value(json!({ "id": "00000000-0000-4000-8000-000000000000", "code": code })).expect("decodes");
            let read = request.read().map(QuizCode::number).map_err(|fault| fault.message);
            assert_eq!(read, expected.ok_or_else(|| "Invalid code format".to_owned()), "{code}");
        };
        check(json!(100_000), Some(100_000));
        check(json!(999_999), Some(999_999));
        check(json!("123456"), Some(123_456));
        for wrong in
            [json!(99_999), json!(1_000_000), json!(123_456.5), json!(-123_456), json!(null), json!(true), json!([123_456])]
        {
            check(wrong, None);
        }
        for wrong in ["012345", "12345", "1234567", "12345a", " 123456", "+12345", ""] {
            check(json!(wrong), None);
        }
    }

    #[test]
    fn public_routes_check_the_form_of_a_code() {
        let check = |code: &str, is_code: bool| {
            assert_eq!(CheckCode { code: code.to_owned() }.read().is_ok(), is_code, "{code}");
            assert_eq!(ValidateCode { code: code.to_owned() }.answer().is_ok(), is_code, "{code}");
        };
        check("123456", true);
        check("023456", false);
        check("12345", false);
        check("abcdef", false);
    }

    #[test]
    fn a_room_can_have_the_code_of_its_quiz() {
        let code = QuizCode::new(123_456).expect("a code");
        assert_eq!(RoomCode::from(code).as_str(), "123456");
    }

    #[test]
    fn answers_have_the_documents_keys_in_its_order() {
        let code = QuizCode::new(123_456).expect("a code");
        let quiz = QuizId::random([0; 16]);
        assert_eq!(json(&CodeGenerated { code }), r#"{"code":123456}"#);
        assert_eq!(json(&CodeSet::new(code)), r#"{"code":123456,"success":true}"#);
        assert_eq!(json(&CodeChecked { available: true }), r#"{"available":true}"#);
        let validated = ValidateCode { code: "123456".to_owned() }.answer().expect("a code");
        assert_eq!(json(&validated), r#"{"valid":true,"message":"Code format is valid"}"#);
        assert_eq!(
            json(&CurrentCode::new(quiz, Some(code))),
            r#"{"code":123456,"hasCode":true,"quizId":"00000000-0000-4000-8000-000000000000"}"#
        );
        assert_eq!(
            json(&CurrentCode::new(quiz, None)),
            r#"{"code":null,"hasCode":false,"quizId":"00000000-0000-4000-8000-000000000000"}"#
        );
    }
}
