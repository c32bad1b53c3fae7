//! Where values come from: a TOML file, and over it the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The prefix of every environment variable that hubbub reads.
pub const PREFIX: &str = "HUBBUB_";

/// One value as it was written, and where.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// From the file.
    File(toml::Value),
    /// From the environment.
    Variable(String),
}

/// All values that were written, by key (`realtime.ping_interval_ms`).
#[derive(Debug, Clone, Default)]
pub struct Source {
    values: BTreeMap<String, Raw>,
}

impl Source {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Where the text is no TOML. The line itself is not quoted: it may hold a secret.
    pub fn file(text: &str) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })?;
        let mut source = Self::default();
        source.flatten("", table);
        Ok(source)
    }

    /// Puts the environment's values over the file's.
    pub fn put_environment(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        for (name, value) in variables {
            let name = name.to_string_lossy().into_owned();
            let Some(key) = key_of_variable(&name) else { continue };
            self.values.insert(key, Raw::Variable(value.to_string_lossy().into_owned()));
        }
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Raw> {
        self.values.get(key)
    }

    /// Iterates over everything that was written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.values.iter().map(|(key, raw)| (key.as_str(), raw))
    }

    /// Writes nested tables as dotted keys; an empty table stays, so that a misspelt `[section]` is noticed.
    fn flatten(&mut self, path: &str, table: toml::Table) {
        for (name, value) in table {
            let key = if path.is_empty() { name } else { format!("{path}.{name}") };
            match value {
                toml::Value::Table(inner) if !inner.is_empty() => self.flatten(&key, inner),
                value => {
                    self.values.insert(key, Raw::File(value));
                }
            }
        }
    }
}

/// Reads `HUBBUB_REALTIME__PING_INTERVAL_MS` as `realtime.ping_interval_ms`; `None` for variables of others.
fn key_of_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    Some(rest.to_ascii_lowercase().replace("__", "."))
}

/// Writes a key as its environment variable.
#[must_use]
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn the_environment_beats_the_file() {
        let mut source = Source::file("bind = \"::1\"\n[fleet]\nport = 1\n[fleet.deep]\nkey = 2\n").expect("valid TOML");
        source.put_environment(variables(&[("HUBBUB_FLEET__PORT", "3"), ("HUBBUB_BIND", "::"), ("HOME", "/")]));
        let all: Vec<_> = source.iter().collect();
        let expected = [
            ("bind", &Raw::Variable("::".into())),
            ("fleet.deep.key", &Raw::File(toml::Value::Integer(2))),
            ("fleet.port", &Raw::Variable("3".into())),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn broken_toml_names_the_line_and_quotes_nothing() {
        let error = Source::file("bind = \"::1\"\njwt_secret = \"hush\n").expect_err("an open string");
        assert!(error.starts_with("line 2: "), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn a_key_and_its_variable_are_each_others() {
        assert_eq!(variable_of("realtime.ping_interval_ms"), "HUBBUB_REALTIME__PING_INTERVAL_MS");
        assert_eq!(key_of_variable("HUBBUB_REALTIME__PING_INTERVAL_MS").as_deref(), Some("realtime.ping_interval_ms"));
        assert_eq!(key_of_variable("PATH"), None);
    }
}
