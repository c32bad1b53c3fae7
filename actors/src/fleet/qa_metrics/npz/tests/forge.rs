//! Makes data files, good ones and others.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

/// Returns an array as numpy writes it.
pub fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    raw_npy(1, &format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"), elements)
}

/// Returns an array with any header.
pub fn raw_npy(version: u8, header: &str, elements: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend(u16::try_from(header.len()).expect("a short header").to_le_bytes()),
        _ => bytes.extend(u32::try_from(header.len()).expect("a short header").to_le_bytes()),
    }
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(elements);
    bytes
}

/// Returns an array of confidences.
pub fn floats(frames: &[f32]) -> Vec<u8> {
    let elements: Vec<u8> = frames.iter().flat_map(|frame| frame.to_le_bytes()).collect();
    npy("<f4", &format!("({},)", frames.len()), &elements)
}

/// Returns an array of flags.
pub fn flags(frames: &[u8]) -> Vec<u8> {
    npy("|b1", &format!("({},)", frames.len()), frames)
}

/// Returns the arrays of a session of four frames.
pub fn arrays() -> BTreeMap<&'static str, Vec<u8>> {
    let metadata = br#"{"capture_date":"2026-02-06T12:00:00Z"}"#;
    BTreeMap::from([
        ("left_confidence", floats(&[1.0, 1.0, 1.0, 0.5])),
        ("right_confidence", floats(&[0.9, 0.9, 0.9, 0.9])),
        ("both_hands_not_in_frame", flags(&[0, 0, 0, 1])),
        ("tracking_errors", flags(&[0, 0, 0, 0])),
        ("hand_speed_exceeded", flags(&[0, 0, 0, 0])),
        ("metadata", npy(&format!("|S{}", metadata.len()), "(1,)", metadata)),
    ])
}

/// Returns those arrays with another in the place of one of them.
pub fn with(name: &'static str, array: Vec<u8>) -> Vec<u8> {
    let mut arrays = arrays();
    arrays.insert(name, array);
    deflated(arrays.iter().map(|(name, array)| (*name, array.as_slice())))
}

/// Returns an archive as `savez_compressed` makes it.
pub fn deflated<'a>(arrays: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, array) in arrays {
        let path = format!("{name}.npy");
        let (mut entry, config) = zip.new_file(&path).compression_method(CompressionMethod::DEFLATE).start().expect("an entry");
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(array).expect("it is memory");
        let (encoder, descriptor) = writer.finish().expect("it is memory");
        encoder.finish().expect("it is memory");
        entry.finish(descriptor).expect("it is memory");
    }
    zip.finish().expect("it is memory")
}

/// Returns an archive as `savez` makes it.
pub fn stored<'a>(arrays: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, array) in arrays {
        let path = format!("{name}.npy");
        let (mut entry, config) = zip.new_file(&path).compression_method(CompressionMethod::STORE).start().expect("an entry");
        let mut writer = config.wrap(&mut entry);
        writer.write_all(array).expect("it is memory");
        let (_, descriptor) = writer.finish().expect("it is memory");
        entry.finish(descriptor).expect("it is memory");
    }
    zip.finish().expect("it is memory")
}

/// Overwrites bytes of an entry's line in the directory: `at` counts from its signature.
pub fn patch_directory(mut file: Vec<u8>, name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    let path = format!("{name}.npy");
    let line = (0..file.len()).find(|start| {
        let is_line = file[*start..].starts_with(b"PK\x01\x02");
        is_line && file[*start..].get(46..).is_some_and(|rest| rest.starts_with(path.as_bytes()))
    });
    let at = line.expect("the entry has a line") + at;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// Overwrites bytes of the last record: `at` counts from its signature.
pub fn patch_end(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let at = file.len() - 22 + at;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}
