//! What every blob store must do, whatever it is made of. Each function is one behaviour, on a store that is empty of its keys.
//!
//! The store's neighbours are named through `super`, so that `tests/stores.rs` can take this file in as well.

use std::io;

use bytes::Bytes;
use futures_util::stream;

use super::reap::{Reaped, reap};
use super::{BlobError, BlobStore, Chunks, Completed, Key, Part, PartNumber, PartTag, Upload, UploadedPart, collect, once};

/// Tries all of it. A part that is not the last has `part_bytes`.
pub(crate) async fn run(store: &dyn BlobStore, part_bytes: usize) {
    of_whole_blobs(store).await;
    of_blobs_in_parts(&Parts { store, part_bytes }).await;
}

async fn of_whole_blobs(store: &dyn BlobStore) {
    what_was_put_is_read_back_with_what_is_known_about_it(store).await;
    a_large_blob_streams_both_ways(store).await;
    parts_are_read(store).await;
    the_last_bytes_are_all_when_there_are_fewer(store).await;
    a_second_put_replaces_the_first(store).await;
    who_reads_the_old_blob_reads_it_to_its_end(store).await;
    a_body_that_breaks_off_changes_nothing(store).await;
    what_is_deleted_is_gone(store).await;
    a_blob_that_is_moved_replaces_what_was_there(store).await;
    odd_keys_are_keys_like_any_other(store).await;
    lists_are_sorted_and_come_in_pages(store).await;
}

async fn of_blobs_in_parts(parts: &Parts<'_>) {
    parts_in_any_order_make_one_blob(parts).await;
    what_is_under_the_key_stays_until_the_upload_is_complete(parts).await;
    a_part_that_is_sent_again_replaces_the_first(parts).await;
    parts_that_are_not_named_are_dropped(parts).await;
    an_upload_whose_parts_are_not_as_named_stays_and_can_be_completed(parts).await;
    a_part_that_does_not_arrive_is_not_there(parts).await;
    an_aborted_upload_is_gone(parts).await;
    unfinished_uploads_are_listed_in_pages(parts).await;
    uploads_that_nobody_ended_are_reaped(parts).await;
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a good key")
}

async fn put(store: &dyn BlobStore, name: &str, content: &str) {
    store.put(&key(name), "text/plain", once(Bytes::copy_from_slice(content.as_bytes()))).await.expect("written");
}

async fn content(store: &dyn BlobStore, name: &str, part: Part) -> Result<Bytes, BlobError> {
    let blob = store.get(&key(name), part).await?;
    let body = collect(blob.body).await.expect("readable");
    assert_eq!(body.len() as u64, blob.length);
    Ok(body)
}

async fn is_absent(store: &dyn BlobStore, name: &str) {
    assert!(matches!(store.head(&key(name)).await, Err(BlobError::NotFound)));
    assert!(matches!(store.get(&key(name), Part::Whole).await, Err(BlobError::NotFound)));
}

pub(crate) async fn what_was_put_is_read_back_with_what_is_known_about_it(store: &dyn BlobStore) {
    is_absent(store, "back/one.txt").await;
    let body: Chunks = Box::pin(stream::iter(["one ", "", "two"].map(|piece| Ok(Bytes::from(piece)))));
    let written = store.put(&key("back/one.txt"), "text/plain; charset=utf-8", body).await.expect("written");
    assert_eq!((written.size_bytes, written.content_type.as_str()), (7, "text/plain; charset=utf-8"));
    assert!(!written.etag.is_empty() && !written.etag.contains('"'));
    let blob = store.get(&key("back/one.txt"), Part::Whole).await.expect("there");
    let head = store.head(&key("back/one.txt")).await.expect("there");
    assert_eq!((&blob.head.etag, blob.head.size_bytes, blob.offset, blob.length), (&written.etag, 7, 0, 7));
    assert_eq!((head.etag, head.content_type), (written.etag, written.content_type));
    assert_eq!(collect(blob.body).await.expect("readable"), "one two");
    put(store, "back/empty", "").await;
    assert_eq!(content(store, "back/empty", Part::Whole).await.expect("there"), "");
}

pub(crate) async fn a_large_blob_streams_both_ways(store: &dyn BlobStore) {
    const PIECES: u64 = 700;
    let piece = |number: u64| Bytes::from(number.to_le_bytes().repeat(1000));
    let body: Chunks = Box::pin(stream::iter((0..PIECES).map(move |number| Ok(piece(number)))));
    store.put(&key("large"), "application/octet-stream", body).await.expect("written");
    let whole = content(store, "large", Part::Whole).await.expect("there");
    let expected: Vec<u8> = (0..PIECES).flat_map(|number| number.to_le_bytes().repeat(1000)).collect();
    assert!(whole == expected);
    let middle = content(store, "large", Part::From(1_000_003, Some(3_000_000))).await.expect("there");
    assert!(middle == expected[1_000_003..=3_000_000]);
}

