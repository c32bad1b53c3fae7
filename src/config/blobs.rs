//! `[blobs]`: where files are kept, for every system alike.

use hubbub_actors::kit::blobs::S3Settings;
use hubbub_actors::kit::secrets::Wanted;

use super::reader::{Reader, Section};
use super::secret::{MIN_JWT_SECRET_LENGTH, Secret};

/// The name of the secret that signs the addresses of parts; there is none while files are in a bucket, which signs its own.
pub const BLOBS_URL_SECRET: &str = "blobs.url_secret";

/// Which region signatures name where a store has none.
const NO_REGION: &str = "us-east-1";

/// The section of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blobs {
    /// Where they are.
    pub kind: BlobsKind,
    /// The bucket's name; of local files it is only said.
    pub bucket: String,
    /// The store that has the bucket; none: Amazon's.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// Whether the bucket stands in the path of an address; none: where there is an endpoint.
    pub path_style: Option<bool>,
    /// Who asks the store.
    pub access_key_id: Option<String>,
    /// What requests to the store are signed with.
    pub secret_access_key: Option<Secret>,
    /// How much local files may take together; 0: whatever there is.
    pub quota_bytes: u64,
    /// Signs the addresses of parts; none: generated.
    pub url_secret: Option<Secret>,
}

/// Where files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobsKind {
    /// In the data directory.
    Local,
    /// In a bucket of S3, or of a store that speaks like it.
    S3,
}

impl Blobs {
    /// Returns what leads to the bucket.
    #[must_use]
    pub fn bucket_settings(&self) -> S3Settings {
        S3Settings {
            bucket: self.bucket.clone(),
            endpoint: self.endpoint.clone(),
            region: self.region.clone().unwrap_or_else(|| NO_REGION.to_owned()),
            path_style: self.path_style.unwrap_or(self.endpoint.is_some()),
            access_key_id: self.access_key_id.clone().unwrap_or_default(),
            secret_access_key: self.secret_access_key.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default(),
        }
    }

    /// Lists the secrets that local files need: as configured, or to be generated.
    pub(super) fn wanted_secrets(&self) -> Vec<Wanted> {
        match self.kind {
            BlobsKind::Local => {
                vec![Wanted::new(BLOBS_URL_SECRET, self.url_secret.as_ref().map(|secret| secret.expose().to_owned()))]
            }
            BlobsKind::S3 => Vec::new(),
        }
    }

    /// Returns the mistakes that no key has alone.
    pub(super) fn contradictions(&self) -> Vec<String> {
        if self.kind == BlobsKind::Local {
            return Vec::new();
        }
        let has_place = self.region.is_some() || self.endpoint.is_some();
        let needed = [
            (has_place, "`blobs.region` is needed where `blobs.kind` is s3, unless `blobs.endpoint` names the store"),
            (self.access_key_id.is_some(), "`blobs.access_key_id` is needed where `blobs.kind` is s3"),
            (self.secret_access_key.is_some(), "`blobs.secret_access_key` is needed where `blobs.kind` is s3"),
            (self.quota_bytes == 0, "`blobs.quota_bytes` counts local files alone; a bucket's quota is the store's to keep"),
        ];
        needed.into_iter().filter(|(is_right, _)| !is_right).map(|(_, mistake)| mistake.to_owned()).collect()
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Blobs {
    let mut section = reader.section("blobs");
    Blobs {
        kind: section.choice(
            "kind",
            &[("local", BlobsKind::Local), ("s3", BlobsKind::S3)],
            "local",
            "Where files are kept: `local` below the data directory, `s3` in a bucket of S3 or of a store that speaks like it.",
        ),
        bucket: section.text(
            "bucket",
            "turing-robotics-datahub",
            "the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
            is_bucket,
            "The bucket's name. It must exist; of local files it is only what answers call it.",
        ),
        endpoint: section.optional_url("endpoint", "(Amazon's)", "The store that has the bucket, if it is not Amazon's."),
        region: section.optional_text(
            "region",
            "(us-east-1 with an endpoint)",
            "the name of a region",
            is_word,
            "The bucket's region, `eu-west-1`; stores other than Amazon's mostly take any.",
        ),
        path_style: section.optional_flag(
            "path_style",
            "(true with an endpoint)",
            "Addresses are https://store/bucket/key and not https://bucket.store/key.",
        ),
        access_key_id: section.optional_text(
            "access_key_id",
            "(not set)",
            "text, not empty",
            is_word,
            "Who asks the store; it needs to read, write, list and delete, and to list and abort uploads in parts.",
        ),
        secret_access_key: section.secret("secret_access_key", "(not set)", 1, "What requests to the store are signed with."),
        quota_bytes: section.number(
            "quota_bytes",
            0,
            0..=i64::MAX.unsigned_abs(),
            "How much local files may take together, those on their way included; 0 sets no limit.",
        ),
        url_secret: url_secret(&mut section),
    }
}

fn url_secret(section: &mut Section<'_, '_>) -> Option<Secret> {
    let help =
        "Signs the addresses that parts of local files are sent to; by default a secret is generated into the data directory.";
    section.secret("url_secret", "(generated)", MIN_JWT_SECRET_LENGTH, help)
}

fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    (3..=63).contains(&name.len()) && name.bytes().all(is_plain)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
