//! Keys that nobody declared, with the key that was probably meant.

use super::reader::Key;
use super::source::{Raw, Source, variable_of};

/// Lists every unknown key as a mistake.
pub(super) fn find(source: &Source, keys: &[Key]) -> Vec<String> {
    let is_known = |name: &str| keys.iter().any(|key| key.name == name);
    let unknown = source.iter().filter(|(name, _)| !is_known(name));
    unknown.map(|(name, raw)| mistake(name, raw, nearest(name, keys))).collect()
}

fn mistake(name: &str, raw: &Raw, meant: Option<&str>) -> String {
    let (noun, name, meant) = match raw {
        Raw::File(_) => ("key", name.to_owned(), meant.map(str::to_owned)),
        Raw::Variable(_) => ("environment variable", variable_of(name), meant.map(variable_of)),
    };
    match meant {
        Some(meant) => format!("unknown {noun} `{name}`; did you mean `{meant}`?"),
        None => format!("unknown {noun} `{name}`"),
    }
}

/// Finds the declared key that is spelt most alike; one underscore for two between section and key costs nothing.
fn nearest<'k>(name: &str, keys: &'k [Key]) -> Option<&'k str> {
    let flat = |name: &str| name.replace('.', "_");
    let distances = keys.iter().map(|key| (edits(&flat(name), &flat(&key.name)), key.name.as_str()));
    let (distance, nearest) = distances.min()?;
    (distance <= name.len() / 4).then_some(nearest)
}

/// Counts the letters to insert, remove or change (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((cell, left_of_cell), other_letter) in row.iter().skip(1).zip(&row).zip(&other) {
            let changed = left_of_cell + usize::from(letter != *other_letter);
            let inserted = next.last().map_or(changed, |last| last + 1);
            next.push(changed.min(inserted).min(cell + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("same", "same"), 0);
    }
}