pub(crate) async fn parts_are_read(store: &dyn BlobStore) {
    put(store, "parts", "0123456789").await;
    let part = async |part| content(store, "parts", part).await.expect("there");
    assert_eq!(part(Part::From(0, Some(0))).await, "0");
    assert_eq!(part(Part::From(3, Some(5))).await, "345");
    assert_eq!(part(Part::From(7, None)).await, "789");
    assert_eq!(part(Part::From(7, Some(100))).await, "789");
    assert_eq!(part(Part::Last(4)).await, "6789");
    let beyond = store.get(&key("parts"), Part::From(10, None)).await.map(|_| ());
    assert!(matches!(beyond, Err(BlobError::OutOfRange { size_bytes: 10 })));
}

async fn the_last_bytes_are_all_when_there_are_fewer(store: &dyn BlobStore) {
    put(store, "short", "0123456789").await;
    assert_eq!(content(store, "short", Part::Last(40)).await.expect("there"), "0123456789");
}

pub(crate) async fn a_second_put_replaces_the_first(store: &dyn BlobStore) {
    put(store, "twice", "first").await;
    let first = store.head(&key("twice")).await.expect("there");
    put(store, "twice", "second!").await;
    let second = store.head(&key("twice")).await.expect("there");
    assert_eq!(content(store, "twice", Part::Whole).await.expect("there"), "second!");
    assert_ne!(first.etag, second.etag);
    assert_eq!(second.size_bytes, 7);
}

pub(crate) async fn who_reads_the_old_blob_reads_it_to_its_end(store: &dyn BlobStore) {
    put(store, "replaced", "the old content").await;
    let old = store.get(&key("replaced"), Part::Whole).await.expect("there");
    put(store, "replaced", "new").await;
    assert_eq!(collect(old.body).await.expect("readable"), "the old content");
}

pub(crate) async fn a_body_that_breaks_off_changes_nothing(store: &dyn BlobStore) {
    let broken = || -> Chunks {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        Box::pin(stream::iter([Ok(Bytes::from_static(b"half of")), Err(error)]))
    };
    assert!(matches!(store.put(&key("broken"), "a/b", broken()).await, Err(BlobError::Source(_))));
    is_absent(store, "broken").await;
    put(store, "broken", "whole").await;
    assert!(matches!(store.put(&key("broken"), "a/b", broken()).await, Err(BlobError::Source(_))));
    assert_eq!(content(store, "broken", Part::Whole).await.expect("there"), "whole");
}

pub(crate) async fn what_is_deleted_is_gone(store: &dyn BlobStore) {
    put(store, "gone/one", "1").await;
    store.delete(&key("gone/one")).await.expect("deleted");
    is_absent(store, "gone/one").await;
    store.delete(&key("gone/one")).await.expect("as good as deleted");
    store.delete(&key("gone/one/below")).await.expect("as good as deleted");
    put(store, "gone/one", "2").await;
    assert_eq!(content(store, "gone/one", Part::Whole).await.expect("there"), "2");
}

pub(crate) async fn a_blob_that_is_moved_replaces_what_was_there(store: &dyn BlobStore) {
    put(store, "moved/from", "new").await;
    put(store, "moved/to", "old content").await;
    let moved = store.rename(&key("moved/from"), &key("moved/to")).await.expect("moved");
    let head = store.head(&key("moved/to")).await.expect("there");
    assert_eq!((moved.etag, moved.size_bytes), (head.etag, 3));
    assert_eq!((head.size_bytes, head.content_type.as_str()), (3, "text/plain"));
    assert_eq!(content(store, "moved/to", Part::Whole).await.expect("there"), "new");
    is_absent(store, "moved/from").await;
    let absent = store.rename(&key("moved/from"), &key("moved/to")).await;
    assert!(matches!(absent, Err(BlobError::NotFound)));
    assert_eq!(content(store, "moved/to", Part::Whole).await.expect("still there"), "new");
}

async fn odd_keys_are_keys_like_any_other(store: &dyn BlobStore) {
    let names = ["odd/a", "odd/a/b", "odd/a~", "odd/.a", "odd/...", "odd/ü b%2f?#", "odd/A", "odd/日本"];
    for name in names {
        put(store, name, name).await;
    }
    for name in names {
        assert_eq!(content(store, name, Part::Whole).await.expect("there"), name);
    }
    let mut expected = names.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(listed(store, "odd/", None, 100).await, (expected.to_vec(), false));
}

