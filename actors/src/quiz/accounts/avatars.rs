//! Avatars: a picture per account.

mod blocks;
mod gif;
pub mod picture;
mod webp;
