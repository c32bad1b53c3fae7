//! The store on a real disk: reopening, damage, `kill -9`, a full disk, export and import.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use hubbub_actors::kit::snapshot::disk::{Batch, Disk};
use hubbub_actors::kit::snapshot::sled::{SledDisk, SledStore};
use hubbub_actors::kit::snapshot::{Snapshot, SnapshotStore, StoreError};
use hubbub_actors::kit::store_tool::{self, Existing, ToolError};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

fn open(path: &Path) -> SledStore {
    SledStore::open_dir(path).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn snapshot(id: &str, length: usize, fill: u8) -> Snapshot {
    Snapshot { kind: "kit.test".into(), id: id.into(), version: 3, value: vec![fill; length].into() }
}

fn all(store: &SledStore) -> BTreeMap<String, Bytes> {
    let load = |id: String| {
        let stored = store.load("kit.test", &id).unwrap().unwrap();
        (id, stored.value)
    };
    store.ids("kit.test").into_iter().map(load).collect()
}

#[actix::test]
async fn snapshots_of_every_size_are_there_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let sizes = [0, 1, 4_082, 4_083, 4_084, 30_000, 32_768, 1_000_000, 3_000_000];
    for size in sizes {
        store.commit(snapshot(&size.to_string(), size, 7)).await.unwrap();
    }
    drop(store);

    let store = open(dir.path());

    assert_eq!(store.snapshots(), sizes.len());
    for size in sizes {
        let stored = store.load("kit.test", &size.to_string()).unwrap().unwrap();
        assert_eq!((stored.version, stored.value), (3, Bytes::from(vec![7; size])));
    }
}

#[actix::test]
async fn large_snapshots_stay_out_of_the_files_that_the_engine_never_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for round in 0..3 {
        let committing: Vec<_> = (0..100).map(|n| store.commit(snapshot(&format!("{n:0200}"), 40_000, round))).collect();
        for committed in committing {
            committed.await.unwrap();
        }
        assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Commit(u8, usize, u8),
    Behind(u8, usize, u8),
    Remove(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0..100_usize, 4_000..4_200_usize, 0..40_000_usize];
    let put = (0..6_u8, size, any::<u8>());
    prop_oneof![
        5 => put.clone().prop_map(|(key, size, fill)| Step::Commit(key, size, fill)),
        3 => put.prop_map(|(key, size, fill)| Step::Behind(key, size, fill)),
        2 => (0..6_u8).prop_map(Step::Remove),
        1 => Just(Step::Reopen),
    ]
}

/// Ids that lie between each other's parts among the keys.
fn odd_id(key: u8) -> String {
    ["a", "a\0", "a\0\0\u{1}", "", "\0", "b/c"].get(usize::from(key)).unwrap().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map_whatever_is_done_to_it(steps in proptest::collection::vec(step(), 1..50)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Commit(key, size, fill) => {
                    drop(store.commit(snapshot(&odd_id(key), size, fill)));
                    model.insert(odd_id(key), Bytes::from(vec![fill; size]));
                }
                Step::Behind(key, size, fill) => {
                    store.write_behind(snapshot(&odd_id(key), size, fill));
                    model.insert(odd_id(key), Bytes::from(vec![fill; size]));
                }
                Step::Remove(key) => {
                    drop(store.remove("kit.test", &odd_id(key)));
                    model.remove(&odd_id(key));
                }
                Step::Reopen => {
                    drop(store);
                    let report = store_tool::check(&SledDisk::open(dir.path()).unwrap()).unwrap();
                    prop_assert!(report.is_clean(), "{}", report);
                    store = open(dir.path());
                }
            }
            prop_assert_eq!(all(&store), model.clone());
        }
        runtime().block_on(store.flush()).unwrap();
        prop_assert_eq!(all(&store), model);
    }
}

#[test]
fn a_second_hub_on_the_same_store_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());

    let error = SledStore::open_dir(dir.path()).err().unwrap();

    assert_eq!(error.to_string(), format!("the store `{}` is in use: another hubbub runs on it", dir.path().display()));
}

