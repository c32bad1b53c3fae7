use super::*;

#[test]
fn answers_count_under_what_was_submitted() {
    let mut scene = Scene::with(&["ann", "bob", "cem", "dan"]);
    scene.start("q1", 30_000).unwrap();
    let green = choice(1, 1).to_string();
    scene.submit("ann", "ann", "q1", &green).unwrap();
    scene.submit("bob", "bob", "q1", "1").unwrap();
    scene.submit("cem", "cem", "q1", "Green").unwrap();
    scene.submit("dan", "dan", "q1", "Violet").unwrap();
    let expected = [(green.as_str(), 1), ("1", 1), ("Green", 1), ("Violet", 1)];
    assert_eq!(scene.counts(), expected.map(|(answer, count)| (answer.to_owned(), count)));
    assert_eq!(["ann", "bob", "cem", "dan"].map(|player| scene.score(player)), [10, 10, 10, 0]);
}

#[test]
fn only_the_first_answer_of_a_player_counts() {
    let mut scene = Scene::with(&["ann", "bob"]);
    scene.start("q1", 30_000).unwrap();
    scene.submit("ann", "ann", "q1", "0").unwrap();
    assert_eq!(scene.submit("ann", "ann", "q1", "1"), Err(Refusal::AlreadyAnswered));
    scene.drop("ann");
    scene.join("ann2", "ann").unwrap();
    assert_eq!(scene.submit("ann2", "ann", "q1", "1"), Err(Refusal::AlreadyAnswered));
    scene.leave("ann2", "ann").unwrap();
    scene.join("ann3", "ann").unwrap();
    assert_eq!(scene.submit("ann3", "ann", "q1", "1"), Err(Refusal::AlreadyAnswered));
    scene.start("q1", 30_000).unwrap();
    assert_eq!(scene.submit("ann3", "ann", "q1", "1"), Err(Refusal::AlreadyAnswered));
    assert_eq!(scene.counts(), [("0".to_owned(), 1)]);
}

#[test]
fn late_answers_and_answers_to_other_questions_are_refused() {
    let mut scene = Scene::with(&["ann", "bob"]);
    assert_eq!(scene.submit("ann", "ann", "q1", "1"), Err(Refusal::Closed));
    scene.start("q1", 30_000).unwrap();
    assert_eq!(scene.submit("ann", "ann", "q2", "1"), Err(Refusal::Closed));
    scene.now = NOON.plus(31_000);
    scene.submit("ann", "ann", "q1", "1").unwrap();
    scene.now = NOON.plus(31_001);
    assert_eq!(scene.submit("bob", "bob", "q1", "1"), Err(Refusal::Closed));
    scene.start("q2", 30_000).unwrap();
    let closed = scene.state.close(host(), scene.now);
    scene.note(closed).unwrap();
    assert_eq!(scene.submit("bob", "bob", "q2", "1"), Err(Refusal::Closed));
}

#[test]
fn an_answer_comes_from_the_players_own_socket() {
    let mut scene = Scene::with(&["ann", "bob"]);
    scene.start("q1", 30_000).unwrap();
    assert_eq!(scene.submit("bob", "ann", "q1", "1"), Err(Refusal::NotYours));
    assert_eq!(scene.submit("eve", "eve", "q1", "1"), Err(Refusal::NotInRoom));
    scene.drop("ann");
    assert_eq!(scene.submit("ann", "ann", "q1", "1"), Err(Refusal::NotYours));
    assert_eq!(scene.counts(), []);
}

#[test]
fn bonuses_follow_time_and_streak() {
    let mut game = game();
    game.settings.bonuses = Bonuses { time: true, streak: true };
    let mut scene = Scene::of(game);
    scene.join("ann", "ann").unwrap();
    scene.next("q1").unwrap();
    scene.now = scene.now.plus(15_000);
    scene.submit("ann", "ann", "q1", "1").unwrap();
    assert_eq!(scene.score("ann"), 6, "10 x 0.5 x 1.1 = 5.5");
    scene.next("q2").unwrap();
    scene.submit("ann", "ann", "q2", "1").unwrap();
    assert_eq!(scene.score("ann"), 6 + 120);
}

#[test]
fn a_question_without_answer_ends_a_streak_and_an_unknown_one_does_not() {
    let mut game = game();
    game.settings.bonuses.streak = true;
    let mut scene = Scene::of(game);
    scene.join("ann", "ann").unwrap();
    scene.join("bob", "bob").unwrap();
    scene.next("q1").unwrap();
    scene.submit("ann", "ann", "q1", "1").unwrap();
    scene.submit("bob", "bob", "q1", "1").unwrap();
    scene.next("warm-up").unwrap();
    scene.submit("ann", "ann", "warm-up", "anything").unwrap();
    scene.next("q2").unwrap();
    scene.submit("ann", "ann", "q2", "1").unwrap();
    scene.next("q3").unwrap();
    scene.submit("bob", "bob", "q3", "1").unwrap();
    assert_eq!([scene.score("ann"), scene.score("bob")], [11 + 120, 11 + 1]);
    let ann = scene.state.players().find("ann").unwrap().1;
    assert_eq!([ann.correct, ann.answers], [2, 3]);
}

#[test]
fn equal_scores_share_a_rank_and_the_earlier_one_comes_first() {
    let mut scene = Scene::with(&["ann", "bob", "cem", "dan", "eve"]);
    scene.start("q1", 30_000).unwrap();
    for player in ["cem", "bob", "eve"] {
        scene.now = scene.now.plus(1);
        scene.submit(player, player, "q1", "1").unwrap();
    }
    scene.start("q2", 30_000).unwrap();
    scene.submit("eve", "eve", "q2", "1").unwrap();
    scene.leave("dan", "dan").unwrap();
    let ranking: Vec<_> = scene.state.ranking().iter().map(|ranked| (ranked.rank, ranked.player.id.to_string())).collect();
    assert_eq!(ranking, [(1, "eve"), (2, "cem"), (2, "bob"), (4, "ann")].map(|(rank, id)| (rank, id.to_owned())));
}

#[test]
fn whoever_writes_his_own_texts_does_not_make_the_tally_endless() {
    let mut game = game();
    game.settings.max_players = 2000;
    let mut scene = Scene::of(game);
    scene.start("free", 30_000).unwrap();
    for number in 0..1001 {
        let player = format!("p{number}");
        let socket = socket(&player);
        let by = By { user: None, socket: Some(&socket) };
        scene.state.join(by, &player_id(&player), "P", 2000, NOON).unwrap();
        let accepted = scene.state.submit(by, &player, &asked("free"), &player, NOON);
        assert_eq!(accepted.is_ok(), number < 1000, "{number}");
        if number == 1000 {
            scene.submit(&player, &player, "free", "p7").unwrap();
        }
    }
    assert_eq!(scene.state.current().unwrap().1.tally.total(), 1001);
}
