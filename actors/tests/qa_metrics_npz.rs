//! How much memory it takes to read a long session's data. A test of its own, because it looks at its process.

use std::fs;
use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use hubbub_actors::fleet::qa_metrics::npz::measure;
use hubbub_actors::fleet::qa_metrics::state::{Data, Folder, session};
use rawzip::{CompressionMethod, ZipArchiveWriter};

/// Sixteen hours at 72 frames per second.
const FRAMES: usize = 1 << 22;

#[test]
fn a_long_session_is_never_in_memory_as_a_whole() {
    let file = long_session();
    let before = peak_kib();
    let measured = measure(Cursor::new(&file)).expect("a good file");
    let grown = peak_kib() - before;
    let folder = Folder::parse("20260206_120000").expect("a folder");
    let stages = session(&folder, true, &Data::Measured(measured)).stages;
    assert_eq!(stages.capture_quality.total_frames, FRAMES as u64);
    // Its largest array has 16 MiB.
    assert!(grown < 2048, "the peak grew by {grown} KiB");
}

fn long_session() -> Vec<u8> {
    let arrays = [
        ("left_confidence", "<f4", 4),
        ("right_confidence", "<f4", 4),
        ("both_hands_not_in_frame", "|b1", 1),
        ("hand_speed_exceeded", "|b1", 1),
        ("tracking_errors", "|b1", 1),
    ];
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, descr, size) in arrays {
        let path = format!("{name}.npy");
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({FRAMES},), }}\n");
        let (mut entry, config) = zip.new_file(&path).compression_method(CompressionMethod::DEFLATE).start().expect("an entry");
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        writer.write_all(b"\x93NUMPY\x01\x00").expect("it is memory");
        writer.write_all(&u16::try_from(header.len()).expect("short").to_le_bytes()).expect("it is memory");
        writer.write_all(header.as_bytes()).expect("it is memory");
        for _ in 0..FRAMES * size / 65_536 {
            writer.write_all(&[0; 65_536]).expect("it is memory");
        }
        let (encoder, descriptor) = writer.finish().expect("it is memory");
        encoder.finish().expect("it is memory");
        entry.finish(descriptor).expect("it is memory");
    }
    zip.finish().expect("it is memory")
}

/// Returns the most memory that this process had so far.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux machine");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}