async fn listed(store: &dyn BlobStore, prefix: &str, after: Option<&str>, limit: usize) -> (Vec<String>, bool) {
    let after = after.map(key);
    let page = store.list(prefix, after.as_ref(), limit).await.expect("a list");
    (page.blobs.iter().map(|blob| blob.key.to_string()).collect(), page.has_more)
}

async fn lists_are_sorted_and_come_in_pages(store: &dyn BlobStore) {
    for name in ["list/b/1", "list/b", "list/a/2", "list/a/1", "list/a-1", "listing"] {
        put(store, name, name).await;
    }
    let all = ["list/a-1", "list/a/1", "list/a/2", "list/b", "list/b/1"].map(str::to_owned);
    assert_eq!(listed(store, "list/", None, 5).await, (all.to_vec(), false));
    assert_eq!(listed(store, "list/", None, 2).await, (all[..2].to_vec(), true));
    assert_eq!(listed(store, "list/", Some("list/a/1"), 2).await, (all[2..4].to_vec(), true));
    assert_eq!(listed(store, "list/", Some("list/b"), 2).await, (all[4..].to_vec(), false));
    assert_eq!(listed(store, "list/", Some("list/b/1"), 2).await, (vec![], false));
    assert_eq!(listed(store, "list/a", None, 9).await, (all[..3].to_vec(), false));
    assert_eq!(listed(store, "list", None, 9).await.0.last().map(String::as_str), Some("listing"));
    assert_eq!(listed(store, "nothing/", None, 9).await, (vec![], false));
    let page = store.list("list/b", None, 1).await.expect("a list");
    assert_eq!(page.blobs.first().map(|blob| blob.size_bytes), Some(6));
}

/// A store, and how long a part must be that is not the last.
struct Parts<'a> {
    store: &'a dyn BlobStore,
    part_bytes: usize,
}

impl Parts<'_> {
    async fn start(&self, name: &str) -> Upload {
        self.store.start(&key(name), "video/mp4").await.expect("begun")
    }

    /// Returns a whole part of one letter.
    fn part(&self, letter: u8) -> Bytes {
        vec![letter; self.part_bytes].into()
    }

    async fn send(&self, upload: &Upload, at: u16, content: &Bytes) -> UploadedPart {
        let body: Chunks =
            Box::pin(stream::iter([Ok(content.slice(..content.len() / 3)), Ok(content.slice(content.len() / 3..))]));
        let part = self.store.put_part(upload, number(at), content.len() as u64, body).await.expect("written");
        assert_eq!((part.number, part.size_bytes), (number(at), content.len() as u64));
        part
    }

    async fn complete(&self, upload: &Upload, named: &[(u16, &str)]) -> Result<Completed, BlobError> {
        let named: Vec<_> = named.iter().map(|(at, etag)| PartTag { number: number(*at), etag: (*etag).into() }).collect();
        self.store.complete(upload, &named).await
    }

    async fn there(&self, upload: &Upload) -> Vec<UploadedPart> {
        self.store.parts(upload, None, 100).await.expect("a list").parts
    }

    async fn is_gone(&self, upload: &Upload) {
        let (store, one) = (self.store, Bytes::from_static(b"1"));
        assert!(matches!(store.parts(upload, None, 9).await, Err(BlobError::UploadNotFound)));
        // moto fails where it should say that there is none.
        assert!(store.put_part(upload, number(1), 1, once(one)).await.is_err());
        assert!(matches!(
            self.complete(upload, &[(1, "c4ca4238a0b923820dcc509a6f75849b")]).await,
            Err(BlobError::UploadNotFound)
        ));
    }

    async fn unfinished(&self, prefix: &str) -> Vec<Upload> {
        let page = self.store.uploads(prefix, None, 100).await.expect("a list");
        page.uploads.into_iter().map(|unfinished| unfinished.upload).collect()
    }
}

fn number(number: u16) -> PartNumber {
    PartNumber::new(number).expect("a number")
}

