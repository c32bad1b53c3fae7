//! Reading a key is declaring it: name, default, range and help text stand in the one call that reads it.
//!
//! The reader collects every declared key for `check-config`, and every mistake instead of stopping at the first.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use super::secret::Secret;
use super::source::{Raw, Source, variable_of};
use super::values::{Number, array, decimal, flag, is_site, list, number, quoted, shown, text};

/// A declared key, with the value that it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// `realtime.ping_interval_ms`.
    pub name: String,
    /// The default as a user would write it, or words in parentheses.
    pub default: String,
    /// Which values are allowed, in words.
    pub allowed: String,
    /// What the key does.
    pub help: &'static str,
    /// The value in force as TOML; `None` for an unset key and for every secret.
    pub effective: Option<String>,
    /// The value in force in words, where it is not shown.
    pub remark: &'static str,
}

/// Reads a source key by key.
#[derive(Debug)]
pub struct Reader<'s> {
    source: &'s Source,
    /// Every key that was declared, in order.
    pub keys: Vec<Key>,
    /// Every mistake that was found, in order.
    pub mistakes: Vec<String>,
}

impl<'s> Reader<'s> {
    /// Returns a reader that has not read anything.
    #[must_use]
    pub fn new(source: &'s Source) -> Self {
        Self { source, keys: Vec::new(), mistakes: Vec::new() }
    }

    /// Enters a section; an empty name means the top level.
    pub fn section(&mut self, name: &'static str) -> Section<'_, 's> {
        Section { reader: self, name }
    }
}

/// One section of the configuration while it is read.
#[derive(Debug)]
pub struct Section<'r, 's> {
    reader: &'r mut Reader<'s>,
    name: &'static str,
}

impl Section<'_, '_> {
    /// Reads a switch.
    pub fn flag(&mut self, key: &str, default: bool, help: &'static str) -> bool {
        let value = self.read(key, "true or false", flag).unwrap_or(default);
        self.declare(key, default.to_string(), "true or false", help, Some(value.to_string()));
        value
    }

    /// Reads a switch that follows another one until it is set.
    pub fn optional_flag(&mut self, key: &str, unset: &str, help: &'static str) -> Option<bool> {
        let value = self.read(key, "true or false", flag);
        self.declare(key, unset.to_owned(), "true or false", help, value.map(|value| value.to_string()));
        value
    }

    /// Reads a whole number.
    pub fn number<T: Number>(&mut self, key: &str, default: T, range: RangeInclusive<T>, help: &'static str) -> T {
        let value = self.optional_number(key, range, help);
        let value = value.unwrap_or(default);
        self.redeclare(default.to_string(), value.to_string());
        value
    }

    /// Reads a whole number that follows another key until it is set.
    pub fn optional_number<T: Number>(&mut self, key: &str, range: RangeInclusive<T>, help: &'static str) -> Option<T> {
        let allowed = format!("{} to {}", range.start(), range.end());
        let value = self.read(key, &format!("a whole number from {allowed}"), |raw| number(raw, &range));
        self.declare(key, "(not set)".to_owned(), &allowed, help, value.map(|value| value.to_string()));
        value
    }

    /// Reads a number with a fraction.
    pub fn decimal(&mut self, key: &str, default: f64, range: RangeInclusive<f64>, help: &'static str) -> f64 {
        let allowed = format!("{} to {}", range.start(), range.end());
        let value = self.read(key, &format!("a number from {allowed}"), |raw| decimal(raw, &range)).unwrap_or(default);
        self.declare(key, default.to_string(), &allowed, help, Some(value.to_string()));
        value
    }

