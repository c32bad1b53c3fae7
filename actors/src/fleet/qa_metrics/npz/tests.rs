//! Files that numpy wrote, files that nobody should write, and bytes at random.

mod forge;

use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fleet::qa_metrics::state::{Data, Folder, session};

/// Both were written by numpy 2.4.6: 200 frames, of which the left hand has 10 low ones and the right hand 20, 5 without both hands,
/// 4 too fast, 1 tracking error. The first is `savez_compressed` with `float32`, `bool` and bytes; the second `savez`, with the left
/// hand as `>f8`, the speeds as `int64`, the metadata as text and one array more.
const COMPRESSED: &[u8] = include_bytes!("tests/compressed.npz");
const STORED: &[u8] = include_bytes!("tests/stored.npz");

fn measured(file: &[u8]) -> Result<Measured, String> {
    measure(Cursor::new(file)).map_err(|error| error.to_string())
}

fn marks(file: &[u8]) -> Value {
    let folder = Folder::parse("20260206_143052").expect("a folder");
    let data = Data::Measured(measured(file).expect("a good file"));
    serde_json::to_value(session(&folder, true, &data).stages).expect("a reply")
}

fn check(file: &[u8], expected: &str) {
    assert_eq!(measured(file), Err(expected.to_owned()));
}

#[test]
fn what_numpy_writes_is_read() {
    let expected = json!({
        "stage2_captureQuality": {
            "totalFrames": 200,
            "bothHandsNotInFramePercent": 2.5,
            "trackingErrorsPercent": 0.5,
            "handSpeedExceededPercent": 2,
            "validFramesPercent": 95,
            "score": 95,
        },
        "stage10_validationTests": {
            "npzIntegrityCheck": true,
            "frameCountCheck": true,
            "timestampConsistency": true,
            "score": 100,
        },
        "stage12_trackingConfidence": {
            "leftHandAvgConfidence": 0.9275,
            "rightHandAvgConfidence": 0.905,
            "overallAvgConfidence": 0.9163,
            "lowConfidenceFramesPercent": 7.5,
            "score": 91.63,
        },
    });
    assert_eq!(marks(COMPRESSED), expected);
    assert_eq!(marks(STORED), expected);
}

#[test]
fn a_forged_file_reads_the_same_stored_and_deflated() {
    let arrays = forge::arrays();
    let pairs = || arrays.iter().map(|(name, array)| (*name, array.as_slice()));
    let stored = measured(&forge::stored(pairs())).expect("a good file");
    assert_eq!(measured(&forge::deflated(pairs())), Ok(stored));
}

