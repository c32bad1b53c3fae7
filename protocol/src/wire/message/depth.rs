//! Nesting depth of JSON text, before anything is parsed.

/// Returns whether arrays and objects in `json` lie at most `max_depth` deep in one another. Text that is not JSON gets
/// some answer; the parser refuses it later.
pub(super) fn is_within(json: &str, max_depth: usize) -> bool {
    count_openers(json.as_bytes()) <= max_depth || deepest(json.as_bytes()) <= max_depth
}

/// Counts opening brackets, those in strings too. Most texts have so few that nothing else need be looked at, and this
/// loop runs at many bytes per cycle.
fn count_openers(json: &[u8]) -> usize {
    // A byte counts to 255, so each chunk's sum fits one.
    json.chunks(255).map(|chunk| usize::from(chunk.iter().map(|&byte| u8::from(matches!(byte, b'[' | b'{'))).sum::<u8>())).sum()
}

fn deepest(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Moves behind the string whose opening quote has been taken.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(deepest(br#"["[[[[\"[[[[",{"a":[1]},[]]"#), 3);
        assert!(is_within(&format!(r#"["{}"]"#, "[".repeat(1000)), 1));
    }

    #[test]
    fn siblings_do_not_nest() {
        assert!(is_within(&format!("[{}[]]", "[],".repeat(1000)), 2));
        assert!(!is_within(&format!("[{}[]]", "[],".repeat(1000)), 1));
    }

    #[test]
    fn one_level_too_many_is_seen() {
        let json = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_within(&json(64), 64));
        assert!(!is_within(&json(65), 64));
        assert!(!is_within(&"[".repeat(100_000), 64));
    }
}
