//! What the catalogue knows, without actors.

use std::collections::HashSet;

use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::codes::QuizCode;
use hubbub_protocol::quiz::paging::Page;
use hubbub_protocol::quiz::quizzes::QuizStatus;

use super::rules::user;
use crate::kit::clock::Timestamp;
use crate::quiz::authoring::catalogue::state::{Line, State, Taken};

fn id(number: u8) -> QuizId {
    QuizId::random([number; 16])
}

fn code(number: u32) -> QuizCode {
    QuizCode::new(number).expect("a code")
}

fn line(updated_at: i64, code: Option<QuizCode>) -> Line {
    let (created_at, updated_at) = (Timestamp(0), Timestamp(updated_at));
    Line { owner: user(1), status: QuizStatus::Draft, created_at, updated_at, code }
}

#[test]
fn a_code_is_one_quizs_until_that_gives_it_up() {
    let mut state = State::default();
    assert_eq!(state.keep(id(1), code(100_000)), Ok(()));
    assert_eq!(state.keep(id(1), code(100_000)), Ok(()), "again");
    assert_eq!(state.keep(id(2), code(100_000)), Err(Taken));
    state.release(id(2));
    assert!(!state.is_free(code(100_000)), "only its quiz gives it back");
    state.release(id(1));
    assert_eq!(state.keep(id(2), code(100_000)), Ok(()));
    state.hear(id(2), Some(line(1, Some(code(100_000)))));
    assert_eq!(state.keep(id(2), code(100_001)), Ok(()));
    assert!(!state.is_free(code(100_000)), "it has not saved the other one");
    state.release(id(2));
    assert!(!state.is_free(code(100_000)) && state.is_free(code(100_001)));
    state.hear(id(2), Some(line(2, Some(code(100_002)))));
    assert!(state.is_free(code(100_000)) && !state.is_free(code(100_002)));
    state.hear(id(2), None);
    assert!(state.is_free(code(100_002)));
}

#[test]
fn any_code_is_found_while_there_is_one() {
    let mut state = State::default();
    let seed = 899_999;
    let found: HashSet<QuizCode> = (1..=50).filter_map(|number| state.keep_any(id(number), seed)).collect();
    assert_eq!(found.len(), 50);
    assert!(found.contains(&code(999_999)));
    assert!(state.keep_any(id(60), u64::MAX).is_some());
}

#[test]
fn a_list_begins_with_the_latest_change() {
    let mut state = State::default();
    for number in 1..=5 {
        state.hear(id(number), Some(line(i64::from(number), None)));
    }
    let page = |state: &State, page, limit| state.page(user(1), None, Page { page, limit });
    assert_eq!(page(&state, 1, 2), (vec![id(5), id(4)], 5));
    assert_eq!(page(&state, 3, 2), (vec![id(1)], 5));
    assert_eq!(page(&state, 4, 2), (vec![], 5));
    assert_eq!(page(&state, u32::MAX, 100), (vec![], 5));
    state.hear(id(1), Some(Line { status: QuizStatus::Archived, ..line(9, None) }));
    state.hear(id(2), None);
    assert_eq!(page(&state, 1, 2), (vec![id(1), id(5)], 4));
    assert_eq!(state.page(user(1), Some(QuizStatus::Archived), Page { page: 1, limit: 2 }), (vec![id(1)], 1));
    assert_eq!(state.page(user(2), None, Page { page: 1, limit: 2 }), (vec![], 0));
}
