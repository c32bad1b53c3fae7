//! What a session knows of the uploads of its files. No actor, no clock, no I/O.
//!
//! Decision: an upload counts for all devices of a session. Reason: it names a recording's timestamp and no device, and a recording has one
//! video and one file of tracking data, however many headsets took part. A document that ties files to devices would change our mind.

use hubbub_protocol::fleet::sessions::UploadStatus;
use hubbub_protocol::fleet::uploads::FileType;
use serde::{Deserialize, Serialize};

use crate::kit::clock::Timestamp;

/// An upload's word about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadWord {
    /// What tells it from others.
    pub ticket: String,
    /// The files that it brings.
    pub files: Vec<FileType>,
    /// When it began.
    pub started: Timestamp,
    /// What of them is here.
    pub arrived_bytes: u64,
    /// How long they are together, if that is known.
    pub expected_bytes: Option<u64>,
    /// How it is.
    pub status: UploadStatus,
    /// The run of the process with which it ends, if it does.
    pub boot_id: Option<u64>,
}

/// What a word has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that is shown.
    Nothing,
    /// How far an upload is.
    Progress,
    /// That an upload runs, or how it has ended.
    Step,
}

/// The newest uploads of a session's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploads(Vec<UploadWord>);

impl Uploads {
    /// Takes an upload's word. A new upload takes the place of older ones of the same files; what has ended stays as it ended.
    pub fn hear(&mut self, word: UploadWord) -> Heard {
        if let Some(known) = self.0.iter_mut().find(|known| known.ticket == word.ticket) {
            return known.hear(word);
        }
        let is_of_same_files = |known: &UploadWord| known.files.iter().any(|file| word.files.contains(file));
        let is_superseded = self.0.iter().any(|known| is_of_same_files(known) && known.started > word.started);
        if is_superseded || word.status == UploadStatus::Failed {
            return Heard::Nothing;
        }
        self.0.retain(|known| !is_of_same_files(known));
        self.0.push(word);
        Heard::Step
    }

    /// Ends the uploads that ended with an earlier run of the process.
    pub fn settle(&mut self, boot_id: u64) {
        for upload in &mut self.0 {
            let is_of_earlier_run = upload.boot_id.is_some_and(|its| its != boot_id);
            if upload.status == UploadStatus::Uploading && is_of_earlier_run {
                upload.status = UploadStatus::Failed;
            }
        }
    }

    /// Returns the state of all together: as long as one runs, they do.
    #[must_use]
    pub fn status(&self) -> UploadStatus {
        let is_any = |status| self.0.iter().any(|upload| upload.status == status);
        let by_weight = [UploadStatus::Uploading, UploadStatus::Failed, UploadStatus::Completed];
        by_weight.into_iter().find(|status| is_any(*status)).unwrap_or_default()
    }

    /// Returns what of all together is here, in per cent, rounded down.
    #[must_use]
    pub fn progress(&self) -> u8 {
        let counted = || self.0.iter().filter_map(|upload| Some((upload.counted_bytes(), upload.expected_bytes?)));
        let arrived: u128 = counted().map(|(arrived, expected)| u128::from(arrived.min(expected))).sum();
        let expected: u128 = counted().map(|(_, expected)| u128::from(expected)).sum();
        let percent = (arrived * 100).checked_div(expected).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }
}

impl UploadWord {
    /// A file that is there is there as a whole, even if it was said to be longer.
    fn counted_bytes(&self) -> u64 {
        let is_there = self.status == UploadStatus::Completed;
        if is_there { self.expected_bytes.unwrap_or(self.arrived_bytes) } else { self.arrived_bytes }
    }

