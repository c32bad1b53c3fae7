//! What only local files promise about uploads in parts.

use super::*;
use crate::kit::clock::Clock;

async fn send(blobs: &LocalBlobs, upload: &Upload, at: u16, content: &'static str) -> PartTag {
    let number = PartNumber::new(at).expect("a number");
    let body = once(Bytes::from_static(content.as_bytes()));
    let part = blobs.put_part(upload, number, content.len() as u64, body).await.expect("written");
    PartTag { number, etag: part.etag }
}

async fn put(blobs: &LocalBlobs, name: &str, size_bytes: usize) -> Result<Head, BlobError> {
    blobs.put(&key(name), "text/plain", once(vec![0; size_bytes].into())).await
}

fn reopened(directory: &TempDir) -> LocalBlobs {
    LocalBlobs::open(directory.path().join("blobs"), TestClock::default().shared()).expect("a store")
}

fn with_quota(quota_bytes: u64) -> (TempDir, LocalBlobs) {
    let (directory, blobs) = blobs();
    (directory, blobs.with_quota(quota_bytes).expect("counted"))
}

/// Here and not in the suite: of the S3 servers that tests have, none looks at the key.
#[actix::test]
async fn an_id_means_nothing_with_another_key() {
    let (_directory, blobs) = blobs();
    let upload = blobs.start(&key("one"), "video/mp4").await.expect("begun");
    let tag = send(&blobs, &upload, 1, "content").await;
    let foreign = Upload { key: key("two"), id: upload.id.clone() };
    let is_unknown = |error: Option<BlobError>| matches!(error, Some(BlobError::UploadNotFound));

    assert!(is_unknown(blobs.parts(&foreign, None, 9).await.err()));
    assert!(is_unknown(blobs.put_part(&foreign, PartNumber::FIRST, 1, once(Bytes::from_static(b"1"))).await.err()));
    assert!(is_unknown(blobs.complete(&foreign, std::slice::from_ref(&tag)).await.err()));
    blobs.abort(&foreign).await.expect("as good as aborted");

    blobs.complete(&upload, &[tag]).await.expect("completed");
    assert!(matches!(blobs.head(&key("two")).await, Err(BlobError::NotFound)));
}

#[actix::test]
async fn an_upload_goes_on_after_a_restart() {
    let (directory, blobs) = blobs();
    let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    let second = send(&blobs, &upload, 2, "two").await;
    drop(blobs);

    let blobs = reopened(&directory);
    let first = send(&blobs, &upload, 1, "one ").await;
    let completed = blobs.complete(&upload, &[first, second]).await.expect("completed");

    assert_eq!(completed, Completed { etag: "6f3d2e69f0928cb26de5134fbd3f9eb6-2".into(), size_bytes: 7 });
    drop(blobs);
    let blobs = reopened(&directory);
    let blob = blobs.get(&key("a"), Part::Whole).await.expect("there");
    assert_eq!((blob.head.content_type.as_str(), collect(blob.body).await.expect("readable")), ("video/mp4", "one two".into()));
    assert_eq!(uploads(&blobs), 0);
}

#[actix::test]
async fn parts_at_the_same_time_do_not_disturb_each_other() {
    let (_directory, blobs) = blobs();
    let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    let content = |at: u16| Bytes::from(at.to_le_bytes().repeat(200_000 + usize::from(at)));
    let one = |at: u16| {
        let (blobs, upload) = (&blobs, &upload);
        async move {
            let pieces: Vec<_> = content(at).chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let number = PartNumber::new(at).expect("a number");
            blobs.put_part(upload, number, content(at).len() as u64, Box::pin(stream::iter(pieces))).await.expect("written")
        }
    };

    let parts = futures_util::future::join_all((1..=8).rev().map(one)).await;

    let named: Vec<_> = parts.into_iter().map(|part| PartTag { number: part.number, etag: part.etag }).collect();
    blobs.complete(&upload, &named).await.expect("completed");
    let blob = blobs.get(&key("a"), Part::Whole).await.expect("there");
    assert!(collect(blob.body).await.expect("readable") == (1..=8).map(content).collect::<Vec<_>>().concat());
}

#[actix::test]
async fn a_part_that_nobody_waits_for_leaves_its_room_to_the_next() {
    let (_directory, blobs) = with_quota(10);
    let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    for _ in 0..3 {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let body = async move {
            begun.send(()).expect("the test waits");
            std::future::pending().await
        };
        let sending = blobs.put_part(&upload, PartNumber::FIRST, 10, Box::pin(stream::once(body)));
        tokio::select! {
            _ = sending => panic!("there is no end of it"),
            begun = has_begun => begun.expect("it has begun"),
        }
    }

    let tag = send(&blobs, &upload, 1, "0123456789").await;

    blobs.complete(&upload, &[tag]).await.expect("completed");
    let (_, head, extents) = blobs.files.open_blob(&key("a")).expect("there");
    assert_eq!((head.size_bytes, extents), (10, vec![extents::Extent { offset: 0, length: 10 }]));
}

#[actix::test]
async fn a_part_that_comes_too_late_does_not_touch_the_blob() {
    let (_directory, blobs) = blobs();
    let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    let tag = send(&blobs, &upload, 1, "content").await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (late, has_come) = tokio::sync::oneshot::channel::<io::Result<Bytes>>();
    let body = async move {
        begun.send(()).expect("the test waits");
        has_come.await.expect("sent")
    };
    let mut sending = blobs.put_part(&upload, PartNumber::FIRST, 4, Box::pin(stream::once(body)));
    tokio::select! {
        _ = &mut sending => panic!("there is no end of it"),
        begun = has_begun => begun.expect("it has begun"),
    }

    blobs.complete(&upload, &[tag]).await.expect("completed");
    late.send(Ok(Bytes::from_static(b"late"))).expect("somebody waits");

    assert!(matches!(sending.await, Err(BlobError::UploadNotFound)));
    let blob = blobs.get(&key("a"), Part::Whole).await.expect("there");
    assert_eq!(collect(blob.body).await.expect("readable"), "content");
}

