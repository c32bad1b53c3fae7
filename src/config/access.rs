//! What every system's section has in common: who may call, and from which pages.

use super::reader::Section;
use crate::edge::origin::is_origin;

/// How much of what a document leaves open stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// Exactly the documented access.
    Compat,
    /// Routes that the document leaves open need credentials.
    Strict,
}

/// Reads `<system>.access`.
pub(super) fn mode(section: &mut Section<'_, '_>) -> AccessMode {
    let words = [("compat", AccessMode::Compat), ("strict", AccessMode::Strict)];
    let help =
        "`compat` is exactly the documented access; `strict` also asks for credentials where the document leaves a route open.";
    section.choice("access", &words, "compat", help)
}

/// Reads `<system>.cors_origins`.
pub(super) fn cors_origins(section: &mut Section<'_, '_>, default: &[&str]) -> Vec<String> {
    let check = |entry: &str| (entry == "*" || is_origin(entry)).then(|| entry.to_owned());
    let help = "Further origins whose pages may use this system, besides pages of the same host; `*` opens it to every page, \
                without credentials.";
    section.list("cors_origins", default, "origins such as https://dash.example:8443, or *", check, help)
}
