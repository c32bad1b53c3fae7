//! Both files of a recording in one form, as the edge reads it.

use bytes::Bytes;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::FileType;
use serde_json::json;

use crate::fleet::harness::World;
use crate::fleet::uploads::spool;
use crate::fleet::uploads::upload_session::Form;
use crate::kit::blobs::{Key, once};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl World {
    async fn form(&self) -> Form {
        let mut form = Form::begin(&self.deps, None);
        for (file, content) in [(FileType::Data, "some data"), (FileType::Video, "a video")] {
            form.file_begins(file).await.expect("it begins");
            form.bytes(file, Bytes::from_static(content.as_bytes())).await.expect("taken");
            form.file_ends(file).await.expect("stored");
        }
        form
    }

    /// Returns how many files and unfinished uploads there are.
    async fn kept(&self) -> (usize, usize) {
        let files = self.blobs.list("", None, 10).await.expect("a list").blobs;
        let uploads = self.blobs.uploads("", None, 10).await.expect("a list").uploads;
        (files.len(), uploads.len())
    }
}

#[actix::test]
async fn files_that_came_before_their_timestamp_get_their_names_at_the_end() {
    let world = World::new();
    let mut form = world.form().await;
    assert_eq!(world.kept().await, (0, 2));
    form.text("timestamp", "20260206_120000".to_owned()).await.expect("a timestamp");
    form.text("timestamp", "another".to_owned()).await.expect("too late to count");

    let uploaded = json!(form.finish().await.expect("a recording"));

    assert_eq!(uploaded["mp4"]["location"], "http://hub/_store/sessions/20260206_120000/recording.mp4");
    assert_eq!(uploaded["npz"]["key"], "sessions/20260206_120000/session_data.npz");
    let data = Key::parse("sessions/20260206_120000/session_data.npz").expect("a key");
    let head = world.blobs.head(&data).await.expect("there");
    assert_eq!((head.size_bytes, head.content_type.as_str()), (9, "application/octet-stream"));
    assert_eq!(world.kept().await, (2, 0));
}

#[actix::test]
async fn a_form_that_comes_to_nothing_leaves_nothing() {
    let world = World::new();
    let missing = Fault::invalid("timestamp field is required");
    assert_eq!(world.form().await.finish().await, Err(missing));
    assert_eq!(world.kept().await, (0, 0));

    // Its client went away.
    drop(world.form().await);
    while world.kept().await != (0, 0) {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn what_a_killed_hub_left_in_the_spool_is_dropped_after_a_day() {
    let world = World::new();
    let key = |text: &str| Key::parse(text).expect("a key");
    let _never_ended = world.blobs.start(&key("incoming/a/recording.mp4"), "video/mp4").await.expect("begun");
    for name in ["incoming/b/recording.mp4", "sessions/a/recording.mp4"] {
        world.blobs.put(&key(name), "video/mp4", once(Bytes::from_static(b"old"))).await.expect("written");
    }
    world.clock.advance(DAY_MS);
    world.blobs.put(&key("incoming/c/recording.mp4"), "video/mp4", once(Bytes::from_static(b"new"))).await.expect("written");

    let cleared = spool::clear(&*world.blobs, world.deps.now().minus(DAY_MS - 1)).await.expect("cleared");

    assert_eq!(cleared, (1, 1));
    assert_eq!(world.kept().await, (2, 0));
}
