//! The figures as a table: the median of the rounds for each server, and the ratio of the first to each other.

/// One run's figures.
#[derive(Clone)]
pub struct Row {
    pub per_second: f64,
    pub cpu_per_million: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub missing: u64,
    pub reordered: u64,
    pub peak_mib: f64,
}

pub fn heading() {
    println!(
        "{:<22} {:<10} {:>12} {:>14} {:>9} {:>9} {:>8} {:>9} {:>9}",
        "scenario", "server", "per second", "CPU s/million", "p50 ms", "p99 ms", "missing", "reordered", "peak MiB"
    );
}

/// Adds a round's figures to its server's.
pub fn keep(rows: &mut Vec<(String, Vec<Row>)>, server: &str, row: Row) {
    match rows.iter_mut().find(|(name, _)| name == server) {
        Some((_, rounds)) => rounds.push(row),
        None => rows.push((server.to_owned(), vec![row])),
    }
}

pub fn print(scenario: &str, rows: &[(String, Vec<Row>)]) {
    let medians: Vec<(&str, Row)> = rows.iter().map(|(name, rounds)| (name.as_str(), median(rounds))).collect();
    for (name, row) in &medians {
        println!(
            "{scenario:<22} {name:<10} {:>12.0} {:>14.2} {:>9.2} {:>9.2} {:>8} {:>9} {:>9.1}",
            row.per_second, row.cpu_per_million, row.p50_ms, row.p99_ms, row.missing, row.reordered, row.peak_mib
        );
    }
    if let Some(((first, ours), others)) = medians.split_first() {
        for (name, theirs) in others {
            println!(
                "{scenario:<22} {:<10} {:>11.2}x {:>13.2}x {:>8.2}x {:>8.2}x",
                format!("{first}/{name}").chars().take(10).collect::<String>(),
                ours.per_second / theirs.per_second,
                ours.cpu_per_million / theirs.cpu_per_million,
                ours.p50_ms / theirs.p50_ms,
                ours.p99_ms / theirs.p99_ms,
            );
        }
    }
}

/// The middle of each figure on its own; faults are added up, so that none is averaged away.
fn median(rounds: &[Row]) -> Row {
    let middle = |figure: fn(&Row) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Row {
        per_second: middle(|row| row.per_second),
        cpu_per_million: middle(|row| row.cpu_per_million),
        p50_ms: middle(|row| row.p50_ms),
        p99_ms: middle(|row| row.p99_ms),
        missing: rounds.iter().map(|row| row.missing).sum(),
        reordered: rounds.iter().map(|row| row.reordered).sum(),
        peak_mib: middle(|row| row.peak_mib),
    }
}
