//! `game:leaderboard:request`, and what answers are worth: points, bonuses for time and for streaks, shared ranks.

use hubbub_actors::kit::clock::Timestamp;
use serde_json::{Value, json};

use super::stage::{Ears, NO_ROOM, Stage, connect, guest, is, later_than_now, ranked};
use crate::harness::quiz::User;
use crate::harness::socket::Client;

const REQUEST: &str = "game:leaderboard:request";

#[tokio::test]
async fn a_ranking_goes_to_whoever_asked_and_to_nobody_else() {
    let mut stage = Stage::set().await;
    let (mut one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    let request = json!([{"roomId": stage.room}]);
    let rankings = json!([{"roomId": stage.room, "rankings": [ranked("p1", 0, 1, 0, 0), ranked("p2", 0, 1, 0, 0)]}]);
    for client in [&mut one, &mut stage.desk] {
        client.emit(REQUEST, request.clone()).await;
        client.hears("game:leaderboard:update", rankings.clone()).await;
        let (heard, ack) = client.ask_and_hear(REQUEST, request.clone()).await;
        is(ack.clone(), rankings.clone());
        assert!(heard.contains(&("game:leaderboard:update".to_owned(), ack)), "{heard:?}");
    }
    other.is_silent().await;
    let mut stranger = guest(&stage.hub).await;
    let account = User::register(stage.hub.url("quiz"), "other").await;
    for client in [&mut stranger, &mut connect(&account).await] {
        client.is_refused(REQUEST, request.clone(), "forbidden", "Join the room first").await;
        client.is_refused(REQUEST, json!([{"roomId": NO_ROOM}]), "not_found", "Room not found").await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn equal_scores_share_a_rank_the_next_is_skipped_and_the_earlier_comes_first() {
    let mut stage = Stage::set().await;
    let (mut a, mut b) = (stage.player("a").await, stage.player("b").await);
    let (mut c, mut d) = (stage.player("c").await, stage.player("d").await);
    stage.start(0, 60_000).await;
    // The last to join is the first to be right.
    stage.answers(&mut d, "d", 0, json!(0)).await;
    later_than_now().await;
    stage.answers(&mut c, "c", 0, json!(0)).await;
    stage.answers(&mut b, "b", 0, json!(1)).await;
    stage.next(1).await;
    stage.answers(&mut b, "b", 1, json!(1)).await;
    let expected = [ranked("d", 1, 1, 1, 1), ranked("c", 1, 1, 1, 1), ranked("a", 0, 3, 0, 0), ranked("b", 0, 3, 0, 2)];
    assert_eq!(stage.rankings().await, json!(expected));
    later_than_now().await;
    stage.answers(&mut a, "a", 1, json!(0)).await;
    stage.answers(&mut d, "d", 1, json!(0)).await;
    let expected = [ranked("d", 2, 1, 2, 2), ranked("c", 1, 2, 1, 1), ranked("a", 1, 2, 1, 1), ranked("b", 0, 4, 0, 2)];
    assert_eq!(stage.rankings().await, json!(expected));
    stage.hub.stop().await;
}

/// Gives all questions of a quiz these points and seconds.
async fn worth(stage: &Stage, points: u32, answering_time: u32) {
    for question in &stage.quiz.questions {
        let path = format!("/quiz/{}/questions/{}", stage.quiz.id, question.id);
        let changed = stage.host.call("PUT", &path, &json!({"points": points, "answering_time": answering_time})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
    }
}

/// Opens another game of the stage's quiz, which it reads as it is now.
async fn again(stage: &mut Stage, mut game: Value) {
    game["quizSetId"] = json!(stage.quiz.id);
    let create = json!([{"hostId": stage.host.id, "title": "T", "settings": game}]);
    let created = stage.desk.ask("game:host:create", create).await;
    let text = |key: &str| created[0][key].as_str().expect("a text").to_owned();
    (stage.room, stage.code) = (text("roomId"), text("code"));
}

/// Goes on to a question and answers it; returns how long that took by the hub's own clock.
async fn answer(stage: &mut Stage, player: &mut Client, at: usize, answer: Value) -> i64 {
    let next = json!([{"roomId": stage.room, "nextQuestionId": stage.question(at).id}]);
    stage.desk.ask("game:flow:next", next).await;
    let opened_at = ms(&stage.flow().await["question_start_time"]);
    let ack = player.ask("game:answer:submit", stage.submission("p1", at, answer)).await;
    ms(&ack[0]["submittedAt"]) - opened_at
}

fn ms(time: &Value) -> i64 {
    Timestamp::parse_iso(time.as_str().unwrap_or_else(|| panic!("no time: {time}"))).expect("ISO 8601").0
}

async fn score(stage: &mut Stage) -> i64 {
    stage.rankings().await[0]["score"].as_i64().expect("a number")
}

#[tokio::test]
async fn without_bonuses_an_answer_is_worth_its_points() {
    let mut stage = Stage::of(2, json!({}), &[]).await;
    worth(&stage, 7, 5).await;
    again(&mut stage, json!({})).await;
    let mut player = stage.player("p1").await;
    answer(&mut stage, &mut player, 0, json!(0)).await;
    answer(&mut stage, &mut player, 1, json!(0)).await;
    assert_eq!(score(&mut stage).await, 14);
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_time_bonus_falls_with_the_servers_own_measure() {
    let mut stage = Stage::of(1, json!({}), &[]).await;
    worth(&stage, 1000, 10).await;
    again(&mut stage, json!({"timeBonus": true})).await;
    let mut player = stage.player("p1").await;
    let taken_ms = answer(&mut stage, &mut player, 0, json!(0)).await;
    // A thousand points over ten thousand milliseconds.
    assert_eq!(score(&mut stage).await, rounded((10_000 - taken_ms).max(0), 10), "{taken_ms} ms");
    stage.hub.stop().await;
}

/// Returns `worth / parts`, rounded to the nearest; a half goes up.
fn rounded(worth: i64, parts: i64) -> i64 {
    (2 * worth + parts) / (2 * parts)
}

#[tokio::test]
async fn a_streak_adds_a_tenth_per_answer_up_to_a_half_until_one_is_wrong_or_missing() {
    let mut stage = Stage::of(10, json!({}), &[]).await;
    worth(&stage, 100, 30).await;
    again(&mut stage, json!({"streakBonus": true})).await;
    let mut player = stage.player("p1").await;
    let mut total = 0;
    for (at, worth) in [110, 120, 130, 140, 150, 150].into_iter().enumerate() {
        answer(&mut stage, &mut player, at, json!(0)).await;
        total += worth;
        assert_eq!(score(&mut stage).await, total, "question {at}");
    }
    answer(&mut stage, &mut player, 6, json!(1)).await;
    assert_eq!(score(&mut stage).await, total);
    answer(&mut stage, &mut player, 7, json!(0)).await;
    assert_eq!(score(&mut stage).await, total + 110);
    // Nobody answers the next one.
    let unanswered = json!([{"roomId": stage.room, "nextQuestionId": stage.question(8).id}]);
    stage.desk.ask("game:flow:next", unanswered).await;
    answer(&mut stage, &mut player, 9, json!(0)).await;
    assert_eq!(score(&mut stage).await, total + 220);
    assert_eq!(stage.rankings().await, json!([ranked("p1", u32::try_from(total).expect("small") + 220, 1, 8, 9)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn both_bonuses_are_multiplied_and_rounded_once() {
    let mut stage = Stage::of(2, json!({}), &[]).await;
    worth(&stage, 999, 60).await;
    again(&mut stage, json!({"timeBonus": true, "streakBonus": true})).await;
    let mut player = stage.player("p1").await;
    let mut total = 0;
    for (at, tenths) in [(0, 11), (1, 12)] {
        let taken_ms = answer(&mut stage, &mut player, at, json!(0)).await;
        total += rounded(999 * (60_000 - taken_ms) * tenths, 600_000);
        assert_eq!(score(&mut stage).await, total, "question {at} in {taken_ms} ms");
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_game_has_its_quizs_bonuses_unless_its_host_says_otherwise() {
    let mut stage = Stage::of(1, json!({}), &[]).await;
    worth(&stage, 100, 300).await;
    let play = json!({"play_settings": {"streak_bonus": true, "show_correct_answer": true}});
    assert_eq!(stage.host.call("PUT", &format!("/quiz/{}", stage.quiz.id), &play).await.status, 200);
    for (game, points, tells) in [(json!({}), 110, true), (json!({"streakBonus": false, "showCorrectAnswer": false}), 100, false)]
    {
        again(&mut stage, game).await;
        let mut player = stage.player("p1").await;
        answer(&mut stage, &mut player, 0, json!(0)).await;
        assert_eq!(score(&mut stage).await, points);
        let ended = stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
        let mut expected = json!({"roomId": stage.room, "questionId": stage.question(0).id});
        if tells {
            expected["correctAnswerIds"] = json!([stage.question(0).answers[0]]);
        }
        is(ended, json!([expected]));
    }
    stage.hub.stop().await;
}