#[actix::test]
async fn whatever_is_there_counts_once() {
    let (directory, blobs) = with_quota(100);
    let used = |blobs: &LocalBlobs| blobs.files.quota.used();
    put(&blobs, "a", 30).await.expect("written");
    put(&blobs, "a", 20).await.expect("replaced");
    assert_eq!(used(&blobs), 20);
    let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    send(&blobs, &upload, 1, "0123456789").await;
    let first = send(&blobs, &upload, 1, "01234").await;
    send(&blobs, &upload, 2, "01234567").await;
    let other = blobs.start(&key("a"), "video/mp4").await.expect("begun");
    send(&blobs, &other, 1, "012").await;
    assert_eq!(used(&blobs), 20 + 5 + 8 + 3);
    drop(blobs);
    let blobs = reopened(&directory).with_quota(100).expect("counted");
    assert_eq!(used(&blobs), 20 + 5 + 8 + 3);
    blobs.abort(&other).await.expect("aborted");
    assert_eq!(used(&blobs), 20 + 5 + 8);

    blobs.complete(&upload, &[first]).await.expect("completed");

    assert_eq!(used(&blobs), 5);
    blobs.delete(&key("a")).await.expect("deleted");
    blobs.delete(&key("a")).await.expect("as good as deleted");
    assert_eq!(used(&blobs), 0);
}

#[actix::test]
async fn what_would_be_over_the_quota_is_refused_and_leaves_nothing() {
    let (_directory, blobs) = with_quota(10);
    let is_over = |answer: Result<(), BlobError>| matches!(answer, Err(BlobError::OverQuota { quota_bytes: 10 }));
    put(&blobs, "a", 6).await.expect("written");
    assert!(is_over(put(&blobs, "b", 5).await.map(|_| ())));
    let upload = blobs.start(&key("c"), "video/mp4").await.expect("begun");
    let body = || once(Bytes::from_static(b"01234"));
    assert!(is_over(blobs.put_part(&upload, PartNumber::FIRST, 5, body()).await.map(|_| ())));
    let broken = blobs.put_part(&upload, PartNumber::FIRST, 4, body()).await;
    assert!(matches!(broken, Err(BlobError::Source(_))));
    assert_eq!((blobs.files.quota.used(), incoming(&blobs)), (6, 0));
    assert_eq!(blobs.parts(&upload, None, 9).await.expect("a list").parts, []);

    send(&blobs, &upload, 1, "0123").await;

    assert_eq!(blobs.files.quota.used(), 10);
}

#[actix::test]
async fn a_damaged_table_is_an_error_and_no_content() {
    let (_directory, blobs) = blobs();
    let damages: [fn(&mut Vec<u8>); 3] =
        [|file| file.truncate(file.len() - 1), |file| file.insert(0, b'1'), |file| file[14] ^= 0x80];
    for damage in damages {
        let upload = blobs.start(&key("a"), "video/mp4").await.expect("begun");
        let second = send(&blobs, &upload, 2, "one ").await;
        let first = send(&blobs, &upload, 1, "two").await;
        blobs.complete(&upload, &[first, second]).await.expect("completed");
        let path = blobs.files.path(&key("a"));
        let mut file = fs::read(&path).expect("a file");
        damage(&mut file);
        fs::write(&path, file).expect("written");

        assert!(matches!(blobs.get(&key("a"), Part::Whole).await, Err(BlobError::Store(_))));
    }
}

#[actix::test]
async fn a_page_is_the_same_however_deep_the_keys_lie() {
    let (_directory, blobs) = blobs();
    let mut names: Vec<String> = Vec::new();
    for one in ["a", "a-", "a/b", "a0", "b"] {
        for other in ["", "/0", "/a/b", "/~"] {
            names.push(format!("{one}{other}"));
        }
    }
    names.sort_unstable();
    names.dedup();
    for name in &names {
        put(&blobs, name, 1).await.expect("written");
    }
    for prefix in ["", "a", "a/", "a/b", "b/~", "c"] {
        let expected: Vec<_> = names.iter().filter(|name| name.starts_with(prefix)).cloned().collect();
        let mut listed: Vec<String> = Vec::new();
        let mut has_more = true;
        while has_more {
            let after = listed.last().map(|name| key(name));
            let page = blobs.list(prefix, after.as_ref(), 3).await.expect("a list");
            listed.extend(page.blobs.iter().map(|blob| blob.key.to_string()));
            has_more = page.has_more;
        }
        assert_eq!(listed, expected, "{prefix}");
    }
}

#[actix::test]
async fn an_address_of_the_store_is_verified_by_whoever_has_its_key() {
    let (_directory, blobs) = blobs();
    let urls = PartUrls::new(b"a key of at least thirty-two bytes, for tests");
    let blobs = blobs.with_urls(urls.clone());
    let upload = blobs.start(&key("a/b c"), "video/mp4").await.expect("begun");

    let url = blobs.presign(&upload, PartNumber::FIRST, 3600).at("");

    let (path, query) = url.split_once('?').expect("a query");
    assert_eq!(urls.verify(path, query, TestClock::default().now()), Ok((upload, PartNumber::FIRST)));
    assert_eq!(blobs.location(&key("a/b c")).at("http://hub"), format!("http://hub{path}"));
}
