//! What a peer may make the decoders spend. Every limit is checked before the memory it guards is allocated.

/// Bounds on hostile input; one value per system, shared by its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One WebSocket message, or one polling body.
    pub max_payload_bytes: usize,
    /// Binary attachments of one Socket.IO packet.
    pub max_attachments: usize,
    /// All attachments of one Socket.IO packet together.
    pub max_attachment_bytes: usize,
    /// Engine.IO packets in one polling body.
    pub max_payload_packets: usize,
    /// WebSocket frames in one message.
    pub max_fragments: usize,
    /// Arrays and objects inside one another in a Socket.IO payload; the list of arguments is the first level.
    pub max_depth: usize,
    /// Arguments of one event or acknowledgement.
    pub max_arguments: usize,
    /// Values in one payload that has to be held as a tree (MessagePack, or JSON with attachments): a tree takes some
    /// forty bytes for what may be one byte on the wire.
    pub max_values: usize,
    /// The greatest acknowledgement id: what JavaScript counts exactly.
    pub max_ack_id: u64,
    /// The name of a namespace.
    pub max_namespace_bytes: usize,
}

impl Limits {
    /// Returns the defaults around a message size.
    #[must_use]
    pub const fn new(max_payload_bytes: usize) -> Self {
        Self {
            max_payload_bytes,
            max_attachments: 10,
            max_attachment_bytes: max_payload_bytes,
            max_payload_packets: 1000,
            max_fragments: 128,
            max_depth: 64,
            max_arguments: 1024,
            max_values: 262_144,
            max_ack_id: 9_007_199_254_740_991,
            max_namespace_bytes: 128,
        }
    }
}