    fn hear(&mut self, word: Self) -> Heard {
        if self.status != UploadStatus::Uploading {
            return Heard::Nothing;
        }
        // Words of parts that arrive at the same time may overtake each other.
        let word = Self { arrived_bytes: word.arrived_bytes.max(self.arrived_bytes), ..word };
        let heard = match () {
            () if word.status != self.status => Heard::Step,
            () if word != *self => Heard::Progress,
            () => Heard::Nothing,
        };
        *self = word;
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UploadStatus::{Completed, Failed, Pending, Uploading};

    const NOON: Timestamp = Timestamp(1_770_379_200_000);

    fn word(ticket: &str, files: &[FileType], arrived: u64, expected: u64, status: UploadStatus) -> UploadWord {
        UploadWord {
            ticket: ticket.to_owned(),
            files: files.to_vec(),
            started: NOON,
            arrived_bytes: arrived,
            expected_bytes: Some(expected),
            status,
            boot_id: None,
        }
    }

    fn video(arrived: u64, status: UploadStatus) -> UploadWord {
        word("v", &[FileType::Video], arrived, 300, status)
    }

    fn data(arrived: u64, status: UploadStatus) -> UploadWord {
        word("d", &[FileType::Data], arrived, 100, status)
    }

    #[test]
    fn two_files_are_one_upload_of_all_their_bytes() {
        let mut uploads = Uploads::default();
        let mut check = |word, heard, status, progress| {
            assert_eq!(uploads.hear(word), heard);
            assert_eq!((uploads.status(), uploads.progress()), (status, progress));
        };
        check(video(0, Failed), Heard::Nothing, Pending, 0);
        check(video(0, Uploading), Heard::Step, Uploading, 0);
        check(video(100, Uploading), Heard::Progress, Uploading, 33);
        check(video(100, Uploading), Heard::Nothing, Uploading, 33);
        check(data(0, Uploading), Heard::Step, Uploading, 25);
        check(video(50, Uploading), Heard::Nothing, Uploading, 25);
        check(data(100, Completed), Heard::Step, Uploading, 50);
        check(video(300, Completed), Heard::Step, Completed, 100);
        check(video(0, Uploading), Heard::Nothing, Completed, 100);
        check(data(100, Failed), Heard::Nothing, Completed, 100);
    }

    #[test]
    fn a_new_upload_takes_the_place_of_older_ones_of_the_same_files() {
        let mut uploads = Uploads::default();
        let both = |ticket: &str, seconds: i64, status| UploadWord {
            started: NOON.plus(seconds * 1000),
            ..word(ticket, &FileType::ALL, 10, 100, status)
        };
        uploads.hear(video(300, Completed));
        uploads.hear(data(50, Uploading));
        assert_eq!(uploads.hear(both("b", 1, Uploading)), Heard::Step);
        assert_eq!((uploads.status(), uploads.progress()), (Uploading, 10));
        assert_eq!(uploads.hear(data(60, Uploading)), Heard::Nothing);
        assert_eq!(uploads.hear(both("b", 1, Failed)), Heard::Step);
        assert_eq!((uploads.status(), uploads.progress()), (Failed, 10));
        assert_eq!(uploads.hear(both("c", 2, Uploading)), Heard::Step);
        assert_eq!(uploads.status(), Uploading);
    }

    #[test]
    fn what_ended_with_the_process_has_failed() {
        let mut uploads = Uploads::default();
        uploads.hear(UploadWord { boot_id: Some(1), ..video(10, Uploading) });
        uploads.hear(data(10, Uploading));
        uploads.settle(1);
        assert_eq!(uploads.0.iter().map(|upload| upload.status).collect::<Vec<_>>(), [Uploading, Uploading]);
        uploads.settle(2);
        assert_eq!(uploads.0.iter().map(|upload| upload.status).collect::<Vec<_>>(), [Failed, Uploading]);
    }

    #[test]
    fn an_unknown_length_is_not_guessed() {
        let mut uploads = Uploads::default();
        uploads.hear(UploadWord { expected_bytes: None, ..video(10, Uploading) });
        assert_eq!((uploads.status(), uploads.progress()), (Uploading, 0));
        uploads.hear(video(1000, Uploading));
        assert_eq!(uploads.progress(), 100);
    }
}
