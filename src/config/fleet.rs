//! `[fleet]`: the headset fleet's listener, access and limits.

use std::time::Duration;

use hubbub_actors::kit::secrets::Wanted;

use super::access::{self, AccessMode};
use super::reader::{Reader, Section};
use super::realtime::MAX_PAYLOAD_CEILING;
use super::secret::{MIN_JWT_SECRET_LENGTH, Secret};

/// The name of the secret that signs device tokens.
pub const JWT_SECRET: &str = "fleet.jwt_secret";

/// The name of the admin API key; there is none while `fleet.admin_api_key` is empty.
pub const ADMIN_API_KEY: &str = "fleet.admin_api_key";

/// The fleet section.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// Whether the system is served at all.
    pub enabled: bool,
    /// Its port; 0: any free one.
    pub port: u16,
    /// Further origins whose pages may use it.
    pub cors_origins: Vec<String>,
    /// How much of what the document leaves open stays open.
    pub access: AccessMode,
    /// The single switch over `access`.
    pub require_auth: Option<bool>,
    /// Signs device tokens; none: generated.
    pub jwt_secret: Option<Secret>,
    /// Opens the admin routes.
    pub admin_api_key: AdminKeySetting,
    /// What a device shows to get its first token.
    pub enrolment: EnrolmentSecrets,
    /// What the addresses of files begin with, without a slash at the end; none: the listener's own address.
    pub public_url: Option<String>,
    /// How long the locks of a tablet that dropped are kept for it.
    pub lock_grace: Duration,
    /// Whether connection state recovery is offered.
    pub recovery: bool,
    /// The largest message.
    pub max_payload_bytes: usize,
    /// How long an unused actor stays in memory.
    pub idle_after: Duration,
}

/// The three states of `fleet.admin_api_key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminKeySetting {
    /// Not set: a key is generated at the first start.
    Generated,
    /// Set to an empty text: there is no admin API.
    Disabled,
    /// Set.
    Configured(Secret),
}

/// What a device shows to get its first token; a secret of its type beats the common one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnrolmentSecrets {
    /// For every type that has none of its own.
    pub common: Option<Secret>,
    /// For headsets.
    pub headset: Option<Secret>,
    /// For tablets.
    pub tablet: Option<Secret>,
    /// For dashboards.
    pub dashboard: Option<Secret>,
}

impl EnrolmentSecrets {
    /// Returns the secret that a device of this type must show; `None`: none.
    #[must_use]
    pub fn for_type(&self, device_type: &str) -> Option<&Secret> {
        let own = match device_type {
            "headset" => self.headset.as_ref(),
            "tablet" => self.tablet.as_ref(),
            "dashboard" => self.dashboard.as_ref(),
            _ => None,
        };
        own.or(self.common.as_ref())
    }
}

impl Fleet {
    /// Says whether routes that the document leaves open need credentials.
    #[must_use]
    pub fn requires_auth(&self) -> bool {
        self.require_auth.unwrap_or(self.access == AccessMode::Strict)
    }

    /// Lists the secrets that the fleet needs: as configured, or to be generated.
    pub(super) fn wanted_secrets(&self) -> Vec<Wanted> {
        let configured = |secret: &Secret| Some(secret.expose().to_owned());
        let mut wanted = vec![Wanted::new(JWT_SECRET, self.jwt_secret.as_ref().and_then(configured))];
        match &self.admin_api_key {
            AdminKeySetting::Generated => wanted.push(Wanted::new(ADMIN_API_KEY, None)),
            AdminKeySetting::Configured(key) => wanted.push(Wanted::new(ADMIN_API_KEY, configured(key))),
            AdminKeySetting::Disabled => {}
        }
        wanted
    }

    /// Names what anyone who reaches the port may do, and the switch that ends it.
    pub(super) fn open_to_the_network(&self) -> Option<&'static str> {
        let is_open = self.enabled && !self.requires_auth();
        is_open.then_some(
            "anyone who reaches it may read devices and sessions, rename devices, upload, and get a token for any device; \
             `fleet.access = \"strict\"` asks for credentials and `fleet.enrolment_secret` guards the tokens",
        )
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Fleet {
    let mut section = reader.section("fleet");
    Fleet {
        enabled: section.flag("enabled", true, "Serves the headset fleet."),
        port: section.number("port", 3200, 0..=65_535, "Its port; 0 takes any free one and prints it."),
        cors_origins: access::cors_origins(&mut section, &[]),
        access: access::mode(&mut section),
        require_auth: section.optional_flag(
            "require_auth",
            "(true if access is strict)",
            "Asks for a device token or the admin key on device, session and upload routes.",
        ),
        jwt_secret: section.secret(
            "jwt_secret",
            "(generated)",
            MIN_JWT_SECRET_LENGTH,
            "Signs device tokens; by default a secret is generated into the data directory.",
        ),
        admin_api_key: admin_api_key(&mut section),
        enrolment: enrolment(&mut section),
        public_url: section.optional_url(
            "public_url",
            "(the listener's own address)",
            "What the addresses of local files begin with: how headsets and browsers reach this port, through a proxy if there is one.",
        ),
        lock_grace: millis(section.number(
            "lock_grace_ms",
            0,
            0..=3_600_000,
            "How long the locks of a tablet that lost its connection are kept for the same tablet to come back.",
        )),
        recovery: section.flag(
            "recovery",
            false,
            "Offers connection state recovery; every reliable event then carries one more argument.",
        ),
        max_payload_bytes: section.number(
            "max_payload_bytes",
            10 * 1024 * 1024,
            1_000..=MAX_PAYLOAD_CEILING,
            "The largest message a client may send.",
        ),
        idle_after: millis(section.number(
            "idle_after_ms",
            300_000,
            1_000..=86_400_000,
            "How long an actor that nobody uses stays in memory; its snapshot stays on disk.",
        )),
    }
}

fn admin_api_key(section: &mut Section<'_, '_>) -> AdminKeySetting {
    let help = "Opens the admin routes (`X-API-Key`); by default a key is generated into the data directory, an empty text \
                switches the admin API off.";
    match section.secret("admin_api_key", "(generated)", 0, help) {
        None => AdminKeySetting::Generated,
        Some(key) if key.expose().is_empty() => AdminKeySetting::Disabled,
        Some(key) => AdminKeySetting::Configured(key),
    }
}

fn enrolment(section: &mut Section<'_, '_>) -> EnrolmentSecrets {
    EnrolmentSecrets {
        common: section.secret(
            "enrolment_secret",
            "(not set)",
            1,
            "If set, a device must show it (`X-Enrolment-Key`) to get a token.",
        ),
        headset: section.secret("enrolment_secrets.headset", "(enrolment_secret)", 1, "The same for headsets alone."),
        tablet: section.secret("enrolment_secrets.tablet", "(enrolment_secret)", 1, "The same for tablets alone."),
        dashboard: section.secret("enrolment_secrets.dashboard", "(enrolment_secret)", 1, "The same for dashboards alone."),
    }
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