#[test]
fn a_directory_with_something_else_in_it_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("letter.txt"), "dear reader").unwrap();

    let error = SledStore::open_dir(dir.path()).err().unwrap();

    assert!(error.to_string().contains("the directory holds something else than a store"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_store_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SledDisk::open(dir.path()).unwrap();
    disk.write(Batch { puts: vec![(b"somebody".to_vec(), "else".into())], deletes: vec![] }).unwrap();
    disk.sync().unwrap();
    drop(disk);

    let error = SledStore::open_dir(dir.path()).err().unwrap();

    assert!(error.to_string().contains("it holds something else than snapshots"), "{error}");
}

type Damage = fn(&mut Vec<u8>);

/// Damage of every kind to the engine's files ends in an error that names a file and the way out, or in a store that has
/// everything; never in a panic, and never in a store that is quietly older or empty.
#[actix::test]
async fn damaged_files_are_a_clear_error() {
    let damages: [(&str, Damage); 10] = [
        ("db", |bytes| bytes.fill(0xa5)),
        ("db", |bytes| bytes.fill(0)),
        ("db", Vec::clear),
        ("db", |bytes| bytes.truncate(3)),
        ("db", |bytes| bytes.truncate(bytes.len() - 300_000)),
        ("db", |bytes| bytes.iter_mut().skip(20).step_by(1_000).for_each(|byte| *byte ^= 0xff)),
        ("db", |bytes| bytes[5_000] ^= 1),
        ("db", |bytes| bytes[524_288..1_048_576].fill(0)),
        ("conf", |bytes| bytes.fill(b'x')),
        ("conf", Vec::clear),
    ];
    for (number, (name, damage)) in damages.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        for n in 0..100 {
            store.commit(snapshot(&n.to_string(), 10_000, n)).await.unwrap();
        }
        drop(store);
        let file = dir.path().join(name);
        let mut bytes = fs::read(&file).unwrap();
        damage(&mut bytes);
        fs::write(&file, bytes).unwrap();

        // A second start says the same.
        for _ in 0..2 {
            match SledStore::open_dir(dir.path()) {
                Ok(store) => assert_eq!(all(&store).len(), 100, "damage {number}"),
                Err(StoreError::Unreadable { path, .. }) => assert!(path.starts_with(dir.path().to_str().unwrap())),
                Err(error) => panic!("damage {number}: {error}"),
            }
        }
    }
}

#[actix::test]
async fn a_store_that_has_lost_its_last_writes_is_refused_and_what_is_left_can_be_exported() {
    let (dir, older) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    store.commit(snapshot("kept", 10, 1)).await.unwrap();
    drop(store);
    fs::copy(dir.path().join("db"), older.path().join("db")).unwrap();
    let store = open(dir.path());
    store.commit(snapshot("lost", 10, 1)).await.unwrap();
    store.commit(snapshot("lost too", 10, 1)).await.unwrap();
    drop(store);
    fs::copy(older.path().join("db"), dir.path().join("db")).unwrap();

    let error = SledStore::open_dir(dir.path()).err().unwrap();

    assert!(error.to_string().contains("db` cannot be opened: it is damaged: of 4 writes, the last 2 are gone"), "{error}");
    let disk = SledDisk::open(dir.path()).unwrap();
    assert_eq!(store_tool::check(&disk).unwrap().damaged.len(), 1);
    let mut lines = Vec::new();
    store_tool::export(&disk, &mut lines).unwrap();
    assert!(String::from_utf8(lines).unwrap().starts_with(r#"{"kind":"kit.test","id":"kept""#));
}

#[actix::test]
async fn a_check_counts_kinds_and_names_every_damaged_entry() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..5 {
        store.commit(snapshot(&n.to_string(), 10_000, 1)).await.unwrap();
    }
    store.commit(Snapshot::of("kit.other", "x", 1, &"fine")).await.unwrap();
    drop(store);
    let key = |id: &str, part: u8| [b"kit.test\0", id.as_bytes(), &[0, 0, part]].concat();
    let disk = SledDisk::open(dir.path()).unwrap();
    disk.write(Batch {
        puts: vec![
            (key("1", 1), Bytes::from(vec![2; 4096])),
            (key("2", 0), Bytes::from_static(b"short")),
            (key("4", 9), Bytes::from_static(b"stray")),
            (b"nonsense\xff".to_vec(), Bytes::new()),
        ],
        deletes: vec![key("3", 2)],
    })
    .unwrap();

    let report = store_tool::check(&disk).unwrap();

    assert_eq!(
        report.to_string(),
        "kit.other: 1\nkit.test: 2\n\
         damaged: kit.test/1: its bytes are not what was written\n\
         damaged: kit.test/2: its head is incomplete\n\
         damaged: kit.test/3: a part of it is missing\n\
         damaged: kit.test/4: part 9 belongs to no snapshot\n\
         damaged: nonsense\\xff: its key is none of hubbub's\n\
         3 snapshots, 5 damaged\n"
    );
    drop(disk);
    let store = open(dir.path());
    assert!(matches!(store.load("kit.test", "1"), Err(StoreError::Damaged { .. })));
    store.commit(snapshot("1", 10, 1)).await.unwrap();
    assert_eq!(store.load("kit.test", "1").unwrap().unwrap().value, vec![1; 10]);
}

#[actix::test]
async fn export_and_import_bring_every_byte_to_another_store() {
    #[derive(Serialize)]
    struct State<'a> {
        name: &'a str,
        ratio: f64,
        single: f32,
    }
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path());
    store.commit(Snapshot::of("kit.named", "a\0b", 7, &State { name: "ü", ratio: 0.1, single: 0.1 })).await.unwrap();
    for n in 0..700_u32 {
        let value: Vec<u8> = (0..n * 20).map(|at| (at * 31 % 256) as u8).collect();
        store.commit(Snapshot { value: value.into(), ..snapshot(&format!("{n:04}"), 0, 0) }).await.unwrap();
    }
    let expected = all(&store);
    drop(store);

    let mut lines = Vec::new();
    let report = store_tool::export(&SledDisk::open(from.path()).unwrap(), &mut lines).unwrap();
    assert_eq!((report.kinds["kit.test"], report.kinds["kit.named"], report.is_clean()), (700, 1, true));
    let store = open(to.path());
    assert_eq!(store_tool::import(&store, store.snapshots(), &*lines, Existing::Refuse).await.unwrap(), 701);

    assert_eq!(all(&store), expected);
    drop(store);
    let mut again = Vec::new();
    store_tool::export(&SledDisk::open(to.path()).unwrap(), &mut again).unwrap();
    assert!(lines == again);
}

