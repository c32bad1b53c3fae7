//! Every limit of the quiz: the document's sizes, and the rates that protect what can be guessed.

use crate::contract::{EventLimit, Limit};

/// `/auth/*`: all routes that take a password or a token.
pub const AUTH: Limit = Limit { bucket: "/auth/*", max: 30, window_secs: 60 };
/// The two public code routes: six digits can be guessed.
pub const CODE: Limit = Limit { bucket: "/quiz/code/*", max: 120, window_secs: 60 };
/// Any event of one socket.
pub const SOCKET: EventLimit = EventLimit { max: 100, window_secs: 1 };

/// Characters of an id that a client chose.
pub const CLIENT_ID_CHARACTERS: usize = 128;
/// Characters of a socket's id.
pub const SOCKET_ID_CHARACTERS: usize = 64;
/// Characters of a display name, without the blanks around it.
pub const DISPLAY_NAME_CHARACTERS: usize = 50;
/// Characters of an email address.
pub const EMAIL_CHARACTERS: usize = 254;
/// Characters of a password, at least.
pub const SHORTEST_PASSWORD: usize = 6;
/// Characters of a password, at most.
pub const LONGEST_PASSWORD: usize = 72;
/// Characters of a refresh token.
pub const REFRESH_TOKEN_CHARACTERS: usize = 512;
/// Bytes of an avatar.
pub const AVATAR_BYTES: usize = 5_242_880;
/// Characters of the title of a quiz or a game.
pub const TITLE_CHARACTERS: usize = 100;
/// Characters of a quiz's description.
pub const DESCRIPTION_CHARACTERS: usize = 500;
/// Characters of a quiz's category.
pub const CATEGORY_CHARACTERS: usize = 50;
/// Tags of a quiz.
pub const TAGS: usize = 10;
/// Characters of a tag.
pub const TAG_CHARACTERS: usize = 30;
/// Characters of a question.
pub const QUESTION_CHARACTERS: usize = 500;
/// Characters of an explanation's title.
pub const EXPLANATION_TITLE_CHARACTERS: usize = 200;
/// Characters of an explanation.
pub const EXPLANATION_CHARACTERS: usize = 2000;
/// Characters of a picture's address.
pub const URL_CHARACTERS: usize = 2048;
/// Questions of a quiz.
pub const QUESTIONS: usize = 500;
/// Answers of a question.
pub const ANSWERS: usize = 4;
/// The last place that a question or an answer can be given.
pub const LAST_PLACE: u32 = 9999;
/// Points of a question, at most.
pub const POINTS: u32 = 1000;
/// Seconds that a question is shown alone, at most.
pub const SHOW_QUESTION_SECS: u32 = 60;
/// Seconds to answer a question, at most.
pub const ANSWERING_SECS: u32 = 300;
/// Seconds that an explanation is shown, at most.
pub const SHOW_EXPLANATION_SECS: u32 = 60;
/// Bytes of a device's metadata, serialised.
pub const METADATA_BYTES: usize = 16_384;
/// Items of one page of a list.
pub const PAGE_ITEMS: u32 = 100;
/// Characters of an answer, offered or submitted.
pub const ANSWER_CHARACTERS: usize = 200;
/// Milliseconds from a question's start to its end, at most.
pub const QUESTION_MS: i64 = 600_000;
/// The latest time that a JavaScript date can hold, in milliseconds.
pub const LATEST_MS: i64 = 8_640_000_000_000_000;

/// Players of one room, unless the configuration says otherwise.
pub const ROOM_PLAYERS: u32 = 400;
/// Players of one room, whatever the configuration says.
pub const HALL_PLAYERS: u32 = 10_000;
