//! The source tree as tests look at it: files, their code without comments and strings, and the part that ships.

use std::path::{Path, PathBuf};

/// One file of Rust.
pub struct File {
    /// Its path from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Returns a file of the repository, empty if there is none.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Says whether the repository has such a file or directory.
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Returns every Rust file below `folder`, or the file itself, sorted by path.
pub fn rust_files(folder: &str) -> Vec<File> {
    let is_rust = |path: &String| path.ends_with(".rs");
    paths(folder).into_iter().filter(is_rust).map(|path| File { text: read(&path), path }).collect()
}

/// Returns the paths of all files below `folder`, or of the file itself, sorted; what tools leave behind is passed over.
pub fn paths(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    let relative = |path: PathBuf| path.strip_prefix(root()).ok().map(|path| path.display().to_string());
    let mut paths: Vec<String> = found.into_iter().filter_map(relative).collect();
    paths.sort();
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    const PASSED_OVER: [&str; 8] = ["target", "node_modules", "corpus", "artifacts", "coverage", "data", "__pycache__", "venv"];
    if path.is_file() {
        return found.push(path.to_owned());
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_hidden = name.starts_with('.') && name != ".ci" && name != ".gitignore";
        if !is_hidden && !PASSED_OVER.contains(&name.as_str()) {
            collect(&entry.path(), found);
        }
    }
}

impl File {
    /// Returns the text with comments, strings and characters blanked; lines stay where they are.
    pub fn code(&self) -> String {
        blank(&self.text, Blank::CommentsAndStrings)
    }

    /// Returns the text with comments blanked.
    pub fn without_comments(&self) -> String {
        blank(&self.text, Blank::Comments)
    }
}

/// Returns what ships of `files`: no test modules, in files of their own or inside a file.
pub fn shipped(files: Vec<File>) -> Vec<File> {
    let mut test_files = Vec::new();
    for file in &files {
        for module in test_modules(&file.code()) {
            test_files.extend(places(&file.path, &module));
        }
    }
    let is_shipped =
        |file: &File| !test_files.iter().any(|place| file.path == *place || file.path.starts_with(&format!("{place}/")));
    files.into_iter().filter(is_shipped).map(without_test_modules).collect()
}

/// Names of modules declared as `#[cfg(test)] mod name;`.
fn test_modules(code: &str) -> Vec<String> {
    let declared = code.split("#[cfg(test)]").skip(1).filter_map(|after| {
        let after = after.trim_start();
        after.strip_prefix("pub(crate) ").unwrap_or(after).strip_prefix("mod ")
    });
    declared
        .filter_map(|after| after.split_once(';'))
        .filter(|(name, _)| is_name(name))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_alphanumeric() || one == '_')
}

/// Where a module declared in `path` may lie: a file, or a folder.
fn places(path: &str, module: &str) -> [String; 2] {
    let folder = match path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix("/lib.rs")) {
        Some(folder) => folder,
        None => path.trim_end_matches(".rs"),
    };
    [format!("{folder}/{module}.rs"), format!("{folder}/{module}")]
}

/// Cuts a file off at its test module, which stands last.
fn without_test_modules(mut file: File) -> File {
    let code = file.code();
    let inline = code.match_indices("#[cfg(test)]").find(|(at, mark)| {
        let after = code.get(at + mark.len()..).unwrap_or_default().trim_start();
        after.starts_with("mod ") && after.split_once('{').is_some_and(|(head, _)| !head.contains(';'))
    });
    // Blanking keeps every byte in its place, so the position is the same in the text.
    if let Some((at, _)) = inline {
        file.text.truncate(at);
    }
    file
}

/// Returns the lines (from 1) on which `word` stands as a whole name.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let is_part = |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
    let is_whole = |(at, _): &(usize, &str)| {
        let (before, after) = (code.get(..*at).unwrap_or_default(), code.get(at + word.len()..).unwrap_or_default());
        let (starts, ends) = (word.chars().next(), word.chars().next_back());
        let continues_before = is_part(starts) && is_part(before.chars().next_back());
        let continues_after = is_part(ends) && is_part(after.chars().next());
        !continues_before && !continues_after
    };
    code.match_indices(word).filter(is_whole).map(|(at, _)| line_of(code, at)).collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

#[derive(Clone, Copy, PartialEq)]
enum Blank {
    Comments,
    CommentsAndStrings,
}

/// Replaces every byte of what is blanked by a space, line ends excepted.
fn blank(text: &str, what: Blank) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let (length, is_blanked) = match token(rest) {
            Token::Comment(length) => (length, true),
            Token::Text(length) => (length, what == Blank::CommentsAndStrings),
            Token::Code(length) => (length, false),
        };
        if is_blanked {
            out.iter_mut().skip(at).take(length).filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a text begins with, and how many bytes of it.
enum Token {
    Comment(usize),
    Text(usize),
    Code(usize),
}

fn token(text: &str) -> Token {
    let to = |end: Option<usize>| end.unwrap_or(text.len());
    if text.starts_with("//") {
        return Token::Comment(to(text.find('\n')));
    }
    if text.starts_with("/*") {
        return Token::Comment(to(text.find("*/").map(|end| end + 2)));
    }
    if let Some(length) = raw_string(text) {
        return Token::Text(length);
    }
    if text.starts_with('"') {
        return Token::Text(quoted(text, '"'));
    }
    if is_character(text) {
        return Token::Text(quoted(text, '\''));
    }
    // A whole name at once, so that the `r` of `for "x"` is not taken for the mark of a raw string.
    let name = text.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(text.len());
    Token::Code(name.max(text.chars().next().map_or(1, char::len_utf8)))
}

/// Returns the length of a raw string: `r"…"`, `r#"…"#`, `br"…"`.
fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let inside = body.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inside.find(&close)? + close.len();
    Some(text.len() - inside.len() + end)
}

/// Tells `'a'` from the lifetime `'a`.
fn is_character(text: &str) -> bool {
    let mut rest = text.chars();
    let (quote, first, second) = (rest.next(), rest.next(), rest.next());
    quote == Some('\'') && (first == Some('\\') || second == Some('\''))
}

/// Returns the length of a text in quotes, escapes considered.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if one == quote => return at + one.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "src/a.rs".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn comments_and_strings_are_told_from_code() {
        let text = "let a = \"x // y\"; // sled\nlet b: &'static str = r#\"sled\"#; let c = '\"'; /* sled */ sled::open()";
        let code = file(text).code();
        assert_eq!(code.len(), text.len());
        assert_eq!(lines_with(&code, "sled"), [2]);
        assert_eq!(lines_with(&code, "static"), [2]);
        assert_eq!(lines_with(&file(text).without_comments(), "sled"), [2, 2]);
        assert!(lines_with("sledge my_sled", "sled").is_empty());
    }

    #[test]
    fn what_ships_has_no_test_modules() {
        let files = vec![
            file("fn a() {}\n#[cfg(test)]\nmod harness;\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n"),
            File { path: "src/a/harness.rs".to_owned(), text: "fn c() {}".to_owned() },
        ];
        let shipped = shipped(files);
        let texts: Vec<&str> = shipped.iter().map(|file| file.text.as_str()).collect();
        assert_eq!(texts, ["fn a() {}\n#[cfg(test)]\nmod harness;\n"]);
    }
}
