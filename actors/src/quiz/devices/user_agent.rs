//! What a user agent says about its device.
//!
//! Decision: ua-parser recognises browsers and systems, by those two parts of its project's table (`table.json` is the part of uap-core's
//! `regexes.yaml`, Apache-2.0, © 2009 Google Inc., one pattern a line). Reason: it is kept up to date by those who keep the table; it costs
//! 10 MB and a few microseconds a user agent, from the first socket on. What size a device has is told by its system, for the table of
//! devices is the largest of all.

use std::sync::LazyLock;

use hubbub_protocol::quiz::devices::DeviceType;
use serde::{Deserialize, Serialize};
use ua_parser::{Extractor, Regexes};

/// What is not known.
pub const UNKNOWN: &str = "Unknown";

static TABLE: LazyLock<Extractor<'static>> = LazyLock::new(|| {
    let table: Regexes<'static> = serde_json::from_str(include_str!("user_agent/table.json")).expect("the table is JSON");
    table.try_into().expect("the table's patterns are good")
});

/// What kind of device it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its size, so to speak.
    pub device_type: DeviceType,
    /// Its operating system.
    pub os: String,
    /// Its browser.
    pub browser: String,
}

impl Machine {
    /// Reads a user agent.
    #[must_use]
    pub fn read(user_agent: &str) -> Self {
        let (browser, system, _) = TABLE.extract(user_agent);
        let os = system.map_or_else(|| UNKNOWN.to_owned(), |system| os(&system.os, system.major.as_deref()));
        let browser = browser.map_or_else(|| UNKNOWN.to_owned(), |browser| common_name(&browser.family).to_owned());
        Self { device_type: device_type(user_agent, &os), os, browser }
    }
}

/// Tablets with Android are those that do not say `Mobile`.
fn device_type(user_agent: &str, os: &str) -> DeviceType {
    let says = |word: &str| user_agent.contains(word);
    match os {
        "iOS" if says("iPad") => DeviceType::Tablet,
        "Android" if !says("Mobile") => DeviceType::Tablet,
        "iOS" | "Android" => DeviceType::Mobile,
        _ if says("Tablet;") => DeviceType::Tablet,
        _ if says("Mobile") => DeviceType::Mobile,
        _ => DeviceType::Desktop,
    }
}

/// Names of Windows are of use with their version only; those of other systems would scatter one kind of device over a dozen names.
fn os(family: &str, major: Option<&str>) -> String {
    match (family, major) {
        ("Windows", Some(major)) => format!("Windows {major}"),
        ("Mac OS X", _) => "macOS".to_owned(),
        ("Other", _) => UNKNOWN.to_owned(),
        (family, _) => family.to_owned(),
    }
}

/// The table tells a browser on a telephone, or without a window, from the same one elsewhere.
fn common_name(family: &str) -> &str {
    match family {
        "Other" => UNKNOWN,
        "Mobile Safari" | "Mobile Safari UI/WKWebView" => "Safari",
        "Chrome Mobile" | "Chrome Mobile iOS" | "Chrome Mobile WebView" | "HeadlessChrome" => "Chrome",
        "Firefox Mobile" | "Firefox iOS" => "Firefox",
        "Edge Mobile" => "Edge",
        "Opera Mobile" => "Opera",
        family => family,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeviceType::{Desktop, Mobile, Tablet};

    #[test]
    fn common_browsers_are_recognised() {
        let check = |user_agent: &str, device_type: DeviceType, os: &str, browser: &str| {
            let expected = Machine { device_type, os: os.to_owned(), browser: browser.to_owned() };
            assert_eq!(Machine::read(user_agent), expected, "{user_agent}");
        };
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            Desktop,
            "Windows 10",
            "Chrome",
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Desktop,
            "Windows 10",
            "Edge",
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
            Desktop,
            "macOS",
            "Safari",
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
            Desktop,
            "Linux",
            "Chrome",
        );
        check("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", Desktop, "Linux", "Firefox");
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            Mobile,
            "iOS",
            "Safari",
        );
        check(
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
            Tablet,
            "iOS",
            "Safari",
        );
        check(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            Mobile,
            "Android",
            "Chrome",
        );
        check(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            Tablet,
            "Android",
            "Chrome",
        );
    }

    #[test]
    fn what_is_not_recognised_is_an_unknown_desktop() {
        for user_agent in ["", "-", "hubbub-load", "ü\u{0}", "Mozilla/5.0"] {
            let machine = Machine::read(user_agent);
            assert_eq!((machine.device_type, machine.os.as_str(), machine.browser.as_str()), (Desktop, UNKNOWN, UNKNOWN));
        }
    }
}
