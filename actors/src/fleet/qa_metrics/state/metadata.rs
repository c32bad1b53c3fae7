//! What a session's metadata says that the marks depend on.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::Date;

use super::date;

/// How many days the metadata's date may be from the folder's: a headset and a server may be in different time zones.
const DAYS_APART: i64 = 1;

/// The parts of the metadata that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metadata {
    is_readable: bool,
    /// Whether there is a date, and none that can be read.
    is_date_wrong: bool,
    /// The day of the capture: `2026-02-06`.
    pub(super) capture_date: Option<String>,
    pub(super) total_frames: Option<u64>,
}

#[derive(Deserialize)]
struct Json<'a> {
    #[serde(borrow)]
    capture_date: Option<&'a RawValue>,
    #[serde(borrow)]
    total_frames: Option<&'a RawValue>,
}

impl Metadata {
    /// Reads a JSON object. A text that is none makes metadata that is not readable.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Json<'_>>(text) else { return Self::default() };
        let date = json.capture_date.map(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let day = date.clone().flatten().and_then(|text| read_day(&text));
        Self {
            is_readable: true,
            is_date_wrong: date.is_some() && day.is_none(),
            capture_date: day.map(|day| day.to_string()),
            total_frames: json.total_frames.and_then(|raw| serde_json::from_str(raw.get()).ok()),
        }
    }

    /// Returns whether it was a JSON object.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.is_readable
    }

    /// Returns whether its date, if it has one, can be that of a folder of this day.
    pub(super) fn agrees_with(&self, folder: Date) -> bool {
        let days_apart = self.capture_date.as_deref().and_then(read_day).map_or(0, |day| (day - folder).whole_days().abs());
        !self.is_date_wrong && days_apart <= DAYS_APART
    }
}

/// Reads the day at the beginning of an ISO 8601 text.
fn read_day(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked("2026-02-06".len())?;
    let is_end = rest.is_empty() || rest.starts_with(['T', ' ']);
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_form = year.len() == 4 && month.len() == 2 && day.len() == 2;
    let is_digits = [year, month, day].iter().all(|number| number.bytes().all(|one| one.is_ascii_digit()));
    if is_end && is_form && is_digits { date(year, month, day) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_beginning_of_an_iso_text() {
        let check = |text: &str, expected: Option<&str>| {
            let metadata = Metadata::read(text);
            assert_eq!((metadata.capture_date.as_deref(), metadata.is_readable), (expected, true), "{text}");
            metadata.is_date_wrong
        };
        assert!(!check(r#"{"capture_date":"2026-02-06"}"#, Some("2026-02-06")));
        assert!(!check(r#"{"capture_date":"2026-02-06T14:30:52Z","success":true}"#, Some("2026-02-06")));
        assert!(!check(r#"{"capture_date":"2026-02-06 14:30:52"}"#, Some("2026-02-06")));
        assert!(!check("{}", None));
        assert!(!check(r#"{"capture_date":null}"#, None));
        for wrong in ["06.02.2026", "2026-02-30", "2026-02-061", "2026-2-006", "+026-02-06", "", "2026-02-0ä", "2026-02-06ä"] {
            assert!(check(&format!(r#"{{"capture_date":"{wrong}"}}"#), None), "{wrong}");
        }
        assert!(check(r#"{"capture_date":20260206}"#, None));
    }

    #[test]
    fn only_a_json_object_is_readable() {
        for text in ["", "{", "[]", "7", "\"text\"", "{'capture_date': '2026-02-06'}", "{\"capture_date\":\"\u{0}\"}"] {
            assert_eq!(Metadata::read(text), Metadata::default(), "{text}");
        }
    }

    #[test]
    fn frames_are_told_by_an_integer() {
        let check = |text: &str, expected| assert_eq!(Metadata::read(text).total_frames, expected, "{text}");
        check(r#"{"total_frames":7200}"#, Some(7200));
        check(r#"{"total_frames":-1}"#, None);
        check(r#"{"total_frames":"7200"}"#, None);
        check(r#"{"total_frames":1e400}"#, None);
    }

    #[test]
    fn a_date_may_be_a_day_from_the_folders() {
        let folder = date("2026", "03", "01").expect("a day");
        let check = |text: &str, expected| assert_eq!(Metadata::read(text).agrees_with(folder), expected, "{text}");
        check(r#"{"capture_date":"2026-03-01T23:59:59Z"}"#, true);
        check(r#"{"capture_date":"2026-02-28"}"#, true);
        check(r#"{"capture_date":"2026-03-02"}"#, true);
        check(r#"{"capture_date":"2026-03-03"}"#, false);
        check(r#"{"capture_date":"2025-03-01"}"#, false);
        check(r#"{"capture_date":"yesterday"}"#, false);
        check("{}", true);
        check("no JSON", true);
    }
}