#[actix::test]
async fn an_import_into_a_store_in_use_needs_to_be_a_merge() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(snapshot("kept", 3, 1)).await.unwrap();
    store.commit(snapshot("replaced", 3, 1)).await.unwrap();
    let line = br#"{"kind":"kit.test","id":"replaced","version":4,"value":{"$bytes":"AQI="}}"#.as_slice();

    let refused = store_tool::import(&store, store.snapshots(), line, Existing::Refuse).await.unwrap_err();
    assert!(matches!(refused, ToolError::NotEmpty { snapshots: 2 }));
    assert_eq!(store_tool::import(&store, store.snapshots(), line, Existing::Merge).await.unwrap(), 1);

    assert_eq!(store.ids("kit.test"), ["kept", "replaced"]);
    assert_eq!(store.load("kit.test", "replaced").unwrap().unwrap().value, vec![0xc4, 2, 1, 2]);
}

#[actix::test]
async fn a_wrong_line_is_named_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let lines = "{\"kind\":\"k\",\"id\":\"a\",\"version\":1,\"value\":1}\n\nnonsense\n";

    let error = store_tool::import(&store, 0, lines.as_bytes(), Existing::Refuse).await.unwrap_err();

    assert!(error.to_string().starts_with("line 3: "), "{error}");
}

/// Version 1 of the kit's own test kind, as it was stored by the first release. The files never change.
#[actix::test]
async fn snapshots_of_version_1_stay_readable() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Remembered {
        name: String,
        count: u64,
        #[serde(default)]
        added_later: Option<String>,
        picture: serde_bytes::ByteBuf,
        tags: Vec<String>,
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots/v1/kit.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());

    store_tool::import(&store, 0, BufReader::new(fs::File::open(fixtures).unwrap()), Existing::Refuse).await.unwrap();

    let read = |id: &str| store.load("kit.remembered", id).unwrap().unwrap().decode::<Remembered>().unwrap();
    assert_eq!(store.ids("kit.remembered"), ["large", "plain", "ünï\0code"]);
    let plain = Remembered {
        name: "first".into(),
        count: 18_446_744_073_709_551_615,
        added_later: None,
        picture: serde_bytes::ByteBuf::from([0, 1, 2, 255]),
        tags: vec!["a".into(), String::new()],
    };
    assert_eq!(read("plain"), plain);
    assert_eq!(read("ünï\0code").name, "zwei \u{1f600}");
    assert_eq!(read("large").tags.len(), 2_000);
}

