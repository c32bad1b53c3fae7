//! The statistics of a bucket, object by object. No actor, no clock, no I/O.
//!
//! What is kept grows with what the answer lists (recordings, outputs, days) and by eight bytes per video and data file, for the medians.

use std::collections::BTreeMap;

use hubbub_protocol::fleet::figures::{Fixed, Gigabytes, Megabytes};
use hubbub_protocol::fleet::s3_stats::{
    Completeness, Costs, Insights, NpzStats, OutputFile, Overview, ProcessedOutputs, S3Stats, SessionEntry, Sessions,
    TimelineEntry, TypeEntry, VideoStats,
};
use hubbub_protocol::fleet::uploads::S3Key;

use crate::kit::clock::Timestamp;

/// Objects without an ending, and those whose endings are too many or too odd to be listed.
const OTHER: &str = "other";
/// How many endings are listed besides the three of recordings.
const MAX_OTHER_ENDINGS: usize = 32;
/// The longest ending that is listed.
const MAX_ENDING_BYTES: usize = 16;

/// Prices per GiB and month, in hundred-thousandths of a US dollar.
const STANDARD: u64 = 2300;
const INTELLIGENT_TIERING: u64 = 1950;
const GLACIER_DEEP_ARCHIVE: u64 = 99;

/// Statistics in the making.
#[derive(Debug, Default)]
pub struct Tally {
    all: Sum,
    mp4: Sum,
    npz: Sum,
    zip: Sum,
    others: BTreeMap<String, Sum>,
    sessions: BTreeMap<String, Folder>,
    outputs: Vec<OutputFile>,
    days: BTreeMap<String, Day>,
    mp4_sizes: Vec<u64>,
    npz_sizes: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    bytes: u64,
}

#[derive(Debug, Default)]
struct Folder {
    all: Sum,
    has_mp4: bool,
    has_npz: bool,
}

#[derive(Debug, Default)]
struct Day {
    all: Sum,
    mp4: u64,
    npz: u64,
    zip: u64,
}

impl Tally {
    /// Adds one object. The "folders" that S3's console makes, empty objects whose key ends in a slash, are none.
    pub fn add(&mut self, key: &str, size_bytes: u64, modified: Timestamp) {
        let name = key.rsplit('/').next().unwrap_or(key);
        if name.is_empty() {
            return;
        }
        let ending = ending(name);
        self.all.add(size_bytes);
        match ending.as_str() {
            "mp4" => {
                self.mp4.add(size_bytes);
                self.mp4_sizes.push(size_bytes);
            }
            "npz" => {
                self.npz.add(size_bytes);
                self.npz_sizes.push(size_bytes);
            }
            "zip" => {
                self.zip.add(size_bytes);
                let (name, size_gb) = (name.to_owned(), Gigabytes(size_bytes));
                self.outputs.push(OutputFile { name, size_gb, date: modified.iso() });
            }
            _ => self.other(&ending).add(size_bytes),
        }
        self.add_to_session(key, &ending, size_bytes);
        self.add_to_day(&ending, size_bytes, modified);
    }

    fn other(&mut self, ending: &str) -> &mut Sum {
        let is_listed = self.others.contains_key(ending) || self.others.len() < MAX_OTHER_ENDINGS;
        self.others.entry(if is_listed { ending } else { OTHER }.to_owned()).or_default()
    }

    fn add_to_session(&mut self, key: &str, ending: &str, size_bytes: u64) {
        let mut parts = key.splitn(3, '/');
        let (Some(S3Key::ROOT), Some(id), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return };
        if !self.sessions.contains_key(id) {
            self.sessions.insert(id.to_owned(), Folder::default());
        }
        if let Some(folder) = self.sessions.get_mut(id) {
            folder.all.add(size_bytes);
            folder.has_mp4 |= ending == "mp4";
            folder.has_npz |= ending == "npz";
        }
    }

    fn add_to_day(&mut self, ending: &str, size_bytes: u64, modified: Timestamp) {
        let mut date = modified.iso();
        date.truncate("2026-02-06".len());
        let day = self.days.entry(date).or_default();
        day.all.add(size_bytes);
        match ending {
            "mp4" => day.mp4 += 1,
            "npz" => day.npz += 1,
            "zip" => day.zip += 1,
            _ => {}
        }
    }

