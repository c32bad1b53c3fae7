//! The ZIP archive around the arrays.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, ErrorKind, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipEntry, ZipLocator,
};

use super::{MAX_ENTRIES, PIECE_BYTES, Unreadable};

/// How far from its end a file may have its last record: as far as the longest comment puts it.
const END_BYTES: u64 = 22 + 65_535;
/// By how many bytes, and a hundredth, an entry may be larger than what is in it: empty blocks without end are no data.
const PACKING_BYTES: u64 = 4096;
/// How an archive that is not empty begins.
const BEGINNING: &[u8] = b"PK\x03\x04";

/// An open archive, and where in it the wanted arrays are.
pub struct Archive<R> {
    zip: ZipArchive<Positioned<R>>,
    found: Vec<Found>,
}

/// A file that is read from wherever it is wanted.
struct Positioned<R>(RefCell<R>);

impl<R: Read + Seek> ReaderAt for Positioned<R> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = self.0.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }
}

struct Found {
    name: &'static str,
    way: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

/// The bytes of one array, inflated; at their end they are checked against the archive's sum.
pub struct Entry<'archive> {
    /// The array's name, for texts.
    pub name: &'static str,
    /// How many bytes the archive says there are.
    pub size_bytes: u64,
    bytes: Box<dyn Read + 'archive>,
    read: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory and remembers where the wanted arrays are.
    ///
    /// # Errors
    /// There is no directory, or it makes no sense, or it has too many entries or an array twice.
    pub fn open(mut file: R, wanted: &[&'static str]) -> Result<Self, Unreadable> {
        let mut beginning = Vec::new();
        file.by_ref().take(BEGINNING.len() as u64).read_to_end(&mut beginning).map_err(Unreadable::Io)?;
        let length = file.seek(SeekFrom::End(0)).map_err(Unreadable::Io)?;
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let locator = ZipLocator::new().max_search_space(END_BYTES);
        let located = locator.locate_in_reader(Positioned(RefCell::new(file)), &mut buffer, length);
        let zip = located.map_err(|(_, error)| unlocated(error, &beginning))?;
        let found = find(&zip, wanted, &mut buffer)?;
        Ok(Self { zip, found })
    }

    /// Opens an array, if it is there.
    ///
    /// # Errors
    /// It is encrypted, compressed in an unknown way, or not where the directory says.
    pub fn entry(&self, name: &str) -> Result<Option<Entry<'_>>, Unreadable> {
        let Some(found) = self.found.iter().find(|found| found.name == name) else { return Ok(None) };
        if found.is_encrypted {
            return Err(Unreadable::Encrypted(found.name));
        }
        let size_bytes = found.way.uncompressed_size_hint();
        let most_packed = size_bytes.saturating_add(size_bytes / 100).saturating_add(PACKING_BYTES);
        if found.way.compressed_size_hint() > most_packed {
            return Err(Unreadable::Damaged(found.name, "it is packed into more bytes than it has".to_owned()));
        }
        let entry = self.zip.get_entry(found.way).map_err(|error| damaged(found.name, error))?;
        Ok(Some(Entry { name: found.name, size_bytes, bytes: bytes(&entry, found)?, read: 0 }))
    }
}

impl Entry<'_> {
    /// Fills the buffer with the next bytes.
    ///
    /// # Errors
    /// There are not so many, or they are damaged.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Unreadable> {
        self.bytes.read_exact(buffer).map_err(|error| unread(self.name, error))?;
        self.read += buffer.len() as u64;
        Ok(())
    }

    /// Returns how many bytes were read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.read
    }

    /// Checks that nothing follows, and that what was read is what was written.
    ///
    /// # Errors
    /// Something follows, or the bytes are damaged.
    pub fn end(&mut self) -> Result<(), Unreadable> {
        match self.bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Unreadable::Damaged(self.name, "it goes on after its end".to_owned())),
            Err(error) => Err(unread(self.name, error)),
        }
    }
}

/// Walks through the directory, which is never in memory as a whole.
fn find<R: Read + Seek>(
    zip: &ZipArchive<Positioned<R>>,
    wanted: &[&'static str],
    buffer: &mut [u8],
) -> Result<Vec<Found>, Unreadable> {
    if zip.entries_hint() > MAX_ENTRIES {
        return Err(Unreadable::TooManyEntries);
    }
    let mut found: Vec<Found> = Vec::new();
    let mut entries = zip.entries(buffer);
    let mut count = 0;
    while let Some(entry) = entries.next_entry().map_err(directory)? {
        count += 1;
        if count > MAX_ENTRIES {
            return Err(Unreadable::TooManyEntries);
        }
        let path = entry.file_path();
        let is_it = |name: &&&'static str| path.as_ref().strip_suffix(b".npy") == Some(name.as_bytes());
        let Some(name) = wanted.iter().find(is_it).copied() else { continue };
        if found.iter().any(|found| found.name == name) {
            return Err(Unreadable::Twice(name));
        }
        let (method, is_encrypted) = (entry.compression_method(), entry.flags().is_encrypted());
        found.push(Found { name, way: entry.wayfinder(), method, is_encrypted });
    }
    if count == zip.entries_hint() {
        Ok(found)
    } else {
        Err(Unreadable::Directory("it has other entries than it says".to_owned()))
    }
}

fn bytes<'archive, R: Read + Seek>(
    entry: &ZipEntry<'archive, Positioned<R>>,
    found: &Found,
) -> Result<Box<dyn Read + 'archive>, Unreadable> {
    let packed = BufReader::with_capacity(PIECE_BYTES, entry.reader());
    match found.method {
        CompressionMethod::STORE => Ok(Box::new(BufReader::new(entry.verifying_reader(packed)))),
        CompressionMethod::DEFLATE => Ok(Box::new(BufReader::new(entry.verifying_reader(DeflateDecoder::new(packed))))),
        _ => Err(Unreadable::Compression(found.name)),
    }
}

fn unlocated(error: rawzip::Error, beginning: &[u8]) -> Unreadable {
    match error.into_kind() {
        ErrorKind::MissingEndOfCentralDirectory | ErrorKind::Eof if beginning == BEGINNING => Unreadable::CutShort,
        ErrorKind::MissingEndOfCentralDirectory => Unreadable::NotAnArchive,
        kind => directory_kind(kind),
    }
}

fn directory(error: rawzip::Error) -> Unreadable {
    directory_kind(error.into_kind())
}

fn directory_kind(kind: ErrorKind) -> Unreadable {
    match kind {
        ErrorKind::IO(error) if !is_of_the_format(&error) => Unreadable::Io(error),
        kind => Unreadable::Directory(lowercase(&kind.to_string())),
    }
}

fn damaged(name: &'static str, error: rawzip::Error) -> Unreadable {
    match error.into_kind() {
        ErrorKind::IO(error) => unread(name, error),
        kind => Unreadable::Damaged(name, lowercase(&kind.to_string())),
    }
}

fn unread(name: &'static str, error: io::Error) -> Unreadable {
    if is_of_the_format(&error) { Unreadable::Damaged(name, lowercase(&error.to_string())) } else { Unreadable::Io(error) }
}

/// Returns whether the file's content is at fault, and not the disk.
fn is_of_the_format(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// Texts of others begin with a capital; ours go on after a colon.
fn lowercase(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
