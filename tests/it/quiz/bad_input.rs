//! Every field of every body missing, of the wrong type, too long and hostile: 400 in the envelope, and nothing has changed.

use serde_json::{Value, json};

use super::support::everything;
use super::world::{World, message_of};
use crate::harness::quiz::{call, check_refused};

const NONE: Value = Value::Null;

/// One route: its method, its path with `Q`, `N` and `A` for what it names, and a body that it takes.
type Target<'t> = (&'t str, &'t str, Value);

fn long(characters: usize) -> Value {
    json!("x".repeat(characters))
}

/// Returns values that are no text, and texts that are too long.
fn no_text(most: usize) -> Vec<Value> {
    vec![
        json!(7),
        json!(1.5),
        json!(true),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "$gt": "" }),
        long(most + 1),
        long(100_000),
    ]
}

/// Returns values that are no whole number from `least` to `most`.
fn no_count(least: i64, most: i64) -> Vec<Value> {
    let texts = [json!(least.to_string()), json!(""), json!("NaN"), json!(true), json!([least]), json!({})];
    texts
        .into_iter()
        .chain([json!(least - 1), json!(most + 1), json!(1.5), json!(1e300), json!(-1e300), json!(i64::MIN)])
        .collect()
}

fn no_boolean() -> Vec<Value> {
    vec![json!("true"), json!(""), json!(1), json!(0), json!([]), json!({})]
}

fn no_address() -> Vec<Value> {
    let texts =
        ["", "x", "ftp://example.com/a", "javascript:alert(1)", "data:text/html,x", "//example.com/a", "http://", "https:///a"];
    let more = [
        json!("https://exa mple.com"),
        json!("https://example.com/\u{0}"),
        json!(format!("https://{}", "x".repeat(2048))),
        json!(7),
        json!([]),
    ];
    texts.into_iter().map(|text| json!(text)).chain(more).collect()
}

fn and(values: Vec<Value>, more: &[Value]) -> Vec<Value> {
    values.into_iter().chain(more.iter().cloned()).collect()
}

impl World {
    /// Sends every one of the values in a field of a body that is right otherwise.
    async fn check(&self, (method, route, good): &Target<'_>, field: &str, values: &[Value]) {
        for value in values {
            let mut sent = good.clone();
            sent[field] = value.clone();
            let answer = self.ada.call(method, &self.path(route), &sent).await;
            let shown: String = value.to_string().chars().take(80).collect();
            let message = message_of(&answer.text);
            assert!(message.contains(field), "{method} {route} {field} {shown}: {}", answer.line());
            check_refused(&answer, 400, "invalid_payload", &message);
        }
    }
}

#[tokio::test]
async fn accounts_are_made_of_good_fields_alone() {
    let world = World::new().await;
    let good = json!({ "email": "new@example.com", "password": "password", "username": "newcomer", "displayName": "New" });
    let register = ("POST", "/auth/register", good);
    let emails = [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a@b",
        "a@b@example.com",
        "a b@example.com",
        "a@example..com",
        "a\u{0}@example.com",
        "a@.com",
    ];
    let emails = and(no_text(254), &emails.map(|email| json!(email)));
    let names = ["", "ab", "with space", "a-b", "naïve", "<script>", "../..", "a\u{0}bc"].map(|name| json!(name));
    world.check(&register, "email", &and(emails.clone(), &[NONE])).await;
    world.check(&register, "password", &and(no_text(72), &[NONE, json!(""), json!("12345")])).await;
    world.check(&register, "username", &and(no_text(20), &names)).await;
    world.check(&register, "displayName", &and(no_text(50), &[json!(""), json!("   "), json!("\u{1f469}".repeat(26))])).await;
    let answer =
        call(&world.ada.base, "POST", "/auth/login", &json!({ "email": "new@example.com", "password": "password" })).await;
    check_refused(&answer, 401, "invalid_credentials", "Invalid credentials");

    let login = ("POST", "/auth/login", json!({ "email": "ada@example.com", "password": "password" }));
    world.check(&login, "email", &and(emails, &[NONE])).await;
    world.check(&login, "password", &and(no_text(72), &[NONE, json!("")])).await;
    let refresh = ("POST", "/auth/refresh", json!({}));
    world.check(&refresh, "refresh_token", &and(no_text(512), &[NONE, json!("")])).await;

    world.check(&("PUT", "/profile/username", json!({})), "username", &and(no_text(20), &and(names.to_vec(), &[NONE]))).await;
    let display_name = ("PUT", "/profile/display-name", json!({}));
    world.check(&display_name, "displayName", &and(no_text(50), &[NONE, json!(""), json!(" \t ")])).await;
    for (method, path) in
        [("PUT", "/profile/username"), ("PUT", "/profile/display-name"), ("POST", "/auth/register"), ("POST", "/auth/login")]
    {
        let answer = world.ada.call(method, path, &json!({})).await;
        check_refused(&answer, 400, "invalid_payload", &message_of(&answer.text));
    }
    world.end().await;
}

