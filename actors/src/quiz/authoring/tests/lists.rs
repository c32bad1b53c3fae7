//! Lists: one's own quizzes, and only those of the page are woken.

use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::publishing::PublishQuiz;
use hubbub_protocol::quiz::quizzes::{DeleteQuiz, ListQuizzes, UpdateQuiz};
use serde_json::{Value, json};

use super::rules::{OWNER, STRANGER};
use super::world::World;
use crate::quiz::authoring::quiz::Quiz;

fn titles(list: &Value) -> Vec<&str> {
    list["quizzes"].as_array().expect("a list").iter().filter_map(|quiz| quiz["title"].as_str()).collect()
}

#[actix::test]
async fn a_list_is_ones_own_and_begins_with_the_latest_change() {
    let world = World::new();
    let first = world.good_quiz("a").await;
    let second = world.quiz("b").await;
    world.quiz("c").await;
    let list = world.ask::<ListQuizzes>(json!({ "limit": "2" })).await;
    assert_eq!((titles(&list), &list["total"], &list["totalPages"]), (vec!["c", "b"], &json!(3), &json!(2)));
    world.ask::<PublishQuiz>(json!({ "id": first })).await;
    world.ask::<DeleteQuiz>(json!({ "id": second })).await;
    assert_eq!(titles(&world.ask::<ListQuizzes>(json!({})).await), ["a", "c"]);
    assert_eq!(titles(&world.ask::<ListQuizzes>(json!({ "status": "published" })).await), ["a"]);
    let nothing = world.ask_as::<ListQuizzes>(STRANGER, json!({})).await.expect("a list");
    assert_eq!(nothing, json!({ "quizzes": [], "total": 0, "page": 1, "totalPages": 0 }));
    for wrong in [json!({ "page": "0" }), json!({ "limit": "101" }), json!({ "limit": "0" }), json!({ "status": "new" })] {
        assert_eq!(world.refusal::<ListQuizzes>(OWNER, wrong).await, Kind::Invalid);
    }
}

#[actix::test]
async fn a_list_wakes_only_the_quizzes_of_its_page() {
    let world = World::new();
    for number in 0..20 {
        let id = world.quiz(&format!("q{number}")).await;
        world.ask::<UpdateQuiz>(json!({ "id": id, "category": "Maps" })).await;
    }
    let world = world.restarted().await;
    let list = world.ask::<ListQuizzes>(json!({ "limit": "3", "page": "2" })).await;
    assert_eq!((titles(&list), &list["total"]), (vec!["q16", "q15", "q14"], &json!(20)));
    assert_eq!(world.deps.registry::<Quiz>().alive(), 3);
}