    /// Reads one of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, words: &[(&'static str, T)], default: &'static str, help: &'static str) -> T {
        let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let given = self.read(key, &format!("one of {allowed}"), |raw| {
            let given = text(raw)?;
            words.iter().find(|(word, _)| *word == given).copied()
        });
        let fallback = words.iter().find(|(word, _)| *word == default).or(words.first()).copied();
        let (word, value) = given.or(fallback).expect("a choice has at least one word");
        self.declare(key, quoted(default), &allowed, help, Some(quoted(word)));
        value
    }

    /// Reads a value that is written as text.
    pub fn parsed<T: FromStr + Display>(&mut self, key: &str, default: T, allowed: &str, help: &'static str) -> T {
        let shown_default = quoted(&default.to_string());
        let value = self.read(key, allowed, |raw| text(raw)?.parse().ok()).unwrap_or(default);
        self.declare(key, shown_default, allowed, help, Some(quoted(&value.to_string())));
        value
    }

    /// Reads a path.
    pub fn path(&mut self, key: &str, default: &str, help: &'static str) -> PathBuf {
        let given = self.read(key, "a path", |raw| text(raw).filter(|path| !path.is_empty()));
        let path = given.unwrap_or_else(|| default.to_owned());
        self.declare(key, quoted(default), "a path", help, Some(quoted(&path)));
        PathBuf::from(path)
    }

    /// Reads a text for which a rule holds.
    pub fn text(
        &mut self,
        key: &str,
        default: &str,
        allowed: &str,
        is_right: impl Fn(&str) -> bool,
        help: &'static str,
    ) -> String {
        let value = self.optional_text(key, "", allowed, is_right, help).unwrap_or_else(|| default.to_owned());
        self.redeclare(quoted(default), quoted(&value));
        value
    }

    /// Reads a text for which a rule holds, and which may be left out.
    pub fn optional_text(
        &mut self,
        key: &str,
        unset: &str,
        allowed: &str,
        is_right: impl Fn(&str) -> bool,
        help: &'static str,
    ) -> Option<String> {
        let given = self.read(key, allowed, |raw| text(raw).filter(|given| is_right(given)));
        self.declare(key, unset.to_owned(), allowed, help, given.as_deref().map(quoted));
        given
    }

    /// Reads the address of a site, without its last slashes.
    pub fn optional_url(&mut self, key: &str, unset: &str, help: &'static str) -> Option<String> {
        let allowed = "a URL such as https://hub.example.com";
        let given = self.read(key, allowed, |raw| text(raw).filter(|url| is_site(url)));
        let url = given.map(|url| url.trim_end_matches('/').to_owned());
        self.declare(key, unset.to_owned(), allowed, help, url.as_deref().map(quoted));
        url
    }

    /// Reads a list: an array in the file, comma-separated in the environment. Each entry is checked on its own.
    pub fn list<T>(
        &mut self,
        key: &str,
        default: &[&str],
        allowed: &str,
        check: impl Fn(&str) -> Option<T>,
        help: &'static str,
    ) -> Vec<T> {
        let entries = self.read(key, &format!("a list of {allowed}"), list);
        let entries = entries.unwrap_or_else(|| default.iter().map(|entry| (*entry).to_owned()).collect());
        let mut values = Vec::with_capacity(entries.len());
        for entry in &entries {
            match check(entry) {
                Some(value) => values.push(value),
                None => self.mistake(key, &format!("a list of {allowed}"), &format!("`{entry}`")),
            }
        }
        let shown_default = array(default.iter().copied());
        self.declare(key, shown_default, &format!("list of {allowed}"), help, Some(array(entries.iter().map(String::as_str))));
        values
    }

    /// Reads a secret. Its value is shown nowhere, not even when it is refused.
    pub fn secret(&mut self, key: &str, unset: &str, min_length: usize, help: &'static str) -> Option<Secret> {
        let allowed = match min_length {
            0 => "text".to_owned(),
            1 => "text, not empty".to_owned(),
            length => format!("text of at least {length} characters"),
        };
        let given = self.read(key, &allowed, |raw| text(raw).filter(|secret| secret.chars().count() >= min_length));
        let remark = if given.is_some() { "set, not shown" } else { "not set" };
        self.declare(key, unset.to_owned(), &allowed, help, None);
        if let Some(declared) = self.reader.keys.last_mut() {
            declared.remark = remark;
        }
        given.map(Secret::new)
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Reads one key; a value that does not parse is a mistake and counts as not given.
    fn read<T>(&mut self, key: &str, allowed: &str, parse: impl FnOnce(&Raw) -> Option<T>) -> Option<T> {
        let raw = self.reader.source.get(&self.full(key))?;
        let value = parse(raw);
        if value.is_none() {
            let is_secret = key.contains("secret") || key.contains("api_key");
            let found = if is_secret { "what it is".to_owned() } else { shown(raw) };
            self.mistake(key, allowed, &found);
        }
        value
    }

    fn mistake(&mut self, key: &str, allowed: &str, found: &str) {
        let full = self.full(key);
        let origin = match self.reader.source.get(&full) {
            Some(Raw::Variable(_)) => format!(" (from {})", variable_of(&full)),
            _ => String::new(),
        };
        self.reader.mistakes.push(format!("`{full}` must be {allowed}, not {found}{origin}"));
    }

    fn declare(&mut self, key: &str, default: String, allowed: &str, help: &'static str, effective: Option<String>) {
        let (name, allowed) = (self.full(key), allowed.to_owned());
        self.reader.keys.push(Key { name, default, allowed, help, effective, remark: "not set" });
    }

    fn redeclare(&mut self, default: String, effective: String) {
        if let Some(key) = self.reader.keys.last_mut() {
            (key.default, key.effective) = (default, Some(effective));
        }
    }
}