/// Runs one of the child tests below in a process of its own, in `dir`.
fn child(test: &str, dir: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("HUBBUB_TEST_DIR", dir);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os("HUBBUB_TEST_DIR").map(Into::into)
}

/// Reports every acknowledgement, until it is killed. Does nothing unless another test starts it.
#[test]
fn child_commits_for_ever() {
    let Some(dir) = child_dir() else { return };
    let store = open(&dir);
    let runtime = runtime();
    let begin = store.ids("kit.test").iter().filter(|id| id.parse::<usize>().is_ok()).count();
    for number in begin.. {
        let (fill, size) = ((number % 251) as u8, number % 9 * 1_500);
        let kept = store.commit(snapshot(&format!("{number:08}"), size, fill));
        let changing = store.commit(snapshot("changing", number, 1));
        let passing = store.commit(snapshot("passing", 5_000, 1));
        let removed = store.remove("kit.test", "passing");
        runtime.block_on(async { (kept.await, changing.await, passing.await, removed.await) }).0.unwrap();
        println!("\nacked {number}");
    }
}

#[test]
fn after_kill_9_every_acknowledged_snapshot_is_there_and_nothing_removed_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = 0;
    for round in 0..3 {
        let mut child = child("child_commits_for_ever", dir.path(), "").spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = |line: String| line.strip_prefix("acked ").and_then(|number| number.parse::<usize>().ok());
        // A different moment each time, in the middle of a write.
        let seen = lines.by_ref().filter_map(numbers).take(150 + round * 37).last().unwrap();
        child.kill().unwrap();
        acked = lines.filter_map(numbers).last().unwrap_or(seen);
        child.wait().unwrap();

        assert!(store_tool::check(&SledDisk::open(dir.path()).unwrap()).unwrap().is_clean());
        let store = open(dir.path());
        for number in 0..=acked {
            let stored = store.load("kit.test", &format!("{number:08}")).unwrap().unwrap();
            assert_eq!(stored.value, vec![(number % 251) as u8; number % 9 * 1_500], "snapshot {number}");
        }
        assert!(store.load("kit.test", "changing").unwrap().unwrap().value.len() >= acked);
    }
    assert!(acked > 400);
}

/// Fills its disk, which is a limit on the size of its files. Does nothing unless another test starts it.
#[test]
fn child_fills_its_disk() {
    let Some(dir) = child_dir() else { return };
    let limit = |bytes| rlimit::setrlimit(rlimit::Resource::FSIZE, bytes, rlimit::INFINITY).unwrap();
    let runtime = runtime();
    let store = open(&dir);
    limit(6 * 1024 * 1024);
    let mut acked = 0;
    let error = loop {
        match runtime.block_on(store.commit(snapshot(&format!("{acked:08}"), 20_000, acked as u8))) {
            Ok(()) => acked += 1,
            Err(error) => break error,
        }
        assert!(acked < 10_000, "the limit has no effect");
    };
    println!("\nerror {error}");
    store.write_behind(snapshot("behind", 10, 1));
    // Whether this fits depends on what the engine can reclaim; reading works either way.
    let _full_or_not = runtime.block_on(store.commit(snapshot("tried", 20_000, 1)));
    assert_eq!(store.load("kit.test", "00000000").unwrap().unwrap().value, vec![0; 20_000]);
    limit(rlimit::INFINITY);
    runtime.block_on(store.commit(snapshot("again", 20_000, 1))).unwrap();
    runtime.block_on(store.flush()).unwrap();
    println!("\nacked {acked}");
}

#[test]
fn a_full_disk_fails_commits_loses_nothing_and_is_over_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = child("child_fills_its_disk", dir.path(), "trap '' XFSZ;").spawn().unwrap();
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "{output}");

    let line = |prefix: &str| output.lines().find_map(|line| line.strip_prefix(prefix)).unwrap().to_owned();
    let acked: usize = line("acked ").parse().unwrap();
    assert!(line("error ").starts_with(&format!("cannot write to the store `{}`: ", dir.path().display())));
    assert!(acked > 50);
    let store = open(dir.path());
    for number in 0..acked {
        let stored = store.load("kit.test", &format!("{number:08}")).unwrap().unwrap();
        assert_eq!(stored.value, vec![number as u8; 20_000]);
    }
    assert!(store.contains("kit.test", "again") && store.contains("kit.test", "behind"));
}
