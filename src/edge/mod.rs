//! The HTTP edge: everything between a request's bytes and `ask`, for any system. It never names one.
//!
//! Reading order: [`endpoint`] (a system's table of routes), [`mount`] (the table on an application), [`serve`] (what
//! happens to every request, in order), then the steps: [`throttle`], [`origin`] and [`cors`], [`access`], [`decode`]
//! ([`body`], [`fields`], [`form`], [`large_form`], [`upload`]), [`refusal`], [`observe`] and [`traffic`]; [`address`] says who the client is.

pub mod access;
pub mod address;
pub mod body;
pub mod cors;
pub mod decode;
pub mod endpoint;
pub mod fields;
pub mod form;
pub mod large_form;
pub mod mount;
pub mod observe;
pub mod origin;
pub mod refusal;
pub mod serve;
mod text;
pub mod throttle;
pub mod traffic;
pub mod upload;

pub use access::{AdminKey, Authenticate, Gate, Identity};
pub use address::{Network, TrustedProxies};
pub use body::BodyLimits;
pub use endpoint::{Call, Edge, Endpoints, Outcome};
pub use mount::{ListedRoute, Mounted};
pub use observe::{Observer, Served, Unobserved};
pub use origin::OriginPolicy;
pub use throttle::Throttle;
pub use traffic::{SystemTraffic, Traffic};
