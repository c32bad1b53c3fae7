//! The production store, on sled: the only file that names it.
