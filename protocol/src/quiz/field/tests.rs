//! Scalars as they come, and what the contract makes of them.

use super::*;

fn field(json: &str) -> Field {
    serde_json::from_str(json).expect("any value reads")
}

fn outcome<T: fmt::Display>(read: Result<T, Fault>) -> String {
    read.map_or_else(|fault| fault.message, |value| value.to_string())
}

#[test]
fn every_json_value_is_a_field() {
    let check = |json: &str, expected: Field| assert_eq!(field(json), expected, "{json}");
    check("null", Field::Null);
    check("true", Field::Bool(true));
    check("7", Field::Number(7.0));
    check("-7", Field::Number(-7.0));
    check("7.5", Field::Number(7.5));
    check(r#""a\nb""#, Field::Text("a\nb".to_owned()));
    check(r#"[1,{"a":[]}]"#, Field::Other);
    check(r#"{"a":[{}]}"#, Field::Other);
}

#[test]
fn a_field_survives_its_own_json() {
    for json in ["null", "true", "7", "-7.5", r#""text""#, "[]"] {
        assert_eq!(serde_json::to_string(&field(json)).expect("serialises"), json);
    }
}

#[test]
fn texts_are_counted_in_utf16_units() {
    let check = |json: &str, expected: &str| assert_eq!(outcome(field(json).text("name", 1, 2)), expected, "{json}");
    check(r#""ab""#, "ab");
    check(r#""abc""#, "name must have 1 to 2 characters");
    check(r#""""#, "name must have 1 to 2 characters");
    check(r#""🥽""#, "🥽");
    check(r#""🥽a""#, "name must have 1 to 2 characters");
    check("null", "name is required");
    check("1", "name must be a string");
    check("[]", "name must be a string");
    assert_eq!(outcome(field(r#""  ab ""#).trimmed("name", 1, 2)), "ab");
    assert_eq!(outcome(field(r#""   ""#).trimmed("name", 1, 2)), "name must have 1 to 2 characters");
}

#[test]
fn integers_are_whole_numbers_in_their_range() {
    let check = |json: &str, expected: &str| assert_eq!(outcome(field(json).integer("n", 1, 3)), expected, "{json}");
    check("1", "1");
    check("3.0", "3");
    check("0", "n must be an integer from 1 to 3");
    check("4", "n must be an integer from 1 to 3");
    check("1.5", "n must be an integer from 1 to 3");
    check(r#""2""#, "n must be an integer from 1 to 3");
    check("1e300", "n must be an integer from 1 to 3");
    check("null", "n is required");
}

#[test]
fn truth_values_are_no_words() {
    assert_eq!(outcome(field("true").boolean("b")), "true");
    assert_eq!(outcome(field(r#""true""#).boolean("b")), "b must be a boolean");
    assert_eq!(outcome(Field::Absent.boolean("b")), "b is required");
}

#[test]
fn numbers_are_written_as_javascript_writes_them() {
    let check = |number: f64, expected: &str| assert_eq!(number_text(number), expected);
    check(0.0, "0");
    check(-0.0, "0");
    check(2.0, "2");
    check(-2.5, "-2.5");
    check(0.1, "0.1");
    check(0.000_001, "0.000001");
    check(0.000_000_1, "1e-7");
    check(1e20, "100000000000000000000");
    check(1e21, "1e+21");
    check(1.5e300, "1.5e+300");
}

#[test]
fn numbers_of_the_query_are_digits_in_their_range() {
    let check = |text: &str, expected: &str| {
        let sent = Field::Text(text.to_owned());
        assert_eq!(outcome(sent.query_integer("limit", 1, 100, 10)), expected, "{text}");
    };
    let wrong = "limit must be an integer from 1 to 100";
    check("1", "1");
    check("100", "100");
    check("0", wrong);
    check("101", wrong);
    for text in ["", "-1", "+1", "1.0", " 1", "ten", "99999999999"] {
        check(text, wrong);
    }
    assert_eq!(outcome(Field::Absent.query_integer("limit", 1, 100, 10)), "10");
}

#[test]
fn pictures_are_on_the_web() {
    let check = |text: &str, is_url: bool| assert_eq!(Field::Text(text.to_owned()).url("image_url").is_ok(), is_url, "{text}");
    check("https://example.com/a.png", true);
    check("http://localhost:8080/a?b#c", true);
    let long = |length: usize| format!("https://e.com/{}", "a".repeat(length - 14));
    check(&long(2048), true);
    check(&long(2049), false);
    for text in [
        "",
        "example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://a b",
        "data:image/png,",
    ] {
        check(text, false);
    }
}

#[test]
fn a_word_is_one_of_a_list() {
    let words = [("easy", 1), ("hard", 2)];
    assert_eq!(outcome(field(r#""hard""#).word("level", &words)), "2");
    assert_eq!(outcome(field(r#""Hard""#).word("level", &words)), "level must be one of easy, hard");
    assert_eq!(outcome(field("1").word("level", &words)), "level must be one of easy, hard");
    assert_eq!(outcome(field("null").word("level", &words)), "level is required");
}

#[test]
fn null_is_a_change_and_no_option() {
    let truth = |field: &Field| field.boolean("b");
    assert_eq!(field("null").optional(truth), Ok(None));
    assert!(field("null").change(truth).is_err());
    assert_eq!(Field::Absent.change(truth), Ok(None));
    assert_eq!(field("true").change(truth), Ok(Some(true)));
}
