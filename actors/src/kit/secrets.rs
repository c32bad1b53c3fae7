//! The hub's own secrets: made at the first start, kept in one file that only its owner may read.
//!
//! The file is TOML with dotted keys, `fleet.jwt_secret = "…"`, so that people can read and edit it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ids::{self, Random};

const FILE: &str = "secrets.toml";
const HEADER: &str = "# Secrets that hubbub made for itself. Whoever reads this file can issue tokens.\n";

/// A secret's name and, if the operator set it, its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Section and key, as in the configuration: `fleet.jwt_secret`.
    pub name: String,
    /// The configured value: it wins, and is never written to the file.
    pub configured: Option<String>,
}

impl Wanted {
    /// Returns a secret to take from the configuration, or else to make.
    pub fn new(name: impl Into<String>, configured: Option<String>) -> Self {
        Self { name: name.into(), configured }
    }
}

/// The secrets of this hub. Nothing prints their values by accident.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

/// Why there are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or written.
    #[error("the secrets in `{path}` cannot be read or written: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The file is not as hubbub writes it. The line's text stays out of the message.
    #[error("line {line} of `{path}` is not of the form `name = \"value\"`")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// A configured value is no protection.
    #[error("the secret `{name}` is empty")]
    Empty {
        /// Its name.
        name: String,
    },
}

impl fmt::Debug for Secrets {
    /// Shows the names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for Wanted {
    /// Shows the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wanted").field(&self.name).finish()
    }
}

impl Secrets {
    /// Returns the wanted secrets: configured, or from the file in `data_dir`, or made now (256 bits) and added to it.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written, or a value is empty.
    pub fn open(data_dir: &Path, wanted: &[Wanted], random: &dyn Random) -> Result<Self, SecretsError> {
        let path = data_dir.join(FILE);
        let file_error = |error| SecretsError::File { path: path.clone(), error };
        let mut kept = read(&path)?;
        let before = kept.len();
        let mut secrets = BTreeMap::new();
        for Wanted { name, configured } in wanted {
            let value = match configured {
                Some(value) => value.clone(),
                None => kept.entry(name.clone()).or_insert_with(|| ids::token256(random)).clone(),
            };
            if value.trim().is_empty() {
                return Err(SecretsError::Empty { name: name.clone() });
            }
            secrets.insert(name.clone(), value);
        }
        if kept.len() > before {
            write(data_dir, &path, &kept).map_err(file_error)?;
        }
        Ok(Self(secrets))
    }

    /// Returns a secret's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all secrets with their values, sorted by name, for `hubbub secrets`.
    #[must_use]
    pub fn list(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, SecretsError> {
    let file_error = |error| SecretsError::File { path: path.to_owned(), error };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(file_error(error)),
    };
    // Somebody may have copied it here with wider permissions.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(file_error)?;
    let mut secrets = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = parse(line).ok_or_else(|| SecretsError::Line { path: path.to_owned(), line: index + 1 })?;
        secrets.insert(name.to_owned(), value.to_owned());
    }
    Ok(secrets)
}

/// Reads `name = "value"`; what hubbub makes needs no escapes.
fn parse(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let name = name.trim();
    let is_plain = !name.is_empty() && !value.contains(['"', '\\']);
    is_plain.then_some((name, value))
}

/// Replaces the file as a whole: a crash leaves the old one or the new one.
fn write(data_dir: &Path, path: &Path, secrets: &BTreeMap<String, String>) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let new = data_dir.join(format!("{FILE}.new"));
    let mut text = HEADER.to_owned();
    secrets.iter().for_each(|(name, value)| text.push_str(&format!("{name} = \"{value}\"\n")));
    // What an interrupted start left behind; made anew so that its permissions are ours.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ids::SystemRandom;

    fn open(dir: &Path, wanted: &[Wanted]) -> Result<Secrets, SecretsError> {
        Secrets::open(dir, wanted, &SystemRandom)
    }

    fn made(name: &str) -> Wanted {
        Wanted::new(name, None)
    }

    #[test]
    fn secrets_are_made_once_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let wanted = [made("one.jwt_secret"), made("two.jwt_secret")];

        let first = open(&data, &wanted).unwrap();
        let second = open(&data, &wanted).unwrap();

        assert_eq!(first.list(), second.list());
        assert_eq!(first.get("one.jwt_secret").unwrap().len(), 43);
        assert_ne!(first.get("one.jwt_secret"), first.get("two.jwt_secret"));
        assert_eq!(first.get("three"), None);
    }

    #[test]
    fn only_the_owner_may_read_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let mode = || fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777;
        open(dir.path(), &[made("a")]).unwrap();
        assert_eq!(mode(), 0o600);

        fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        open(dir.path(), &[made("a")]).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_configured_value_wins_and_is_never_written() {
        let dir = tempfile::tempdir().unwrap();
        let kept = open(dir.path(), &[made("a")]).unwrap();

        let configured =
            open(dir.path(), &[Wanted::new("a", Some("mine".into())), Wanted::new("b", Some("too".into()))]).unwrap();

        assert_eq!(configured.list(), [("a", "mine"), ("b", "too")]);
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains("mine") && !text.contains("too"));
        assert_eq!(open(dir.path(), &[made("a")]).unwrap().list(), kept.list());
    }

    #[test]
    fn a_new_secret_is_added_to_those_that_are_there_and_leftovers_do_not_disturb() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), &[made("a")]).unwrap();
        fs::write(dir.path().join("secrets.toml.new"), "half a li").unwrap();

        let both = open(dir.path(), &[made("a"), made("b")]).unwrap();

        assert_eq!(both.get("a"), first.get("a"));
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_file_that_is_not_ours_is_named_with_the_line_and_without_its_text() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "# fine\n\na = \"x\"\nhunter2\n").unwrap();

        let error = open(dir.path(), &[made("a")]).unwrap_err().to_string();

        assert!(error.starts_with("line 4 of `"), "{error}");
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn an_empty_secret_is_no_secret() {
        let dir = tempfile::tempdir().unwrap();

        let error = open(dir.path(), &[Wanted::new("a", Some(" ".into()))]).unwrap_err();

        assert_eq!(error.to_string(), "the secret `a` is empty");
    }

    #[test]
    fn nothing_prints_a_value_by_accident() {
        let wanted = Wanted::new("a", Some("hunter2".into()));
        let dir = tempfile::tempdir().unwrap();
        let secrets = open(dir.path(), std::slice::from_ref(&wanted)).unwrap();

        assert_eq!(format!("{secrets:?} {wanted:?}"), r#"{"a"} Wanted("a")"#);
    }
}
