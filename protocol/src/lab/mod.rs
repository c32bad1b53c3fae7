//! The `lab` system: echo, rooms and frames, for conformance suites and load generators (README, "Lab").
//!
//! Its events carry any arguments, so they have names here and no types.

/// Client: any arguments; answered with [`MESSAGE_BACK`] and the same arguments.
pub const MESSAGE: &str = "message";
/// Server: the arguments of a [`MESSAGE`].
pub const MESSAGE_BACK: &str = "message-back";
/// Client: any arguments; acknowledged with the same arguments.
pub const MESSAGE_WITH_ACK: &str = "message-with-ack";
/// Client: any arguments; answered with [`ECHO_REPLY`] and the same arguments.
pub const ECHO: &str = "echo";
/// Server: the arguments of an [`ECHO`].
pub const ECHO_REPLY: &str = "echo-reply";
/// Client: the name of a room to join; acknowledged with `"ok"`.
pub const JOIN: &str = "join";
/// Client: any arguments; everyone else in the sender's rooms gets them as [`UPDATE`], in order and without loss.
pub const PUBLISH: &str = "publish";
/// Server: the arguments of a [`PUBLISH`].
pub const UPDATE: &str = "update";
/// Client and server: a frame; everyone else in the sender's rooms gets the newest one, older ones are skipped when slow.
pub const FRAME: &str = "frame";
/// Server: the authentication payload of the handshake, `{}` if there was none; emitted on connect.
pub const AUTH: &str = "auth";
/// The namespaces, besides which none exists.
pub const NAMESPACES: [&str; 2] = ["/", "/custom"];
/// Every event that the lab emits.
pub const OUTBOUND: [&str; 5] = [AUTH, MESSAGE_BACK, ECHO_REPLY, UPDATE, FRAME];
