//! The figures as JSON, for programs.

use super::figures::Figures;

/// Writes the figures as one object and a line end.
#[must_use]
pub fn text(figures: &Figures) -> String {
    let json = serde_json::to_string_pretty(figures).expect("figures are numbers and texts");
    json + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::summary::tests::figures;

    #[test]
    fn a_program_finds_every_figure_by_its_name() {
        let json: serde_json::Value = serde_json::from_str(&text(&figures())).expect("JSON");
        assert_eq!(json["scenario"], "broadcast");
        assert_eq!(json["options"][0], serde_json::json!(["--subscribers", "1000"]));
        assert_eq!(json["latency_ms"]["p99"], 12.0);
        assert_eq!(json["checks"]["missing"], 3);
        assert_eq!(json["server"]["pid"], 42);
        assert_eq!(json["timeline"][1]["server_cores"], 0.98);
        assert_eq!(json["is_partial"], false);
    }
}
