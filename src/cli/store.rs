//! `hubbub store`: back-up and repair while hubbub is stopped; a running one holds the lock on its store.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hubbub_actors::kit::snapshot::SnapshotStore;
use hubbub_actors::kit::snapshot::sled::{SledDisk, SledStore};
use hubbub_actors::kit::store_tool::{self, Existing, Report, ToolError};

use super::arguments::Store;
use super::failure::Failure;
use super::output::print;
use crate::config::Config;

pub(super) fn run(file: Option<&Path>, command: &Store) -> Result<(), Failure> {
    let config = super::read_config(file)?.config;
    match command {
        Store::Check => check(&config),
        Store::Export { file } => export(&config, file.as_deref()),
        Store::Import { file, merge } => {
            let existing = if *merge { Existing::Merge } else { Existing::Refuse };
            import(&config, file.as_deref(), existing)
        }
    }
}

fn check(config: &Config) -> Result<(), Failure> {
    let report = store_tool::check(&open(config)?).map_err(|error| Failure::because(&error))?;
    print(&report.to_string())?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Failed("the store is damaged".to_owned())) }
}

fn export(config: &Config, file: Option<&Path>) -> Result<(), Failure> {
    let disk = open(config)?;
    let exported = match file {
        Some(path) => store_tool::export(&disk, &mut BufWriter::new(create(path)?)),
        None => store_tool::export(&disk, &mut BufWriter::new(io::stdout().lock())),
    };
    let report = match exported {
        // The reader has seen enough (`| head`).
        Err(ToolError::Lines(error)) if file.is_none() && error.kind() == ErrorKind::BrokenPipe => return Ok(()),
        exported => exported.map_err(|error| Failure::because(&error))?,
    };
    eprintln!("exported {}", snapshots(report.kinds.values().sum()));
    all_written(&report)
}

fn all_written(report: &Report) -> Result<(), Failure> {
    if report.is_clean() {
        return Ok(());
    }
    let damaged = snapshots(report.damaged.len());
    Err(Failure::Failed(format!("{damaged} could not be exported; `hubbub store check` says which")))
}

fn import(config: &Config, file: Option<&Path>, existing: Existing) -> Result<(), Failure> {
    let lines: Box<dyn BufRead> = match file {
        Some(path) => Box::new(BufReader::new(
            File::open(path).map_err(|error| Failure::while_doing(format!("cannot read {}", path.display()), &error))?,
        )),
        None => Box::new(io::stdin().lock()),
    };
    let store = SledStore::open_dir(&config.store_dir()).map_err(|error| Failure::because(&error))?;
    let import = store_tool::import(&store, store.snapshots(), lines, existing);
    let imported = actix_rt::System::new().block_on(import);
    store.close();
    match imported {
        Ok(count) => {
            eprintln!("imported {}", snapshots(count));
            Ok(())
        }
        Err(error @ ToolError::NotEmpty { .. }) => Err(Failure::Failed(format!("{error} (`--merge`)"))),
        Err(error) => Err(Failure::because(&error)),
    }
}

/// Opens the store as it is; looking at a store must not make one.
fn open(config: &Config) -> Result<SledDisk, Failure> {
    let path = config.store_dir();
    if !path.exists() {
        return Err(Failure::Failed(format!("there is no store in {}; the first start makes one", config.data_dir.display())));
    }
    SledDisk::open_existing(&path).map_err(|error| Failure::because(&error))
}

/// Makes a file that only its owner may read: an export holds everything that hubbub knows.
fn create(path: &Path) -> Result<impl Write, Failure> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|error| Failure::while_doing(format!("cannot create {}", path.display()), &error))
}

fn snapshots(count: usize) -> String {
    if count == 1 { "1 snapshot".to_owned() } else { format!("{count} snapshots") }
}
