//! The tokens of a fleet's devices, as every device gets its own: `POST /auth/device-token`.
//!
//! The contract allows an address 20 of them a minute. On this machine the devices come from as many loopback addresses as that
//! takes; elsewhere they wait for their turn, as devices behind one address do.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use hubbub_protocol::contract::Endpoint;
use hubbub_protocol::fleet::auth::{DeviceType, RequestDeviceToken};
use serde::Deserialize;
use serde_json::json;
use socket2::{Domain, Protocol, Socket, Type};

/// How long a server may take over one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A longer answer is none of this route.
const MAX_ANSWER: u64 = 64 * 1024;
/// Addresses that are tried before a server that refuses them all is believed.
const MAX_ADDRESSES: u32 = 1000;

/// A device that is to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) kind: DeviceType,
}

/// Why a device gets no token.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// The server cannot be asked.
    #[error("cannot ask {address} for a token: {source}")]
    Unreachable {
        /// The server.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// It asks for an enrolment key.
    #[error("the server wants an enrolment key: pass --enrolment-key with its `fleet.enrolment_secret`")]
    Enrolment,
    /// The operator did not want to wait.
    #[error("ended before every device had a token")]
    Ended,
    /// It does not give one.
    #[error("{address} gives no token: {answer}")]
    Refused {
        /// The server.
        address: SocketAddr,
        /// What it said.
        answer: String,
    },
}

/// The place where tokens are issued.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    pub(crate) address: SocketAddr,
    /// The server as the URL names it.
    pub(crate) host: &'a str,
    pub(crate) enrolment_key: Option<&'a str>,
}

impl Counter<'_> {
    /// Gets one token per device, in their order. `wait` is called when the server wants to be asked later, with how much later, and
    /// says whether to go on.
    pub(crate) fn tokens(&self, devices: &[Device], mut wait: impl FnMut(Duration) -> bool) -> Result<Vec<String>, NoToken> {
        let mut sources = Sources::of(self.address);
        devices.iter().map(|device| self.token(device, &mut sources, &mut wait)).collect()
    }

    fn token(&self, device: &Device, sources: &mut Sources, wait: &mut impl FnMut(Duration) -> bool) -> Result<String, NoToken> {
        loop {
            let answer = self.ask(device, sources.current());
            let answer = answer.map_err(|source| NoToken::Unreachable { address: self.address, source })?;
            match read(&answer) {
                Answer::Token(token) => return Ok(token),
                Answer::Enrolment => return Err(NoToken::Enrolment),
                Answer::Later(after) => {
                    let goes_on = sources.next().is_some() || wait(after);
                    if !goes_on {
                        return Err(NoToken::Ended);
                    }
                }
                Answer::Refused(answer) => return Err(NoToken::Refused { address: self.address, answer }),
            }
        }
    }

    /// Asks in HTTP/1.0, whose answers come in one piece and end with the connection.
    fn ask(&self, device: &Device, source: Option<IpAddr>) -> io::Result<String> {
        let body = json!({ "deviceId": device.id, "deviceType": device.kind.as_str() }).to_string();
        let key = self.enrolment_key.map(|key| format!("X-Enrolment-Key: {key}\r\n")).unwrap_or_default();
        let (path, host, length) = (RequestDeviceToken::PATH, self.host, body.len());
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: {host}\r\n{key}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = connect(self.address, source)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// Connects, from an address of one's choice.
pub(in crate::load::scenarios) fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket.connect_timeout(&address.into(), TIMEOUT)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// Where requests come from.
pub(in crate::load::scenarios) struct Sources {
    /// A number below 127.0.0.0/8, counted up when one address has had its share; none where there is only one address.
    current: Option<u32>,
    tried: u32,
}

impl Sources {
    /// Returns the addresses that a server at `address` can be asked from.
    pub(in crate::load::scenarios) fn of(address: SocketAddr) -> Self {
        // Another run may have used up the first ones within this minute: every process begins elsewhere.
        let elsewhere = 0x0001_0001 + (std::process::id() % 10_000) * 0x0100;
        let is_here = matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback());
        Self { current: is_here.then_some(elsewhere), tried: 0 }
    }

    /// Returns the address whose turn it is; none where the system chooses.
    pub(in crate::load::scenarios) fn current(&self) -> Option<IpAddr> {
        self.current.map(|number| IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 0)) | number)))
    }

    /// Goes on to the next address; none if there is only one, or too many were tried.
    pub(in crate::load::scenarios) fn next(&mut self) -> Option<()> {
        let number = self.current.as_mut().filter(|_| self.tried < MAX_ADDRESSES)?;
        *number += 1;
        self.tried += 1;
        Some(())
    }
}

/// What the server said.
#[derive(Debug, PartialEq)]
enum Answer {
    Token(String),
    Later(Duration),
    Enrolment,
    Refused(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    token: Option<String>,
    error: Option<String>,
    retry_after: Option<u64>,
}

fn read(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.lines().next().unwrap_or_default();
    let body = serde_json::from_str(body).unwrap_or(Body { token: None, error: None, retry_after: None });
    match (status.split(' ').nth(1), body) {
        (Some("200"), Body { token: Some(token), .. }) => Answer::Token(token),
        (Some("429"), Body { retry_after, .. }) => Answer::Later(Duration::from_secs(retry_after.unwrap_or(1))),
        (Some("401"), _) => Answer::Enrolment,
        (_, Body { error: Some(error), .. }) => Answer::Refused(format!("`{error}` ({status})")),
        (_, _) => Answer::Refused(format!("it answered `{status}`: is this hubbub's fleet?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_understood() {
        let cases = [
            ("HTTP/1.0 200 OK\r\na: b\r\n\r\n{\"ok\":true,\"token\":\"t.o.k\"}", Answer::Token("t.o.k".to_owned())),
            ("HTTP/1.1 429 Too Many Requests\r\n\r\n{\"ok\":false,\"retryAfter\":42}", Answer::Later(Duration::from_secs(42))),
            ("HTTP/1.0 401 Unauthorized\r\n\r\n{\"ok\":false,\"error\":\"Enrolment required\"}", Answer::Enrolment),
            (
                "HTTP/1.0 400 Bad Request\r\n\r\n{\"ok\":false,\"error\":\"deviceId is required\"}",
                Answer::Refused("`deviceId is required` (HTTP/1.0 400 Bad Request)".to_owned()),
            ),
            (
                "HTTP/1.0 404 Not Found\r\n\r\n<html>",
                Answer::Refused("it answered `HTTP/1.0 404 Not Found`: is this hubbub's fleet?".to_owned()),
            ),
            ("", Answer::Refused("it answered ``: is this hubbub's fleet?".to_owned())),
        ];
        for (answer, expected) in cases {
            assert_eq!(read(answer), expected, "{answer}");
        }
    }

    #[test]
    fn on_this_machine_addresses_take_turns() {
        let mut sources = Sources::of("127.0.0.1:3200".parse().expect("an address"));
        let first = sources.current().expect("one of many");
        sources.next().expect("there are more");
        let second = sources.current().expect("one of many");
        assert!(first.is_loopback() && second.is_loopback() && first != second, "{first} {second}");
        let mut elsewhere = Sources::of("192.0.2.1:3200".parse().expect("an address"));
        assert_eq!((elsewhere.current(), elsewhere.next()), (None, None));
    }
}
