mod accounts;
mod avatars;
mod profile;