async fn parts_in_any_order_make_one_blob(parts: &Parts<'_>) {
    let store = parts.store;
    let upload = parts.start("order/ü 1").await;
    let (first, second, last) = (parts.part(b'1'), parts.part(b'2'), Bytes::from_static(b"the end"));
    let of_last = parts.send(&upload, 3, &last).await;
    let of_second = parts.send(&upload, 2, &second).await;
    let of_first = parts.send(&upload, 1, &first).await;
    assert_eq!(of_last.etag, "406e28ff325208fc83b4dca7e88bff06");
    let page = store.parts(&upload, None, 2).await.expect("a list");
    assert_eq!((page.parts, page.has_more), (vec![of_first.clone(), of_second.clone()], true));
    let page = store.parts(&upload, Some(number(2)), 2).await.expect("a list");
    assert_eq!((page.parts, page.has_more), (vec![of_last.clone()], false));

    let quoted = format!("\"{}\"", of_first.etag);
    let named = [(2, of_second.etag.as_str()), (3, &of_last.etag), (1, &quoted)];
    let completed = parts.complete(&upload, &named).await.expect("completed");

    let expected = [first, second, last].concat();
    let head = store.head(&key("order/ü 1")).await.expect("there");
    assert_eq!((head.size_bytes, head.content_type.as_str()), (expected.len() as u64, "video/mp4"));
    assert_eq!(completed, Completed { etag: head.etag, size_bytes: head.size_bytes });
    let read = async |part| content(store, "order/ü 1", part).await.expect("there");
    assert!(read(Part::Whole).await == expected);
    let border = parts.part_bytes as u64;
    assert_eq!(read(Part::From(border - 2, Some(border + 1))).await, "1122");
    assert_eq!(read(Part::From(border, Some(border))).await, "2");
    assert_eq!(read(Part::From(2 * border - 1, None)).await, "2the end");
    assert!(read(Part::From(1, Some(2 * border))).await == expected[1..=2 * parts.part_bytes]);
    assert_eq!(read(Part::Last(8)).await, "2the end");
    parts.is_gone(&upload).await;
    assert_eq!(parts.unfinished("order/").await, []);
}

async fn what_is_under_the_key_stays_until_the_upload_is_complete(parts: &Parts<'_>) {
    put(parts.store, "until", "the old content").await;
    let upload = parts.start("until").await;
    let part = parts.send(&upload, 1, &Bytes::from_static(b"new")).await;
    assert_eq!(content(parts.store, "until", Part::Whole).await.expect("there"), "the old content");
    let old = parts.store.get(&key("until"), Part::Whole).await.expect("there");
    parts.complete(&upload, &[(1, &part.etag)]).await.expect("completed");
    assert_eq!(collect(old.body).await.expect("readable"), "the old content");
    assert_eq!(content(parts.store, "until", Part::Whole).await.expect("there"), "new");
    let page = parts.store.list("until", None, 9).await.expect("a list");
    assert_eq!(page.blobs.iter().map(|blob| blob.size_bytes).collect::<Vec<_>>(), [3]);
    put(parts.store, "until", "whole again").await;
    assert_eq!(content(parts.store, "until", Part::Whole).await.expect("there"), "whole again");
}

async fn a_part_that_is_sent_again_replaces_the_first(parts: &Parts<'_>) {
    let upload = parts.start("again").await;
    let first = parts.send(&upload, 1, &parts.part(b'x')).await;
    let last = parts.send(&upload, 2, &Bytes::from_static(b"last")).await;
    let second = parts.send(&upload, 1, &parts.part(b'y')).await;
    assert_eq!(parts.there(&upload).await, [second.clone(), last.clone()]);
    let refused = parts.complete(&upload, &[(1, &first.etag), (2, &last.etag)]).await;
    assert!(matches!(refused, Err(BlobError::InvalidPart(at)) if at == number(1)));
    parts.complete(&upload, &[(1, &second.etag), (2, &last.etag)]).await.expect("completed");
    let expected = [parts.part(b'y'), Bytes::from_static(b"last")].concat();
    assert!(content(parts.store, "again", Part::Whole).await.expect("there") == expected);
}

async fn parts_that_are_not_named_are_dropped(parts: &Parts<'_>) {
    let upload = parts.start("dropped").await;
    parts.send(&upload, 1, &parts.part(b'x')).await;
    let kept = parts.send(&upload, 2, &parts.part(b'y')).await;
    parts.send(&upload, 3, &parts.part(b'z')).await;
    let completed = parts.complete(&upload, &[(2, &kept.etag)]).await.expect("completed");
    assert_eq!(completed.size_bytes, parts.part_bytes as u64);
    assert!(content(parts.store, "dropped", Part::Whole).await.expect("there") == parts.part(b'y'));
}

