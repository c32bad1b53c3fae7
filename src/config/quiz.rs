//! `[quiz]`: the live quiz's listener, accounts and bounds.

use hubbub_actors::kit::secrets::Wanted;
use hubbub_actors::quiz::connections::retention::Retention;
use hubbub_protocol::quiz::limits;

use super::access::{self, AccessMode};
use super::reader::{Reader, Section};
use super::realtime::MAX_PAYLOAD_CEILING;
use super::secret::{MIN_JWT_SECRET_LENGTH, Secret};

/// The name of the secret that signs access tokens.
pub const QUIZ_JWT_SECRET: &str = "quiz.jwt_secret";

/// The quiz section.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiz {
    /// Whether the system is served at all.
    pub enabled: bool,
    /// Its port; 0: any free one.
    pub port: u16,
    /// Further origins whose pages may use it.
    pub cors_origins: Vec<String>,
    /// How much of what the document leaves open stays open.
    pub access: AccessMode,
    /// Signs access tokens; none: generated.
    pub jwt_secret: Option<Secret>,
    /// Checks the tokens of a Supabase project, whose accounts then are ours as well.
    pub supabase_jwt_secret: Option<Secret>,
    /// What the addresses of avatars begin with, without a slash at the end; none: the listener's own address.
    pub public_url: Option<String>,
    /// Most players of one room.
    pub max_room_players: u32,
    /// Whether connection state recovery is offered.
    pub recovery: bool,
    /// The largest message; none: `realtime.max_payload_bytes`.
    pub max_payload_bytes: Option<usize>,
    /// How many connections and devices are remembered.
    pub retention: Retention,
}

impl Quiz {
    /// Lists the secrets that the quiz needs: as configured, or to be generated.
    pub(super) fn wanted_secrets(&self) -> Vec<Wanted> {
        vec![Wanted::new(QUIZ_JWT_SECRET, self.jwt_secret.as_ref().map(|secret| secret.expose().to_owned()))]
    }

    /// Names what anyone who reaches the port may do, and the switch that ends it.
    pub(super) fn open_to_the_network(&self) -> Option<&'static str> {
        let is_open = self.enabled && self.access == AccessMode::Compat;
        is_open.then_some(
            "anyone who reaches it may make an account, and any account may read the flow of any game; `quiz.access = \"strict\"` \
             shows it to the game's host and players alone",
        )
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Quiz {
    let mut section = reader.section("quiz");
    Quiz {
        enabled: section.flag("enabled", true, "Serves the live quiz."),
        port: section.number("port", 8080, 0..=65_535, "Its port; 0 takes any free one and prints it."),
        cors_origins: access::cors_origins(&mut section, &["http://localhost:3000"]),
        access: access::mode(&mut section),
        jwt_secret: section.secret(
            "jwt_secret",
            "(generated)",
            MIN_JWT_SECRET_LENGTH,
            "Signs access tokens; by default a secret is generated into the data directory.",
        ),
        supabase_jwt_secret: section.secret(
            "supabase_jwt_secret",
            "(not set)",
            MIN_JWT_SECRET_LENGTH,
            "If set, tokens that a Supabase project signed with it are accepted as well; an account is made at its first use.",
        ),
        public_url: section.optional_url(
            "public_url",
            "(the listener's own address)",
            "What the addresses of avatars begin with: how browsers reach this port, through a proxy if there is one.",
        ),
        max_room_players: section.number(
            "max_room_players",
            limits::ROOM_PLAYERS,
            1..=limits::HALL_PLAYERS,
            "Most players of one room, and the most that a quiz may ask for.",
        ),
        recovery: section.flag(
            "recovery",
            false,
            "Offers connection state recovery; every reliable event then carries one more argument.",
        ),
        max_payload_bytes: section.optional_number(
            "max_payload_bytes",
            1_000..=MAX_PAYLOAD_CEILING,
            "The largest message a client may send; by default `realtime.max_payload_bytes`.",
        ),
        retention: retention(&mut section),
    }
}

fn retention(section: &mut Section<'_, '_>) -> Retention {
    let default = Retention::default();
    Retention {
        connections_per_device: section.number(
            "retention.connections_per_device",
            default.connections_per_device,
            1..=100_000,
            "How many connections of one device are remembered; the oldest go first, open ones never.",
        ),
        connections: section.number(
            "retention.connections",
            default.connections,
            1..=10_000_000,
            "How many connections are remembered in all.",
        ),
        devices: section.number("retention.devices", default.devices, 1..=10_000_000, "How many devices are remembered."),
    }
}
