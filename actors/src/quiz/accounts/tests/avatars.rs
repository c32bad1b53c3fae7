use hubbub_protocol::quiz::avatars::{DeleteAvatar, GetAvatar, UploadAvatar};
use hubbub_protocol::quiz::profile::GetProfile;
use image::codecs::png::PngEncoder;
use image::{GrayImage, Luma};
use serde_json::{Value, json};

use crate::kit::ask::Ask;
use crate::kit::blobs::{Part, collect};
use crate::kit::snapshot::StoreError;
use crate::quiz::accounts::Accounts;
use crate::quiz::accounts::avatars::{delete_avatar, open_avatar, upload_avatar};
use crate::quiz::accounts::harness::{World, access_token, refusal};

fn png(grey: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    GrayImage::from_pixel(8, 8, Luma([grey])).write_with_encoder(PngEncoder::new(&mut bytes)).expect("encodes");
    bytes
}

async fn upload(world: &World, user: &Value, bytes: Vec<u8>) -> Result<Value, hubbub_protocol::fault::Fault> {
    let caller = world.caller(access_token(user))?;
    upload_avatar(world.deps.clone(), Ask::new(caller, UploadAvatar { bytes })).await.map(|answer| json!(answer))
}

async fn delete(world: &World, user: &Value) -> Result<Value, hubbub_protocol::fault::Fault> {
    let caller = world.caller(access_token(user))?;
    delete_avatar(world.deps.clone(), Ask::new(caller, DeleteAvatar {})).await.map(|answer| json!(answer))
}

/// Returns how many pictures are kept.
async fn kept(world: &World) -> usize {
    Accounts::of(&world.deps).blobs.list("", None, 100).await.expect("a list").blobs.len()
}

async fn shown(world: &World, path: &str) -> Result<(String, Vec<u8>), u16> {
    let (user_id, file) = path.split_once('/').expect("a path");
    let body: GetAvatar = serde_json::from_value(json!({ "userId": user_id, "file": file })).expect("decodes");
    let blob = open_avatar(&world.deps, &body, Part::Whole).await.map_err(|fault| fault.kind.status())?;
    Ok((blob.head.content_type, collect(blob.body).await.expect("readable").to_vec()))
}

#[actix::test]
async fn an_uploaded_picture_is_shown_at_its_address() {
    let world = World::new();
    let ada = world.ada().await;
    let answer = upload(&world, &ada, png(7)).await.expect("uploaded");
    let path = answer["path"].as_str().expect("a path");

    assert!(path.starts_with(ada["user"]["id"].as_str().expect("an id")) && path.ends_with(".png"));
    assert_eq!(answer, json!({ "url": format!("https://quiz.example.com/storage/avatars/{path}"), "path": path }));
    let profile = world.ask::<GetProfile>(access_token(&ada), json!({})).await.expect("a profile");
    assert_eq!(profile["avatarUrl"], answer["url"]);
    let (content_type, bytes) = shown(&world, path).await.expect("a picture");
    assert_eq!(content_type, "image/png");
    assert_eq!(image::load_from_memory(&bytes).expect("a picture").to_luma8().get_pixel(0, 0), &Luma([7]));
}

#[actix::test]
async fn a_new_picture_replaces_the_old() {
    let world = World::new();
    let ada = world.ada().await;
    let first = upload(&world, &ada, png(1)).await.expect("uploaded");
    let second = upload(&world, &ada, png(2)).await.expect("uploaded");

    assert_ne!(first["path"], second["path"]);
    assert_eq!(shown(&world, first["path"].as_str().expect("a path")).await, Err(404));
    assert!(shown(&world, second["path"].as_str().expect("a path")).await.is_ok());
    assert_eq!(kept(&world).await, 1);
}

#[actix::test]
async fn a_picture_is_deleted_once() {
    let world = World::new();
    let ada = world.ada().await;
    let uploaded = upload(&world, &ada, png(1)).await.expect("uploaded");

    assert_eq!(delete(&world, &ada).await, Ok(json!({ "message": "Avatar deleted successfully" })));
    assert_eq!(refusal(delete(&world, &ada).await).0, 404);
    assert_eq!(shown(&world, uploaded["path"].as_str().expect("a path")).await, Err(404));
    assert_eq!(kept(&world).await, 0);
}

#[actix::test]
async fn what_is_no_picture_leaves_the_old_one() {
    let world = World::new();
    let ada = world.ada().await;
    let uploaded = upload(&world, &ada, png(1)).await.expect("uploaded");
    assert_eq!(refusal(upload(&world, &ada, b"<svg/>".to_vec()).await).0, 400);
    assert_eq!(refusal(upload(&world, &ada, png(1)[..20].to_vec()).await).0, 400);
    assert_eq!(refusal(upload(&world, &ada, vec![0; 5_242_881]).await).0, 413);

    assert!(shown(&world, uploaded["path"].as_str().expect("a path")).await.is_ok());
}

#[actix::test]
async fn a_picture_whose_account_could_not_be_saved_is_not_kept() {
    let world = World::new();
    let ada = world.ada().await;
    let uploaded = upload(&world, &ada, png(1)).await.expect("uploaded");
    world.store.fail_with(Some(StoreError::Write { path: "store".into(), reason: "full".into() }));
    assert_eq!(refusal(upload(&world, &ada, png(2)).await).0, 500);

    assert!(shown(&world, uploaded["path"].as_str().expect("a path")).await.is_ok());
    assert_eq!(kept(&world).await, 1);
}

#[actix::test]
async fn a_picture_is_shown_after_a_restart_and_foreign_files_are_not() {
    let world = World::new();
    let ada = world.ada().await;
    let uploaded = upload(&world, &ada, png(1)).await.expect("uploaded");
    let world = world.restarted().await;
    let path = uploaded["path"].as_str().expect("a path");

    assert!(shown(&world, path).await.is_ok());
    let user_id = ada["user"]["id"].as_str().expect("an id");
    for file in ["..", "x.png", "../../secrets.toml", "%2e%2e", "", "picture.svg"] {
        assert_eq!(shown(&world, &format!("{user_id}/{file}")).await, Err(404), "{file}");
    }
}
