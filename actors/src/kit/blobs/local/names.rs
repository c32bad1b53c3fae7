//! How a key becomes a path: segments become directories, and the last one a file whose name no directory has.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::is_absence;
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

/// Visits the keys that begin with `prefix` and come after `after`, in the order of their bytes, until a visit returns false. Only
/// directories that can have some are looked at.
pub(super) fn walk(root: &Path, prefix: &str, after: Option<&Key>, visit: &mut dyn FnMut(Key) -> bool) -> io::Result<()> {
    let walk = Walk { prefix, after: after.map_or("", Key::as_str) };
    walk.directory(root, "", visit).map(|_| ())
}

struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
}

impl Walk<'_> {
    /// Returns whether there may be more visits.
    fn directory(&self, directory: &Path, above: &str, visit: &mut dyn FnMut(Key) -> bool) -> io::Result<bool> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            // Removed since, or a file that is not ours.
            Err(error) if is_absence(&error) => return Ok(true),
            Err(error) => return Err(error),
        };
        // A directory's text ends with the slash that all keys in it have there, so their order is that of the keys.
        let mut texts = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            texts.extend(name.to_str().and_then(|name| text_of(name, above)).filter(|text| self.can_have(text)));
        }
        texts.sort_unstable();
        for text in texts {
            let may_go_on = match text.strip_suffix('/') {
                Some(inner) => {
                    let name = inner.rsplit('/').next().unwrap_or(inner);
                    self.directory(&directory.join(encode(name)), &text, visit)?
                }
                None => Key::parse(text).map_or(true, &mut *visit),
            };
            if !may_go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a key is wanted, or a directory can have one.
    fn can_have(&self, text: &str) -> bool {
        let is_directory = text.ends_with('/');
        let fits = text.starts_with(self.prefix) || (is_directory && self.prefix.starts_with(text));
        let comes_after = text > self.after || (is_directory && self.after.starts_with(text));
        fits && comes_after
    }
}

/// Returns what a name in a directory stands for: a key, or what all keys in it begin with. Nothing for what is not ours, or not
/// finished.
fn text_of(name: &str, above: &str) -> Option<String> {
    if name.starts_with('.') {
        return None;
    }
    match name.strip_suffix(FILE_MARK) {
        Some(name) => Some(format!("{above}{}", decode(name)?)),
        None => Some(format!("{above}{}/", decode(name)?)),
    }
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
