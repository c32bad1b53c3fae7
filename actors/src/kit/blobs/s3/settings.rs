//! Which bucket it is, where, and who asks.

use std::fmt;

use super::super::url::encode;
use crate::kit::blobs::Key;

/// What an operator says about a bucket.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// The bucket's name. It must exist.
    pub bucket: String,
    /// Where the store is, `https://minio.example.com:9000`; without one, Amazon's in the region.
    pub endpoint: Option<String>,
    /// The region, as signatures name it: `eu-west-1`. Stores that have none take any.
    pub region: String,
    /// Whether the bucket stands in the path (`https://store/bucket/key`) and not before the host (`https://bucket.store/key`).
    pub path_style: bool,
    /// Who asks.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: String,
}

impl fmt::Debug for S3Settings {
    /// Leaves the secret out.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, endpoint, region, path_style, access_key_id, secret_access_key: _ } = self;
        let mut debug = out.debug_struct("S3Settings");
        debug.field("bucket", bucket).field("endpoint", endpoint).field("region", region).field("path_style", path_style);
        debug.field("access_key_id", access_key_id).finish_non_exhaustive()
    }
}

/// Why settings lead to no bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSettings {
    /// A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens.
    #[error("`{0}` is no name of a bucket")]
    Bucket(String),
    /// The endpoint is no `http://` or `https://` address.
    #[error("`{0}` is no address of a store: write https://host or http://host:port")]
    Endpoint(String),
    /// Something else is missing.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// There is no TLS to be had on this machine.
    #[error("cannot make connections: {0}")]
    Transport(String),
}

/// A bucket whose settings were looked through.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) name: String,
    /// With scheme, without a slash at its end.
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) path_style: bool,
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
}

impl Bucket {
    pub(super) fn new(settings: &S3Settings) -> Result<Self, WrongSettings> {
        let S3Settings { bucket, endpoint, region, path_style, access_key_id, secret_access_key } = settings.clone();
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_plain) {
            return Err(WrongSettings::Bucket(bucket));
        }
        for (name, value) in [("region", &region), ("access key id", &access_key_id), ("secret access key", &secret_access_key)] {
            if value.is_empty() {
                return Err(WrongSettings::Empty(name));
            }
        }
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        let is_address = host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '?', '#', ' ']));
        if !is_address {
            return Err(WrongSettings::Endpoint(endpoint));
        }
        Ok(Self { name: bucket, endpoint, region, path_style, access_key_id, secret_access_key })
    }

    /// Returns the host to ask for, with the bucket in it, unless it stands in the path.
    pub(super) fn host(&self) -> Option<String> {
        let (_, rest) = self.endpoint.split_once("://")?;
        let host = rest.split('/').next()?;
        (!self.path_style).then(|| format!("{}.{host}", self.name))
    }

    /// Returns the path of an object, or of the bucket itself, beneath the endpoint, as it is before anything is encoded.
    pub(super) fn path(&self, key: &str) -> String {
        match (self.path_style, key) {
            (true, "") => format!("/{}", self.name),
            (true, key) => format!("/{}/{key}", self.name),
            (false, key) => format!("/{key}"),
        }
    }

    pub(super) fn url_of(&self, key: &Key) -> String {
        let mut url = match (self.host(), self.endpoint.split_once("://")) {
            (Some(host), Some((scheme, rest))) => {
                let above = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
                format!("{scheme}://{host}{above}")
            }
            _ => self.endpoint.clone(),
        };
        encode(&self.path(key.as_str()), &mut url);
        url
    }
}
