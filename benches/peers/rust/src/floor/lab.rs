//! The lab contract's words, as prefixes of bytes: nothing is parsed.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use mio::net::TcpStream;
use slab::Slab;

use crate::connection::Connection;
use crate::websocket::{self, BINARY, CLOSE, TEXT};

/// It sends no pings, so it promises none for a long time.
const OPEN: &[u8] = br#"0{"sid":"floor","upgrades":[],"pingInterval":86400000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[derive(Default)]
pub struct Lab {
    connections: Slab<Connection>,
    names: HashMap<Vec<u8>, usize>,
    rooms: Vec<Vec<usize>>,
    /// The connections with something to write.
    due: Vec<usize>,
}

impl Lab {
    pub fn next_number(&self) -> usize {
        self.connections.vacant_key()
    }

    pub fn add(&mut self, stream: TcpStream) {
        self.connections.insert(Connection::new(stream));
    }

    pub fn may_write(&mut self, number: usize) {
        if let Some(connection) = self.connections.get_mut(number)
            && std::mem::take(&mut connection.is_blocked)
        {
            connection.is_due = true;
            self.due.push(number);
        }
    }

    /// Reads until nothing is left, the end of the stream included if it has come, and handles what is whole.
    pub fn read(&mut self, number: usize, has_ended: bool, scratch: &mut [u8]) {
        while let Some(connection) = self.connections.get_mut(number) {
            match connection.read(scratch) {
                Ok(length) if connection.input.is_empty() => {
                    let rest = self.handle(number, &mut scratch[..length]);
                    self.keep(number, scratch[length - rest..length].to_vec());
                    if length < scratch.len() && !has_ended {
                        return;
                    }
                }
                Ok(length) => {
                    let mut input = std::mem::take(&mut connection.input);
                    input.extend_from_slice(&scratch[..length]);
                    let rest = self.handle(number, &mut input);
                    self.keep(number, input.split_off(input.len() - rest));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.remove(number),
            }
        }
    }

    fn keep(&mut self, number: usize, rest: Vec<u8>) {
        if let Some(connection) = self.connections.get_mut(number) {
            connection.input = rest;
        }
    }

    fn remove(&mut self, number: usize) {
        let connection = self.connections.remove(number);
        if let Some(room) = connection.room {
            self.rooms[room].retain(|member| *member != number);
        }
    }

    /// Handles whole frames; returns how many bytes at the end are none.
    fn handle(&mut self, number: usize, mut input: &mut [u8]) -> usize {
        if !self.connections[number].is_open {
            let Some((answer, length)) = websocket::accept(input) else { return input.len() };
            self.connections[number].is_open = true;
            self.push(number, &answer.into());
            self.push(number, &websocket::frame(TEXT, &[OPEN]));
            input = &mut input[length..];
        }
        loop {
            let length = input.len();
            let Some((opcode, payload, rest)) = websocket::take(input) else { return length };
            match opcode {
                TEXT => self.text(number, payload),
                BINARY => self.attachment(number, payload),
                CLOSE => {
                    self.push(number, &websocket::frame(CLOSE, &[payload]));
                    self.connections[number].is_closing = true;
                }
                _ => {}
            }
            input = rest;
        }
    }

    fn text(&mut self, number: usize, text: &[u8]) {
        if text == b"40" {
            self.push(number, &websocket::frame(TEXT, &[br#"40{"sid":"floor"}"#]));
            self.push(number, &websocket::frame(TEXT, &[br#"42["auth",{}]"#]));
        } else if let Some(value) = text.strip_prefix(br#"42["echo","#) {
            self.push(number, &websocket::frame(TEXT, &[br#"42["echo-reply","#, value]));
        } else if let Some(value) = text.strip_prefix(br#"42["publish","#) {
            self.fan_out(number, &websocket::frame(TEXT, &[br#"42["update","#, value]), false);
        } else if text.starts_with(br#"42["frame","#) {
            self.fan_out(number, &websocket::frame(TEXT, &[text]), true);
        } else if text.starts_with(br#"451-["frame","#) {
            self.connections[number].header = Some(websocket::frame(TEXT, &[text]));
        } else if let Some(event) = text.strip_prefix(b"42") {
            self.acknowledged(number, event);
        }
    }

    /// A packet and its attachment are one entry, so that nobody gets half of it.
    fn attachment(&mut self, number: usize, payload: &[u8]) {
        let Some(header) = self.connections[number].header.take() else { return };
        let entry = [&*header, &websocket::frame(BINARY, &[payload])].concat();
        self.fan_out(number, &entry.into(), true);
    }

    /// `7["join","room"]` and `7["message-with-ack",1]`.
    fn acknowledged(&mut self, number: usize, event: &[u8]) {
        let digits = event.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (ack, event) = event.split_at(digits);
        if let Some(name) = event.strip_prefix(br#"["join","#) {
            self.join(number, name);
            self.push(number, &websocket::frame(TEXT, &[b"43", ack, br#"["ok"]"#]));
        } else if let Some(value) = event.strip_prefix(br#"["message-with-ack","#) {
            self.push(number, &websocket::frame(TEXT, &[b"43", ack, b"[", value]));
        }
    }

    fn join(&mut self, number: usize, name: &[u8]) {
        let next = self.rooms.len();
        let room = *self.names.entry(name.to_vec()).or_insert(next);
        if room == next {
            self.rooms.push(Vec::new());
        }
        if self.connections[number].room.replace(room) != Some(room) {
            self.rooms[room].push(number);
        }
    }

    /// Gives a frame to everyone else in the room; `is_latest`: but not to who is behind.
    fn fan_out(&mut self, from: usize, frame: &Rc<[u8]>, is_latest: bool) {
        let Some(room) = self.connections[from].room else { return };
        for index in 0..self.rooms[room].len() {
            let member = self.rooms[room][index];
            if member != from && !(is_latest && self.connections[member].is_blocked) {
                self.push(member, frame);
            }
        }
    }

    fn push(&mut self, number: usize, frame: &Rc<[u8]>) {
        let connection = &mut self.connections[number];
        connection.push(Rc::clone(frame));
        if !connection.is_due && !connection.is_blocked {
            connection.is_due = true;
            self.due.push(number);
        }
    }

    /// Writes to every connection that has something to write.
    pub fn flush(&mut self, scratch: &mut [u8]) {
        for number in std::mem::take(&mut self.due) {
            // It may have gone, and another may have its number.
            let Some(connection) = self.connections.get_mut(number) else { continue };
            connection.is_due = false;
            if connection.flush(scratch).is_err() {
                self.remove(number);
            }
        }
    }
}