async fn an_upload_whose_parts_are_not_as_named_stays_and_can_be_completed(parts: &Parts<'_>) {
    let upload = parts.start("named").await;
    let first = parts.send(&upload, 1, &parts.part(b'x')).await;
    let second = parts.send(&upload, 2, &Bytes::from_static(b"y")).await;
    let refused = async |named: &[(u16, &str)]| match parts.complete(&upload, named).await {
        Err(BlobError::InvalidPart(at)) => at.get(),
        other => panic!("completed with {named:?}: {other:?}"),
    };
    assert_eq!(refused(&[(1, &first.etag), (2, &first.etag)]).await, 2);
    assert_eq!(refused(&[(1, &first.etag), (3, &second.etag)]).await, 3);
    assert_eq!(refused(&[(1, &first.etag), (2, &second.etag), (1, &first.etag)]).await, 1);
    assert_eq!(refused(&[]).await, 1);
    is_absent(parts.store, "named").await;
    parts.complete(&upload, &[(1, &first.etag), (2, &second.etag)]).await.expect("completed");
}

async fn a_part_that_does_not_arrive_is_not_there(parts: &Parts<'_>) {
    let upload = parts.start("broken part").await;
    let kept = parts.send(&upload, 1, &Bytes::from_static(b"kept")).await;
    let send = async |body: Chunks| parts.store.put_part(&upload, number(1), 7, body).await.map(|_| ());
    let error = io::Error::from(io::ErrorKind::ConnectionReset);
    let broken: Chunks = Box::pin(stream::iter([Ok(Bytes::from_static(b"half of")), Err(error)]));
    assert!(matches!(send(broken).await, Err(BlobError::Source(_))));
    assert!(matches!(send(once(Bytes::from_static(b"short"))).await, Err(BlobError::Source(_))));
    assert!(matches!(send(once(Bytes::from_static(b"too long"))).await, Err(BlobError::Source(_))));
    assert_eq!(parts.there(&upload).await, [kept]);
    parts.store.abort(&upload).await.expect("aborted");
}

async fn an_aborted_upload_is_gone(parts: &Parts<'_>) {
    let upload = parts.start("aborted").await;
    let other = parts.start("aborted").await;
    assert_ne!(upload, other);
    parts.send(&upload, 1, &Bytes::from_static(b"1")).await;
    let part = parts.send(&other, 1, &Bytes::from_static(b"2")).await;
    parts.store.abort(&upload).await.expect("aborted");
    parts.is_gone(&upload).await;
    is_absent(parts.store, "aborted").await;
    parts.store.abort(&upload).await.expect("as good as aborted");
    parts.complete(&other, &[(1, &part.etag)]).await.expect("completed");
    parts.store.abort(&other).await.expect("as good as aborted");
    assert_eq!(content(parts.store, "aborted", Part::Whole).await.expect("there"), "2");
}

async fn unfinished_uploads_are_listed_in_pages(parts: &Parts<'_>) {
    let mut begun = Vec::new();
    for name in ["unfinished/b", "unfinished/a", "unfinished/b", "unfinished/c/1", "unfinished!"] {
        begun.push(parts.start(name).await);
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = parts.store.uploads("unfinished/", after.as_ref(), 2).await.expect("a list");
        assert!((1..=2).contains(&page.uploads.len()));
        listed.extend(page.uploads.into_iter().map(|unfinished| unfinished.upload));
        after = listed.last().cloned();
        if !page.has_more {
            break;
        }
    }
    let names: Vec<_> = listed.iter().map(|upload| upload.key.as_str()).collect();
    assert_eq!(names, ["unfinished/a", "unfinished/b", "unfinished/b", "unfinished/c/1"]);
    listed.sort_unstable();
    let mut expected = begun[..4].to_vec();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for upload in &begun {
        parts.store.abort(upload).await.expect("aborted");
    }
    assert_eq!(parts.unfinished("unfinished").await, []);
}

async fn uploads_that_nobody_ended_are_reaped(parts: &Parts<'_>) {
    let upload = parts.start("reaped/1").await;
    let other = parts.start("kept/1").await;
    parts.send(&upload, 1, &Bytes::from_static(b"1")).await;
    let page = parts.store.uploads("reaped/", None, 9).await.expect("a list");
    let started = page.uploads.first().expect("one").started;
    assert_eq!(reap(parts.store, "reaped/", started).await.expect("a list"), Reaped::default());
    assert_eq!(parts.unfinished("reaped/").await, std::slice::from_ref(&upload));
    let later = started.plus(1);
    assert_eq!(reap(parts.store, "reaped/", later).await.expect("a list"), Reaped { aborted: 1, failed: 0 });
    parts.is_gone(&upload).await;
    assert_eq!(parts.unfinished("kept/").await, std::slice::from_ref(&other));
    parts.store.abort(&other).await.expect("aborted");
}
