//! `[ops]`: health, readiness and Prometheus over all systems.

use super::reader::Reader;

/// The ops section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ops {
    /// Whether it is served at all.
    pub enabled: bool,
    /// Its port; 0: any free one.
    pub port: u16,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Ops {
    let mut section = reader.section("ops");
    Ops {
        enabled: section.flag("enabled", true, "Serves `/health`, `/ready` and `/metrics` over all systems."),
        port: section.number("port", 9464, 0..=65_535, "Its port; 0 takes any free one and prints it."),
    }
}
