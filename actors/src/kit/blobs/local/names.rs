//! How a key becomes a path: segments become directories, and the last one a file whose name no directory has.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::kit::blobs::Key;

/// Ends the name of every file, so that `a` and `a/b` can both be keys. It is not in any encoded name.
const FILE_MARK: char = '~';

/// Returns where the blob of a key is kept.
pub(super) fn path(root: &Path, key: &Key) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(key.as_str().split('/').map(encode));
    let mut path = path.into_os_string();
    path.push(FILE_MARK.to_string());
    path.into()
}

/// Writes a segment with characters that every file system takes. A dot at the beginning is encoded, so that no segment is hidden,
/// and upper case is not folded.
fn encode(segment: &str) -> String {
    let mut name = String::with_capacity(segment.len());
    for (at, byte) in segment.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || (byte == b'.' && at > 0);
        if is_plain {
            name.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(name, "%{byte:02x}");
        }
    }
    name
}

fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(others.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = others.get(2..)?;
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns all keys that begin with `prefix`, in no order. Only directories that can have some are looked at.
pub(super) fn keys(root: &Path, prefix: &str) -> io::Result<Vec<Key>> {
    let mut keys = Vec::new();
    collect(root, "", prefix, &mut keys)?;
    Ok(keys)
}

fn collect(directory: &Path, above: &str, prefix: &str, keys: &mut Vec<Key>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // What is not ours, or not finished, has no name of ours.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        match name.strip_suffix(FILE_MARK) {
            Some(name) => {
                let key = decode(name).map(|segment| format!("{above}{segment}")).and_then(|text| Key::parse(text).ok());
                keys.extend(key.filter(|key| key.as_str().starts_with(prefix)));
            }
            None => {
                let Some(segment) = decode(name) else { continue };
                let above = format!("{above}{segment}/");
                let can_match = above.starts_with(prefix) || prefix.starts_with(&above);
                if can_match && entry.file_type()?.is_dir() {
                    collect(&entry.path(), &above, prefix, keys)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were() {
        for segment in ["a", "A", "..a", ".a", "a.b", "%", "%2e", "~", "a~", "ü", "日本", "a b", "\"'$`;|&"] {
            assert_eq!(decode(&encode(segment)).as_deref(), Some(segment));
        }
    }

    #[test]
    fn no_name_is_hidden_or_has_a_mark() {
        let root = Path::new("root");
        let check = |key: &str, expected: &str| {
            assert_eq!(path(root, &Key::parse(key).expect("a key")), Path::new(expected), "{key}");
        };

        check("a/b.txt", "root/a/b.txt~");
        check(".incoming/0", "root/%2eincoming/0~");
        check("a~/...", "root/a%7e/%2e..~");
        check("ä", "root/%c3%a4~");
    }

    #[test]
    fn the_longest_segment_fits_a_file_system() {
        assert!(encode(&"\u{fe}".repeat(40)).len() <= 240);
    }
}
