//! The configuration for people: the table of all keys, and the values in force.

use std::fmt::Write;

use super::reader::Key;

/// Writes the table of keys as Markdown.
#[must_use]
pub fn keys_table(keys: &[Key]) -> String {
    let mut table = String::from("| key | default | allowed | meaning |\n|---|---|---|---|\n");
    for Key { name, default, allowed, help, .. } in keys {
        let default = if default.starts_with('(') { default.clone() } else { format!("`{default}`") };
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{name}` | {default} | {allowed} | {help} |");
    }
    table
}

/// Writes the values in force as a TOML file that would give the same configuration; secrets are left out.
#[must_use]
pub fn effective(keys: &[Key]) -> String {
    let mut file = String::new();
    let mut current_section = "";
    for key in keys {
        let (section, name) = key.name.split_once('.').unwrap_or(("", &key.name));
        if section != current_section {
            let _ = writeln!(file, "\n[{section}]");
            current_section = section;
        }
        let _ = match &key.effective {
            Some(value) => writeln!(file, "{name} = {value}"),
            None => writeln!(file, "# {name}: {}, by default {}", key.remark, key.default),
        };
    }
    file
}
