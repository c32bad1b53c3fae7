//! The configuration: a TOML file, environment variables over it, every mistake reported at once.
//!
//! Reading order: `load`, then one file per section (`hub`, `realtime`, and one per system), each of which declares
//! its keys where it reads them (`reader`). `show` prints the table of keys and the values in force, `unknown`
//! finds keys that nobody declared, `source` merges file and environment.

mod load;
mod reader;
mod show;
mod source;
mod unknown;
mod values;

mod access;
mod blobs;
mod hub;
mod secret;

mod realtime;

mod fleet;
mod lab;
mod ops;
mod quiz;

pub use access::AccessMode;
pub use blobs::{BLOBS_URL_SECRET, Blobs, BlobsKind};
pub use fleet::{ADMIN_API_KEY, AdminKeySetting, EnrolmentSecrets, Fleet, JWT_SECRET};
pub use hub::{Log, LogFormat, LogLevel};
pub use lab::Lab;
pub use load::{Config, Loaded, Mistakes};
pub use ops::Ops;
pub use quiz::{QUIZ_JWT_SECRET, Quiz};
pub use reader::Key;
pub use realtime::{Largest, Realtime};
pub use secret::Secret;
pub use show::{effective, keys_table};