    /// Returns the statistics of everything that was added; the bucket was looked at `now`.
    #[must_use]
    pub fn finish(mut self, now: Timestamp) -> S3Stats {
        let sessions: Vec<SessionEntry> = std::mem::take(&mut self.sessions).into_iter().map(session).collect();
        let complete = sessions.iter().filter(|session| session.status == Completeness::Complete).count() as u64;
        let total = sessions.len() as u64;
        S3Stats {
            overview: Overview {
                total_files: self.all.count,
                total_size_gb: Gigabytes(self.all.bytes),
                total_size_bytes: self.all.bytes,
                average_file_size_mb: Megabytes(self.all.mean()),
                last_updated: now.iso(),
            },
            by_type: self.by_type(),
            sessions: Sessions { total, complete, incomplete: total - complete, sessions },
            processed_outputs: ProcessedOutputs {
                count: self.zip.count,
                size_gb: Gigabytes(self.zip.bytes),
                files: std::mem::take(&mut self.outputs),
            },
            timeline: std::mem::take(&mut self.days).into_iter().map(day).collect(),
            costs: costs(self.all.bytes, complete),
            insights: Insights {
                video_stats: video_stats(self.mp4, &mut self.mp4_sizes),
                npz_stats: npz_stats(self.npz, &mut self.npz_sizes),
            },
        }
    }

    fn by_type(&self) -> indexmap::IndexMap<String, TypeEntry> {
        let recordings = [("mp4", self.mp4), ("npz", self.npz), ("zip", self.zip)];
        let others = self.others.iter().map(|(ending, sum)| (ending.as_str(), *sum));
        let entry = |(ending, sum): (&str, Sum)| {
            let percentage = Fixed::ratio(u128::from(sum.bytes) * 100, self.all.bytes.into());
            (ending.to_owned(), TypeEntry { count: sum.count, size_gb: Gigabytes(sum.bytes), percentage })
        };
        recordings.into_iter().chain(others).map(entry).collect()
    }
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn mean(self) -> u64 {
        self.bytes.checked_div(self.count).unwrap_or(0)
    }
}

/// Returns what follows the last dot of a name, in lower case.
fn ending(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_plain = !ending.is_empty() && ending.bytes().all(|one| one.is_ascii_alphanumeric());
    if is_plain && ending.len() <= MAX_ENDING_BYTES { ending.to_ascii_lowercase() } else { OTHER.to_owned() }
}

fn session((id, folder): (String, Folder)) -> SessionEntry {
    let Folder { all, has_mp4, has_npz } = folder;
    let status = if has_mp4 && has_npz { Completeness::Complete } else { Completeness::Incomplete };
    SessionEntry { id, files: all.count, size_gb: Gigabytes(all.bytes), has_mp4, has_npz, status }
}

fn day((date, day): (String, Day)) -> TimelineEntry {
    TimelineEntry {
        date,
        files: day.all.count,
        size_gb: Gigabytes(day.all.bytes),
        mp4_count: day.mp4,
        npz_count: day.npz,
        zip_count: day.zip,
    }
}

fn costs(bytes: u64, complete: u64) -> Costs {
    let monthly = |price: u64| Fixed::<2>::ratio(u128::from(bytes) * u128::from(price), 100_000 << 30);
    let current_monthly = monthly(STANDARD);
    Costs {
        current_monthly,
        intelligent_tiering: monthly(INTELLIGENT_TIERING),
        glacier_deep_archive: monthly(GLACIER_DEEP_ARCHIVE),
        cost_per_session: Fixed::ratio(current_monthly.0.into(), u128::from(complete) * 100),
    }
}

fn video_stats(sum: Sum, sizes: &mut [u64]) -> VideoStats {
    let [min, median, max] = spread(sizes).map(Gigabytes);
    VideoStats { count: sum.count, min_gb: min, max_gb: max, avg_gb: Gigabytes(sum.mean()), median_gb: median }
}

fn npz_stats(sum: Sum, sizes: &mut [u64]) -> NpzStats {
    let [min, median, max] = spread(sizes).map(Megabytes);
    NpzStats { count: sum.count, min_mb: min, max_mb: max, avg_mb: Megabytes(sum.mean()), median_mb: median }
}

/// Returns the smallest, the middle and the largest; zeros of none. The middle of an even number is the mean of the two.
fn spread(sizes: &mut [u64]) -> [u64; 3] {
    sizes.sort_unstable();
    let at = |index: usize| sizes.get(index).copied().unwrap_or(0);
    let (upper, last) = (sizes.len() / 2, sizes.len().saturating_sub(1));
    let lower = if sizes.len().is_multiple_of(2) { upper.saturating_sub(1) } else { upper };
    [at(0), at(lower).midpoint(at(upper)), at(last)]
}

#[cfg(test)]
mod tests;
