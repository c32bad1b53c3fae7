//! A crash at every step of a story: what was answered is there, what was not is there as a whole or not at all, nothing is left over.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::*;
use crate::kit::blobs::local::cuts::Cut;
use crate::kit::blobs::local::upload::DATA;

/// Whatever can be seen of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    blobs: BTreeMap<String, String>,
    uploads: Vec<(String, Vec<(u16, String)>)>,
}

/// A store and the uploads of the story.
struct Telling<'a> {
    blobs: &'a LocalBlobs,
    uploads: BTreeMap<&'static str, Upload>,
}

type Told = Result<(), BlobError>;

impl Telling<'_> {
    /// How many chapters the story has.
    const CHAPTERS: usize = 13;

    async fn chapter(&mut self, at: usize) -> Told {
        match at {
            0 => self.put("a", "one").await,
            1 => self.start("first", "a").await,
            2 => self.send("first", 2, b'x', 700_000).await,
            3 => self.send("first", 1, b'y', 20).await,
            4 => self.send("first", 2, b'z', 30).await,
            5 => self.send("first", 3, b'w', 40).await,
            6 => self.start("second", "b/c").await,
            7 => self.send("second", 1, b'v', 50).await,
            8 => self.complete("first", &[3, 1]).await,
            9 => self.blobs.abort(&self.uploads["second"]).await,
            10 => self.put("b", "two").await,
            11 => self.blobs.delete(&key("a")).await,
            _ => self.put("a", "three").await,
        }
    }

    async fn put(&self, name: &str, content: &'static str) -> Told {
        self.blobs.put(&key(name), "text/plain", once(Bytes::from_static(content.as_bytes()))).await.map(|_| ())
    }

    async fn start(&mut self, called: &'static str, name: &str) -> Told {
        let upload = self.blobs.start(&key(name), "video/mp4").await?;
        self.uploads.insert(called, upload);
        Ok(())
    }

    async fn send(&self, called: &str, at: u16, letter: u8, size_bytes: usize) -> Told {
        let number = PartNumber::new(at).expect("a number");
        let body = once(vec![letter; size_bytes].into());
        self.blobs.put_part(&self.uploads[called], number, size_bytes as u64, body).await.map(|_| ())
    }

    async fn complete(&self, called: &str, numbers: &[u16]) -> Told {
        let upload = &self.uploads[called];
        let there = self.blobs.parts(upload, None, 100).await?.parts;
        let named = there.into_iter().filter(|part| numbers.contains(&part.number.get()));
        let named: Vec<_> = named.map(|part| PartTag { number: part.number, etag: part.etag }).collect();
        self.blobs.complete(upload, &named).await.map(|_| ())
    }
}

async fn look(blobs: &LocalBlobs) -> Seen {
    let mut seen = Seen::default();
    for blob in blobs.list("", None, 100).await.expect("a list").blobs {
        let read = blobs.get(&blob.key, Part::Whole).await.expect("there");
        let content = collect(read.body).await.expect("readable");
        assert_eq!(content.len() as u64, blob.size_bytes);
        seen.blobs.insert(blob.key.to_string(), String::from_utf8_lossy(&content).into_owned());
    }
    for upload in unfinished(blobs).await {
        let parts = blobs.parts(&upload, None, 100).await.expect("a list").parts;
        let parts = parts.into_iter().map(|part| (part.number.get(), part.etag)).collect();
        seen.uploads.push((upload.key.to_string(), parts));
    }
    seen
}

async fn unfinished(blobs: &LocalBlobs) -> Vec<Upload> {
    let page = blobs.uploads("", None, 100).await.expect("a list");
    page.uploads.into_iter().map(|unfinished| unfinished.upload).collect()
}

/// Each state between two chapters.
async fn states() -> Vec<Seen> {
    let (_directory, blobs) = blobs();
    let mut telling = Telling { blobs: &blobs, uploads: BTreeMap::new() };
    let mut states = vec![look(&blobs).await];
    for at in 0..Telling::CHAPTERS {
        telling.chapter(at).await.expect("told");
        states.push(look(&blobs).await);
    }
    states
}

#[actix::test]
async fn a_kill_at_any_step_loses_nothing_that_was_answered_and_leaves_nothing_behind() {
    try_every_step(|_| {}).await;
}

#[actix::test]
async fn when_the_power_goes_at_any_step_nothing_is_lost_that_was_answered() {
    try_every_step(Cut::lose).await;
}

async fn try_every_step(crash: fn(&Cut)) {
    let states = states().await;
    for steps in 0.. {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("blobs");
        let cut = Cut::after(steps, tempfile::tempdir().expect("a directory"));
        let mut told = 0;
        if let Ok(blobs) = LocalBlobs::open_on(Disk { cut: cut.clone() }, root.clone(), TestClock::default().shared()) {
            let mut telling = Telling { blobs: &blobs, uploads: BTreeMap::new() };
            while told < Telling::CHAPTERS && telling.chapter(told).await.is_ok() {
                told += 1;
            }
        }
        let is_whole_story = !cut.has_come();
        crash(&cut);

        check(root, &states[told..(told + 2).min(states.len())], steps).await;

        if is_whole_story {
            assert_eq!(told, Telling::CHAPTERS);
            return;
        }
    }
}

async fn check(root: PathBuf, possible: &[Seen], steps: u64) {
    let blobs = LocalBlobs::open(root, TestClock::default().shared()).expect("a store");
    let blobs = blobs.with_quota(u64::MAX).expect("counted");

    let seen = look(&blobs).await;

    assert!(possible.contains(&seen), "after {steps} steps: {seen:?} is none of {possible:?}");
    let unfinished = unfinished(&blobs).await;
    assert_eq!((incoming(&blobs), uploads(&blobs)), (0, unfinished.len()), "after {steps} steps");
    let mut counted: u64 = seen.blobs.values().map(|content| content.len() as u64).sum();
    for upload in unfinished {
        counted = counted.wrapping_add(complete_and_compare(&blobs, &upload).await);
    }
    assert_eq!(blobs.files.quota.used(), counted, "after {steps} steps");
}

/// Every part has the content that its etag says. Returns how much the upload has that its key had not.
async fn complete_and_compare(blobs: &LocalBlobs, upload: &Upload) -> u64 {
    let parts = blobs.parts(upload, None, 100).await.expect("a list").parts;
    let data = blobs.files.root.join(UPLOADS).join(upload.id.as_str()).join(DATA);
    let room: u64 = parts.iter().map(|part| part.size_bytes).sum();
    assert!(fs::metadata(data).expect("a file").len() >= room);
    if parts.is_empty() {
        return 0;
    }
    let replaced = blobs.head(&upload.key).await.map_or(0, |head| head.size_bytes);
    let named: Vec<_> = parts.iter().map(|part| PartTag { number: part.number, etag: part.etag.clone() }).collect();
    let completed = blobs.complete(upload, &named).await.expect("completed");
    let mut at = 0;
    for part in parts {
        let range = Part::From(at, Some(at + part.size_bytes - 1));
        let content = collect(blobs.get(&upload.key, range).await.expect("there").body).await.expect("readable");
        assert_eq!(hex(&Md5::digest(&content)), part.etag);
        at += part.size_bytes;
    }
    completed.size_bytes.wrapping_sub(replaced)
}
