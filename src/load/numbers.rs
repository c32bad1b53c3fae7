//! Numbers as people read them: thousands apart, as many places as mean something, plurals.

/// Writes a count with its thousands apart: `1,234,567`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a measured value: whole from 100 on, with three significant digits below.
pub(super) fn value(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    if size >= 100.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(whole(size)));
    }
    if value == value.trunc() {
        return format!("{value:.0}");
    }
    match size {
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Rounds a finite value that is not negative to the next whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, which is all that is needed")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Writes a word as it stands behind `how_many`: `1 delivery`, `2 deliveries`.
pub(super) fn plural(word: &str, how_many: u64) -> String {
    if how_many == 1 {
        return word.to_owned();
    }
    match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with('o') => format!("{word}es"),
        None => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (100_000, "100,000")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_value_has_the_places_that_mean_something() {
        let cases = [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.5, "1.50"),
            (12.34, "12.3"),
            (2.0, "2"),
            (99.96, "100.0"),
            (1234.5, "1,235"),
            (-1234.4, "-1,234"),
            (f64::NAN, "–"),
        ];
        for (number, text) in cases {
            assert_eq!(value(number), text);
        }
    }

    #[test]
    fn every_unit_has_its_plural() {
        for (word, plurals) in [("echo", "echoes"), ("delivery", "deliveries"), ("frame", "frames"), ("decision", "decisions")] {
            assert_eq!((plural(word, 1).as_str(), plural(word, 2).as_str()), (word, plurals));
        }
    }
}
