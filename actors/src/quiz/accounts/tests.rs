mod accounts;
mod avatars;
mod foreign;
mod profile;
mod stored;
