//! Half characters in JSON. A JavaScript string cut inside an emoji ends in a lone surrogate, which JSON writes as an escape
//! and a Rust string cannot hold. Such text is passed on as it is; where it has to be read, the half becomes U+FFFD.

use serde::de::DeserializeOwned;

/// Reads a type from JSON, half characters replaced.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(json).or_else(|error| match repaired(json) {
        Some(repaired) => serde_json::from_str(&repaired),
        None => Err(error),
    })
}

/// Returns JSON without its lone surrogates; `None` when it has none.
pub(super) fn repaired(json: &str) -> Option<String> {
    let mut repaired = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(offset) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + offset;
        match (code_unit(json, escape), code_unit(json, escape + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at = escape + 12,
            (Some(0xd800..=0xdfff), _) => {
                repaired.push_str(json.get(copied..escape)?);
                repaired.push_str("\\ufffd");
                at = escape + 6;
                copied = at;
            }
            _ => at = escape + 2,
        }
    }
    if copied == 0 {
        return None;
    }
    repaired.push_str(json.get(copied..)?);
    Some(repaired)
}

/// Returns the code unit of the `\u` escape at that place, if there is one.
fn code_unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        let check = |json: &str, expected: Option<&str>| assert_eq!(repaired(json).as_deref(), expected, "{json}");
        check(r#""\ud83d""#, Some(r#""\ufffd""#));
        check(r#""a\uDE00\ud83dz\ud83d\ude00""#, Some(r#""a\ufffd\ufffdz\ud83d\ude00""#));
        check(r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#));
        check(r#""\ud83d\n""#, Some(r#""\ufffd\n""#));
        check(r#""\ud83d\ude00""#, None);
        check(r#""\\ud83d""#, None);
        check(r#""\ud8"#, None);
        check("\\€", None);
        check("plain", None);
    }

    #[test]
    fn a_cut_text_can_be_read() {
        assert_eq!(from_json::<String>(r#""cut \ud83d""#).ok().as_deref(), Some("cut \u{fffd}"));
        assert!(from_json::<String>("1").is_err());
    }
}
