//! What a user agent says about its device.
//!
//! Decision: woothee recognises browsers and systems. Reason: it matches plain texts from one static table; the parsers over the community's
//! table of regular expressions are finer, but keep tens of megabytes of compiled automata. A need for versions or rare devices would
//! change our mind.

use hubbub_protocol::quiz::devices::DeviceType;
use serde::{Deserialize, Serialize};
use woothee::parser::Parser;

/// What is not known.
pub const UNKNOWN: &str = "Unknown";

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
        let Some(found) = Parser::new().parse(user_agent) else {
            return Self { device_type: DeviceType::Desktop, os: UNKNOWN.to_owned(), browser: UNKNOWN.to_owned() };
        };
        Self {
            device_type: device_type(user_agent, found.category, found.os),
            os: os(found.os).to_owned(),
            browser: known(found.name).to_owned(),
        }
    }
}

/// The parser counts tablets among the smartphones. Android tablets are those that do not say `Mobile`.
fn device_type(user_agent: &str, category: &str, os: &str) -> DeviceType {
    let is_tablet = match os {
        "iPad" => true,
        "Android" => !user_agent.contains("Mobile"),
        _ => user_agent.contains("Tablet") && category != "pc",
    };
    match category {
        _ if is_tablet => DeviceType::Tablet,
        "smartphone" | "mobilephone" => DeviceType::Mobile,
        _ => DeviceType::Desktop,
    }
}

/// The parser names Apple's systems by their devices.
fn os(name: &str) -> &str {
    match name {
        "iPhone" | "iPad" | "iPod" | "iOS" => "iOS",
        "Mac OSX" => "macOS",
        name => known(name),
    }
}

fn known(name: &str) -> &str {
    if name.is_empty() || name == "UNKNOWN" { UNKNOWN } else { name }
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