#[test]
fn an_array_is_read_in_whatever_type_makes_sense() {
    let reference = measured(&forge::with("tracking_errors", forge::flags(&[0, 1, 0, 1])));
    let check = |descr: &str, elements: &[u8]| {
        assert_eq!(measured(&forge::with("tracking_errors", forge::npy(descr, "(4,)", elements))), reference, "{descr}");
    };
    check("|u1", &[0, 7, 0, 255]);
    check("|i1", &[0, 255, 0, 1]);
    check("<i2", &[0, 0, 1, 0, 0, 0, 0, 1]);
    check(">u4", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
    check("<i8", &[[0; 8], [1; 8], [0; 8], [255; 8]].concat());

    let reference = measured(&forge::with("left_confidence", forge::floats(&[0.5, 1.0])));
    let check = |descr: &str, elements: &[u8]| {
        assert_eq!(measured(&forge::with("left_confidence", forge::npy(descr, "(2,)", elements))), reference, "{descr}");
    };
    check(">f4", &[0.5_f32.to_be_bytes(), 1.0_f32.to_be_bytes()].concat());
    check("<f8", &[0.5_f64.to_le_bytes(), 1.0_f64.to_le_bytes()].concat());
    check(">f8", &[0.5_f64.to_be_bytes(), 1.0_f64.to_be_bytes()].concat());
}

#[test]
fn metadata_is_read_in_whatever_form_numpy_keeps_a_text() {
    let text = r#"{"capture_date":"2026-02-06","name":"ä"}"#;
    let reference = measured(&forge::with("metadata", forge::npy(&format!("|S{}", text.len()), "(1,)", text.as_bytes())));
    let check = |descr: &str, shape: &str, elements: &[u8]| {
        let file = forge::with("metadata", forge::npy(descr, shape, elements));
        assert_eq!(measured(&file), reference, "{descr} {shape}");
    };
    let padded = [text.as_bytes(), &[0; 20]].concat();
    check(&format!("|S{}", padded.len()), "()", &padded);
    check("|u1", &format!("({},)", text.len()), text.as_bytes());
    let characters: Vec<char> = text.chars().chain(['\0', '\0']).collect();
    let little: Vec<u8> = characters.iter().flat_map(|one| u32::from(*one).to_le_bytes()).collect();
    check(&format!("<U{}", characters.len()), "()", &little);
    let big: Vec<u8> = characters.iter().flat_map(|one| u32::from(*one).to_be_bytes()).collect();
    check(&format!(">U{}", characters.len()), "(1,)", &big);
}

#[test]
fn metadata_that_is_no_json_is_metadata_that_fails_its_check() {
    let check = |array: Vec<u8>| {
        assert_eq!(marks(&forge::with("metadata", array))["stage10_validationTests"]["npzIntegrityCheck"], false);
    };
    check(forge::npy("|S3", "(1,)", b"\xff\xff\xff"));
    check(forge::npy("|S3", "(1,)", b"abc"));
    check(forge::npy("|S0", "(1,)", b""));
    check(forge::npy("<U1", "()", &[0, 0, 255, 255]));
}

#[test]
fn arrays_that_nobody_asked_for_are_not_touched() {
    let objects = forge::npy("|O", "(1,)", b"cos\nsystem\n(S'true'\ntR.");
    let file = forge::with("pose", objects);
    assert!(measured(&file).is_ok());
    assert_eq!(measured(&forge::deflated([])), Ok(Measured::default()));
}

#[test]
fn a_file_of_another_kind_is_none() {
    check(b"", "this is no NPZ file");
    check(b"{\"a\":1}", "this is no NPZ file");
    check(&forge::floats(&[1.0]), "this is no NPZ file");
    check(&vec![0; 1 << 20], "this is no NPZ file");
    check(b"PK\x03\x04", "the NPZ file is cut short: its end is missing");
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_unreadable() {
    for file in [COMPRESSED, STORED] {
        for length in (0..file.len()).step_by(7).chain([file.len() - 1]) {
            let error = measured(&file[..length]).expect_err("no file without an end is read");
            let expected = if length < 4 { "this is no NPZ file" } else { "the NPZ file is cut short: its end is missing" };
            assert_eq!(error, expected, "{length} of {}", file.len());
        }
    }
}

#[test]
fn pickled_objects_are_refused() {
    let pickled = forge::npy("|O", "(4,)", b"\x80\x04N.");
    check(&forge::with("metadata", pickled.clone()), "`metadata` has pickled objects");
    check(&forge::with("left_confidence", pickled), "`left_confidence` has pickled objects");
}

#[test]
fn types_and_shapes_that_make_no_sense_are_refused() {
    let array = |name, descr, shape, size| forge::with(name, forge::npy(descr, shape, &vec![0; size]));
    check(&array("left_confidence", "<f2", "(4,)", 8), "`left_confidence` has elements of the type f2");
    check(&array("left_confidence", "<i8", "(4,)", 32), "`left_confidence` has elements of the type i8");
    check(&array("left_confidence", "<c8", "(4,)", 32), "`left_confidence` has elements of the type c8");
    check(&array("left_confidence", "<M8[us]", "(4,)", 32), "`left_confidence` has elements of the type <M8[us]");
    check(&array("tracking_errors", "<f4", "(4,)", 16), "`tracking_errors` has elements of the type f4");
    check(&array("tracking_errors", "<i16", "(4,)", 64), "`tracking_errors` has elements of the type i16");
    check(&array("tracking_errors", "|b0", "(4,)", 0), "`tracking_errors` has elements of the type b0");
    check(&array("metadata", "<f8", "(1,)", 8), "`metadata` has elements of the type f8");
    check(&array("left_confidence", "<f4", "(2, 2)", 16), "`left_confidence` has the shape (2, 2)");
    check(&array("left_confidence", "<f4", "()", 4), "`left_confidence` has the shape ()");
    check(&array("metadata", "|S2", "(2,)", 4), "`metadata` has the shape (2,)");
    check(&array("metadata", "|u1", "()", 1), "`metadata` has the shape ()");
    let record = forge::raw_npy(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", &[0; 4]);
    check(&forge::with("left_confidence", record), "`left_confidence` has elements of the type record");
}

#[test]
fn a_header_that_lies_is_refused() {
    check(&forge::with("metadata", b"{}".to_vec()), "`metadata` is no array");
    check(&forge::with("metadata", b"\x93NUMPX\x01\x00".to_vec()), "`metadata` is no array");
    check(&forge::with("metadata", forge::raw_npy(9, "{}", b"")), "`metadata` is an array of the unknown version 9");
    let long = forge::raw_npy(2, &" ".repeat(5000), b"");
    check(&forge::with("metadata", long), "`metadata` has a header that cannot be read: it is too long");
    let endless = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
    check(&forge::with("metadata", endless), "`metadata` has a header that cannot be read: it is too long");
    let cut = b"\x93NUMPY\x01\x00\xff\x00{'descr".to_vec();
    check(&forge::with("metadata", cut), "`metadata` is damaged: failed to fill whole buffer");
    let high = forge::npy("<f4", "(4,)", &[0; 12]);
    check(&forge::with("left_confidence", high), "`left_confidence` has 80 bytes where its shape says 84");
    let low = forge::npy("<f4", "(4,)", &[0; 20]);
    check(&forge::with("left_confidence", low), "`left_confidence` has 88 bytes where its shape says 84");
    let huge = forge::npy("<f4", "(18446744073709551615,)", b"");
    check(
        &forge::with("left_confidence", huge),
        "`left_confidence` is too large: 18446744073709551615 where at most 16777216 make sense",
    );
    let huge = forge::npy("<U9223372036854775807", "()", b"");
    check(&forge::with("metadata", huge), "`metadata` is too large: 18446744073709551615 where at most 1048576 make sense");
}

#[test]
fn versions_two_and_three_of_arrays_are_read() {
    for version in [2, 3] {
        let array = forge::raw_npy(version, "{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }\n", &[0; 4]);
        assert_eq!(
            measured(&forge::with("tracking_errors", array)),
            measured(&forge::with("tracking_errors", forge::flags(&[0; 4])))
        );
    }
}

#[test]
fn entries_that_numpy_does_not_write_are_refused() {
    let good = || forge::with("tracking_errors", forge::flags(&[0; 4]));
    let encrypted = forge::patch_directory(good(), "tracking_errors", 8, &[9]);
    check(&encrypted, "`tracking_errors` is encrypted");
    let bzip2 = forge::patch_directory(good(), "tracking_errors", 10, &[12]);
    check(&bzip2, "`tracking_errors` is compressed in a way that numpy does not use");
    let arrays = forge::arrays();
    let twice = forge::deflated([("metadata", arrays["metadata"].as_slice()), ("metadata", arrays["metadata"].as_slice())]);
    check(&twice, "the NPZ file has `metadata` more than once");
}

#[test]
fn bytes_that_are_not_those_that_were_written_are_noticed() {
    let good = || forge::stored([("tracking_errors", forge::flags(&[0; 4]).as_slice())]);
    let mut flipped = good();
    let at = flipped.windows(6).position(|bytes| bytes == b"\x93NUMPY").expect("an array") + 68;
    flipped[at] ^= 1;
    assert!(measured(&good()).is_ok());
    assert!(measured(&flipped).expect_err("a wrong sum").starts_with("`tracking_errors` is damaged: "));
    let sum = forge::patch_directory(good(), "tracking_errors", 16, &[1, 2, 3, 4]);
    assert!(measured(&sum).expect_err("a wrong sum").starts_with("`tracking_errors` is damaged: "));
    let elsewhere = forge::patch_directory(good(), "tracking_errors", 42, &[1, 0, 0, 0]);
    assert!(measured(&elsewhere).expect_err("a wrong place").starts_with("`tracking_errors` is damaged: "));
}

#[test]
fn an_entry_that_inflates_beyond_its_shape_is_refused() {
    // Zeros behind a header of four frames: with their true number in the directory, and with the shape's.
    let mut bomb = forge::npy("|b1", "(4,)", &[]);
    let header = bomb.len();
    bomb.resize(2 << 20, 0);
    let honest = forge::deflated([("tracking_errors", bomb.as_slice())]);
    check(&honest, &format!("`tracking_errors` has {} bytes where its shape says {}", 2 << 20, header + 4));
    let size = u32::try_from(header + 4).expect("small").to_le_bytes();
    let dishonest = measured(&forge::patch_directory(honest, "tracking_errors", 24, &size)).expect_err("a bomb");
    assert!(dishonest.starts_with("`tracking_errors` is damaged: invalid size: expected "), "{dishonest}");
}

#[test]
fn an_entry_that_is_packed_into_more_than_it_has_is_refused() {
    let mut packed = vec![0; 1 << 20];
    packed.extend(forge::flags(&[0; 4]));
    let file = forge::stored([("tracking_errors", packed.as_slice())]);
    let file = forge::patch_directory(file, "tracking_errors", 24, &[68, 0, 0, 0]);
    check(&file, "`tracking_errors` is damaged: it is packed into more bytes than it has");
}

#[test]
fn a_directory_that_lies_is_refused() {
    let empty: &[u8] = &[];
    let names: Vec<String> = (0..1025).map(|number| format!("a{number}")).collect();
    check(&forge::stored(names.iter().map(|name| (name.as_str(), empty))), "the NPZ file has more than 1024 entries");
    let good = || forge::with("tracking_errors", forge::flags(&[0; 4]));
    check(&forge::patch_end(good(), 10, &[0xff, 0xff]), "the NPZ file has more than 1024 entries");
    check(&forge::patch_end(good(), 10, &[5, 0]), "the NPZ file's directory is damaged: it has other entries than it says");
    let elsewhere = measured(&forge::patch_end(good(), 12, &[7, 0, 0, 0, 9, 0, 0, 0])).expect_err("no directory there");
    assert!(elsewhere.starts_with("the NPZ file's directory is damaged: "), "{elsewhere}");
}

/// Remembers how much was read.
struct Counted<R> {
    inner: R,
    read: Rc<Cell<usize>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.set(self.read.get() + read);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// 20 GiB of zeros, and at their end a directory that says it has four billion entries.
struct Endless {
    at: u64,
    end: Vec<u8>,
}

const ENDLESS: u64 = 20 << 30;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = ENDLESS - self.end.len() as u64;
        let length = usize::try_from(ENDLESS.saturating_sub(self.at)).map_or(buffer.len(), |left| left.min(buffer.len()));
        for (offset, byte) in buffer[..length].iter_mut().enumerate() {
            let at = self.at + offset as u64;
            *byte = if at < start { 0 } else { self.end[usize::try_from(at - start).expect("small")] };
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(offset) => ENDLESS.saturating_add_signed(offset),
            SeekFrom::Current(offset) => self.at.saturating_add_signed(offset),
        };
        Ok(self.at)
    }
}

#[test]
fn a_file_of_twenty_gigabytes_is_refused_by_its_end() {
    let check = |end: &[u8], expected: &str| {
        let read = Rc::new(Cell::new(0));
        let file = Counted { inner: Endless { at: 0, end: end.to_vec() }, read: Rc::clone(&read) };
        assert_eq!(measure(file).expect_err("no archive").to_string(), expected);
        assert!(read.get() < 512 * 1024, "{} bytes read", read.get());
    };
    check(&[], "this is no NPZ file");
    let place = ENDLESS - 22 - 20 - 56;
    let mut end = b"PK\x06\x06".to_vec();
    end.extend(44_u64.to_le_bytes());
    end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    end.extend(u64::from(u32::MAX).to_le_bytes());
    end.extend(u64::from(u32::MAX).to_le_bytes());
    end.extend((46 * u64::from(u32::MAX)).to_le_bytes());
    end.extend(1024_u64.to_le_bytes());
    end.extend(b"PK\x06\x07\0\0\0\0");
    end.extend(place.to_le_bytes());
    end.extend([1, 0, 0, 0]);
    end.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    check(&end, "the NPZ file has more than 1024 entries");
}

/// A disk that fails is no fault of the file.
#[test]
fn a_disk_that_fails_is_said_to() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }

    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }

    let error = measure(Broken).expect_err("nothing to read");
    assert_eq!(error.to_string(), "the file cannot be read: the disk is gone");
    assert!(matches!(error, Unreadable::Io(_)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = measured(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(
        is_stored in any::<bool>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = if is_stored { STORED.to_vec() } else { COMPRESSED.to_vec() };
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = measured(&file);
        let _ = measured(&file[cut.index(file.len())..]);
    }

    /// Almost all structure is in the directory and the last record: the damage goes there.
    #[test]
    fn no_damage_of_the_directory_makes_it_panic(damage in proptest::collection::vec((0_usize..600, any::<u8>()), 1..8)) {
        let mut file = COMPRESSED.to_vec();
        for (from_end, byte) in damage {
            let at = file.len() - 1 - from_end;
            file[at] = byte;
        }
        let _ = measured(&file);
    }
}
