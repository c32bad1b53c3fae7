use std::fs;

use bytes::Bytes;
use futures_util::stream;
use tempfile::TempDir;

use super::*;
use crate::kit::blobs::{collect, once, suite};
use crate::kit::clock::TestClock;

mod crashes;
mod parts;

fn blobs() -> (TempDir, LocalBlobs) {
    let directory = tempfile::tempdir().expect("a directory");
    let blobs = LocalBlobs::open(directory.path().join("blobs"), TestClock::default().shared()).expect("a store");
    (directory, blobs)
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a good key")
}

fn incoming(blobs: &LocalBlobs) -> usize {
    fs::read_dir(blobs.files.root.join(INCOMING)).expect("a directory").count()
}

fn uploads(blobs: &LocalBlobs) -> usize {
    fs::read_dir(blobs.files.root.join(UPLOADS)).expect("a directory").count()
}

#[actix::test]
async fn local_files_do_what_every_blob_store_does() {
    let (_directory, blobs) = blobs();

    suite::run(&blobs, 1000).await;

    assert_eq!((incoming(&blobs), uploads(&blobs)), (0, 0));
}

#[actix::test]
async fn everything_is_there_after_a_restart_except_what_was_unfinished() {
    let (directory, blobs) = blobs();
    let written = blobs.put(&key("a/b"), "text/plain", once(Bytes::from_static(b"content"))).await.expect("written");
    fs::write(blobs.files.root.join(INCOMING).join("77"), "half").expect("written");
    drop(blobs);

    let blobs = LocalBlobs::open(directory.path().join("blobs"), TestClock::default().shared()).expect("a store");
    assert_eq!(blobs.head(&key("a/b")).await.expect("there"), written);
    assert_eq!(written.modified.iso(), "2026-02-06T12:00:00.000Z");
    assert_eq!(incoming(&blobs), 0);
}

#[actix::test]
async fn an_upload_that_nobody_waits_for_leaves_nothing() {
    let (_directory, blobs) = blobs();
    let name = key("a");
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let body = async move {
        begun.send(()).expect("the test waits");
        std::future::pending().await
    };
    let putting = blobs.put(&name, "text/plain", Box::pin(stream::once(body)));
    tokio::select! {
        _ = putting => panic!("there is no end of it"),
        begun = has_begun => begun.expect("it has begun"),
    }

    assert_eq!(incoming(&blobs), 0);
    assert!(matches!(blobs.head(&name).await, Err(BlobError::NotFound)));
}

#[actix::test]
async fn a_damaged_file_is_an_error_and_no_content() {
    let (_directory, blobs) = blobs();
    let name = key("a");
    let damages: [fn(&mut Vec<u8>); 4] =
        [|file| file.truncate(5), |file| file.truncate(file.len() - 1), |file| file.insert(0, b'1'), |file| file.push(b'1')];
    for damage in damages {
        blobs.put(&name, "text/plain", once(Bytes::from_static(b"content"))).await.expect("written");
        let path = blobs.files.path(&name);
        let mut file = fs::read(&path).expect("a file");
        damage(&mut file);
        fs::write(&path, file).expect("written");

        assert!(matches!(blobs.head(&name).await, Err(BlobError::Store(_))));
    }
}

#[actix::test]
async fn a_foreign_file_is_not_listed() {
    let (_directory, blobs) = blobs();
    blobs.put(&key("a"), "text/plain", once(Bytes::from_static(b"content"))).await.expect("written");
    for name in ["README", ".DS_Store", "%zz~", "..~"] {
        fs::write(blobs.files.root.join(name), "foreign").expect("written");
    }

    let page = blobs.list("", None, 10).await.expect("a list");
    assert_eq!(page.blobs.iter().map(|blob| blob.key.as_str()).collect::<Vec<_>>(), ["a"]);
}