#[tokio::test]
async fn quizzes_are_made_of_good_fields_alone() {
    let world = World::new().await;
    let good = json!({ "title": "Other" });
    let settings = [
        json!({ "show_question_only": 1 }),
        json!({ "show_explanation": "x" }),
        json!({ "time_bonus": "true" }),
        json!({ "streak_bonus": [] }),
        json!({ "show_correct_answer": {} }),
        json!({ "max_players": 0 }),
        json!({ "max_players": 401 }),
        json!({ "max_players": "4" }),
        json!({ "max_players": 1.5 }),
        json!({ "max_players": -1 }),
        json!(7),
        json!("x"),
        json!([]),
        json!(true),
    ];
    let tags = [
        json!("a"),
        json!({ "0": "a" }),
        json!(7),
        json!([7]),
        json!([null]),
        json!([""]),
        json!([["a"]]),
        json!([long(31)]),
        json!(vec!["a"; 11]),
        json!(vec!["a"; 20_000]),
    ];
    for target in [("POST", "/quiz", good.clone()), ("PUT", "/quiz/Q", good)] {
        world.check(&target, "title", &and(no_text(100), &[NONE, json!("")])).await;
        world.check(&target, "description", &no_text(500)).await;
        world.check(&target, "category", &and(no_text(50), &[json!("")])).await;
        world.check(&target, "difficulty_level", &and(no_text(1), &[json!("EASY"), json!(""), json!("impossible")])).await;
        world.check(&target, "is_public", &no_boolean()).await;
        world.check(&target, "tags", &tags).await;
        world.check(&target, "play_settings", &settings).await;
    }
    // Where something is to change, nothing is no value.
    let update = ("PUT", "/quiz/Q", json!({ "title": "Other" }));
    for field in ["description", "category", "difficulty_level", "is_public", "tags", "play_settings", "status"] {
        world.check(&update, field, &[NONE]).await;
    }
    world.check(&update, "status", &and(no_text(1), &[json!("deleted"), json!("PUBLISHED"), json!("")])).await;
    world.end().await;
}

#[tokio::test]
async fn questions_and_answers_are_made_of_good_fields_alone() {
    let world = World::new().await;
    let good = json!({ "question_text": "Other?", "question_type": "multiple_choice" });
    let answer = |changes: Value| {
        let mut answer = json!({ "answer_text": "A", "is_correct": true });
        answer.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        json!([answer])
    };
    for target in [("POST", "/quiz/Q/questions", good.clone()), ("PUT", "/quiz/Q/questions/N", good)] {
        world.check(&target, "question_text", &and(no_text(500), &[NONE, json!("")])).await;
        world.check(&target, "question_type", &and(no_text(1), &[NONE, json!("essay"), json!("")])).await;
        world.check(&target, "difficulty", &and(no_text(1), &[json!("Easy")])).await;
        world.check(&target, "show_question_time", &no_count(1, 60)).await;
        world.check(&target, "answering_time", &no_count(1, 300)).await;
        world.check(&target, "points", &no_count(1, 1000)).await;
        world.check(&target, "order_index", &no_count(0, 9999)).await;
        world.check(&target, "show_explanation_time", &no_count(0, 60)).await;
        world.check(&target, "image_url", &no_address()).await;
        world.check(&target, "explanation_image_url", &no_address()).await;
        world.check(&target, "explanation_title", &no_text(200)).await;
        world.check(&target, "explanation_text", &no_text(2000)).await;
        let lists = [
            json!("A"),
            json!(7),
            json!({}),
            json!([7]),
            json!([null]),
            json!(["A"]),
            json!([[]]),
            json!(vec![json!({}); 5]),
            json!(vec![7; 20_000]),
        ];
        world.check(&target, "answers", &lists).await;
        for (field, value) in [
            ("answer_text", json!("")),
            ("answer_text", long(201)),
            ("is_correct", json!(1)),
            ("order_index", json!(-1)),
            ("image_url", json!("x")),
        ] {
            let mut sent = target.2.clone();
            sent["answers"] = answer(json!({ field: value }));
            let refused = world.ada.call(target.0, &world.path(target.1), &sent).await;
            assert!(message_of(&refused.text).starts_with(field), "{}", refused.line());
            check_refused(&refused, 400, "invalid_payload", &message_of(&refused.text));
        }
    }
    // A question that has four answers takes no fifth, so the new ones come to another.
    let mut world = world;
    let path = format!(
        "/quiz/{}/questions/{}/answers/{}",
        world.quiz.id, world.quiz.questions[0].id, world.quiz.questions[0].answers[3]
    );
    world.ada.call("DELETE", &path, &NONE).await;
    world.before = everything(&world.ada).await;
    let good = json!({ "answer_text": "A", "is_correct": true });
    for target in [("POST", "/quiz/Q/questions/N/answers", good.clone()), ("PUT", "/quiz/Q/questions/N/answers/A", good)] {
        world.check(&target, "answer_text", &and(no_text(200), &[NONE, json!("")])).await;
        world.check(&target, "is_correct", &and(no_boolean(), &[NONE])).await;
        world.check(&target, "order_index", &no_count(0, 9999)).await;
        world.check(&target, "image_url", &no_address()).await;
    }
    world.end().await;
}

#[tokio::test]
async fn queries_of_the_list_are_good_numbers_and_words() {
    let world = World::new().await;
    for (name, values) in [
        ("page", ["0", "-1", "1.5", "x", "", "1e3", "%201", "99999999999999999999"]),
        ("limit", ["0", "-1", "1.5", "x", "", "101", "10x", "99999999999999999999"]),
        ("status", ["deleted", "DRAFT", "", "draft,published", "%00", "'", "draft%20", "0"]),
    ] {
        for value in values {
            let answer = world.ada.call("GET", &format!("/quiz?{name}={value}"), &NONE).await;
            assert!(message_of(&answer.text).starts_with(name), "{name}={value}: {}", answer.line());
            check_refused(&answer, 400, "invalid_payload", &message_of(&answer.text));
        }
    }
    world.end().await;
}
