//! Check, export and import a store.
