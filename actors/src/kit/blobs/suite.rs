//! What every blob store must do, whatever it is made of. Each function is one behaviour, on a store that is empty of its keys.

use std::io;

use bytes::Bytes;
use futures_util::stream;

use super::{BlobError, BlobStore, Chunks, Key, Part, collect, once};

/// Tries all of it.
pub(crate) async fn run(store: &dyn BlobStore) {
    what_was_put_is_read_back_with_what_is_known_about_it(store).await;
    a_large_blob_streams_both_ways(store).await;
    parts_are_read(store).await;
    a_second_put_replaces_the_first(store).await;
    who_reads_the_old_blob_reads_it_to_its_end(store).await;
    a_body_that_breaks_off_changes_nothing(store).await;
    what_is_deleted_is_gone(store).await;
    odd_keys_are_keys_like_any_other(store).await;
    lists_are_sorted_and_come_in_pages(store).await;
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

async fn what_was_put_is_read_back_with_what_is_known_about_it(store: &dyn BlobStore) {
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

async fn a_large_blob_streams_both_ways(store: &dyn BlobStore) {
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

async fn parts_are_read(store: &dyn BlobStore) {
    put(store, "parts", "0123456789").await;
    let part = async |part| content(store, "parts", part).await.expect("there");
    assert_eq!(part(Part::From(0, Some(0))).await, "0");
    assert_eq!(part(Part::From(3, Some(5))).await, "345");
    assert_eq!(part(Part::From(7, None)).await, "789");
    assert_eq!(part(Part::From(7, Some(100))).await, "789");
    assert_eq!(part(Part::Last(4)).await, "6789");
    assert_eq!(part(Part::Last(40)).await, "0123456789");
    let beyond = store.get(&key("parts"), Part::From(10, None)).await.map(|_| ());
    assert!(matches!(beyond, Err(BlobError::OutOfRange { size_bytes: 10 })));
}

async fn a_second_put_replaces_the_first(store: &dyn BlobStore) {
    put(store, "twice", "first").await;
    let first = store.head(&key("twice")).await.expect("there");
    put(store, "twice", "second!").await;
    let second = store.head(&key("twice")).await.expect("there");
    assert_eq!(content(store, "twice", Part::Whole).await.expect("there"), "second!");
    assert_ne!(first.etag, second.etag);
    assert_eq!(second.size_bytes, 7);
}

async fn who_reads_the_old_blob_reads_it_to_its_end(store: &dyn BlobStore) {
    put(store, "replaced", "the old content").await;
    let old = store.get(&key("replaced"), Part::Whole).await.expect("there");
    put(store, "replaced", "new").await;
    assert_eq!(collect(old.body).await.expect("readable"), "the old content");
}

async fn a_body_that_breaks_off_changes_nothing(store: &dyn BlobStore) {
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

async fn what_is_deleted_is_gone(store: &dyn BlobStore) {
    put(store, "gone/one", "1").await;
    store.delete(&key("gone/one")).await.expect("deleted");
    is_absent(store, "gone/one").await;
    store.delete(&key("gone/one")).await.expect("as good as deleted");
    store.delete(&key("gone/one/below")).await.expect("as good as deleted");
    put(store, "gone/one", "2").await;
    assert_eq!(content(store, "gone/one", Part::Whole).await.expect("there"), "2");
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
