//! `/profile/avatar`: a form comes in, a picture and nothing else goes out.

use std::io::Cursor;

use futures_util::future::join_all;
use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, body, call, check, check_refused, send};

const NONE: Value = Value::Null;
const SECRET: &[u8] = b"taken at 52.5200 N 13.4050 E";
/// The document's five megabytes.
const LARGEST: usize = 5_242_880;

/// Returns a small picture.
pub fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(40, 24, image::Rgb([200, 30, 60])).write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// Returns a form with one file, which claims to be a text.
fn form(field: &str, file: &[u8]) -> Vec<u8> {
    let head = format!(
        "--line\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"../../a.txt\"\r\ncontent-type: text/plain\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--line--\r\n"].concat()
}

async fn upload(user: &User, form: Vec<u8>) -> Answer {
    upload_as(user, "multipart/form-data; boundary=line", form).await
}

async fn upload_as(user: &User, content_type: &str, sent: Vec<u8>) -> Answer {
    let bearer = format!("Bearer {}", user.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
    send(&user.base, "POST", "/profile/avatar", &headers, sent).await
}

/// Uploads a picture, and returns the path in the store that the answer names.
pub async fn uploaded(user: &User, file: &[u8]) -> String {
    let answer = body(&upload(user, form("avatar", file)).await);
    answer["path"].as_str().unwrap_or_else(|| panic!("no path in {answer}")).to_owned()
}

fn served_at(path: &str) -> String {
    format!("/storage/avatars/{path}")
}

/// Returns the bytes that everyone gets, without a token.
pub async fn bytes_at(base: &str, path: &str) -> Vec<u8> {
    let answer = reqwest::get(format!("{base}{}", served_at(path))).await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    answer.bytes().await.expect("a whole body").to_vec()
}

/// Checks that nobody gets it any more.
pub async fn check_gone(base: &str, path: &str) {
    check_refused(&call(base, "GET", &served_at(path), &NONE).await, 404, "not_found", "Not found");
}

/// Returns how many avatars lie on the disk.
fn files(hub: &Hub) -> usize {
    let users = std::fs::read_dir(hub.data.path().join("blobs/quiz/avatars")).into_iter().flatten().flatten();
    users.map(|user| std::fs::read_dir(user.path()).into_iter().flatten().flatten().count()).sum()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn each_type_is_told_by_its_content_and_everyone_gets_it_as_what_it_is() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let port = base.rsplit(':').next().expect("a port");
    for (format, extension, content_type) in [
        (ImageFormat::Jpeg, "jpg", "image/jpeg"),
        (ImageFormat::Png, "png", "image/png"),
        (ImageFormat::WebP, "webp", "image/webp"),
        (ImageFormat::Gif, "gif", "image/gif"),
    ] {
        let answer = upload(&ada, form("avatar", &picture(format))).await;
        let path = body(&answer)["path"].as_str().expect("a path").to_owned();
        let url = format!("http://localhost:{port}/storage/avatars/{path}");
        check(&answer, 200, &json!({ "url": url, "path": path }));
        let file = path.strip_prefix(&format!("{}/", ada.id)).and_then(|file| file.strip_suffix(&format!(".{extension}")));
        assert_eq!(file.map(str::len), Some(36), "{path}");
        assert_eq!(ada.get("/profile").await["avatarUrl"], json!(url));

        let shown = bytes_at(base, &path).await;
        assert_eq!(image::guess_format(&shown).ok(), Some(format));
        let decoded = image::load_from_memory(&shown).expect("a picture");
        assert_eq!((decoded.width(), decoded.height()), (40, 24));
        let length = shown.len().to_string();
        for method in ["GET", "HEAD"] {
            let response =
                reqwest::Client::new().request(method.parse().expect("a method"), format!("{base}{}", served_at(&path)));
            let response = response.send().await.expect("an answer");
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert_eq!(response.status().as_u16(), 200);
            assert_eq!((header("content-type"), header("content-length")), (content_type, length.as_str()), "{method}");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
            assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
            let sent = response.bytes().await.expect("a body").len();
            assert_eq!(sent, if method == "GET" { shown.len() } else { 0 });
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_new_avatar_takes_the_place_of_the_old_one_and_none_is_left_behind() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let first = uploaded(&ada, &picture(ImageFormat::Png)).await;
    let second = uploaded(&ada, &picture(ImageFormat::Png)).await;
    assert_ne!(first, second, "the same picture has a new address");
    check_gone(base, &first).await;
    bytes_at(base, &second).await;
    assert_eq!(files(&hub), 1);

    check(&ada.call("DELETE", "/profile/avatar", &NONE).await, 200, &json!({ "message": "Avatar deleted successfully" }));
    check_gone(base, &second).await;
    assert_eq!((ada.get("/profile").await["avatarUrl"].clone(), files(&hub)), (NONE, 0));
    check_refused(&ada.call("DELETE", "/profile/avatar", &NONE).await, 404, "not_found", "No avatar to delete");

    // Of many at once, one stays: the one that the profile shows.
    let png = picture(ImageFormat::Png);
    let paths = join_all((0..8).map(|_| uploaded(&ada, &png))).await;
    let shown = ada.get("/profile").await["avatarUrl"].as_str().expect("an address").to_owned();
    let kept: Vec<&String> = paths.iter().filter(|path| shown.ends_with(path.as_str())).collect();
    assert_eq!((kept.len(), files(&hub)), (1, 1));
    bytes_at(base, kept[0]).await;
    hub.stop().await;
}

#[tokio::test]
async fn where_a_picture_was_taken_nobody_learns() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let exif = [b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0".as_slice(), SECRET].concat();
    let length = u16::try_from(exif.len() + 2).expect("it is short").to_be_bytes();
    let jpeg = picture(ImageFormat::Jpeg);
    let tagged = [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat();
    let hung_on = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP]
        .map(|format| [picture(format).as_slice(), SECRET].concat());
    for file in [tagged].into_iter().chain(hung_on) {
        assert!(holds(&file, SECRET));
        let shown = bytes_at(&ada.base, &uploaded(&ada, &file).await).await;
        assert!(!holds(&shown, SECRET) && !holds(&shown, b"Exif"));
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_is_no_form_with_a_picture_changes_nothing() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let kept = uploaded(&ada, &picture(ImageFormat::Png)).await;
    let before = ada.get("/profile").await;
    let png = picture(ImageFormat::Png);

    let (invalid, unknown) = ("Invalid request data", "Invalid file format: JPEG, PNG, WebP or GIF");
    let no_file = "No file provided";
    for (sent, message) in [
        (form("picture", &png), no_file),
        (form("Avatar", &png), no_file),
        (b"--line--\r\n".to_vec(), no_file),
        (form("avatar", b""), unknown),
        (form("avatar", b"hello"), unknown),
        (form("avatar", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), unknown),
        (form("avatar", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"), unknown),
        (form("avatar", &png[..png.len() / 2]), "the image is damaged"),
        (form("avatar", b"GIF89a<script>alert(1)</script>"), "the image is damaged"),
        (form("avatar", &[0xff, 0xd8, 0xff].repeat(1000)), "the image is damaged"),
        (form("avatar", &vec![0; LARGEST]), unknown),
        (form("avatar", &png)[..60].to_vec(), invalid),
        (b"no form at all".to_vec(), invalid),
        (vec![], invalid),
    ] {
        check_refused(&upload(&ada, sent).await, 400, "invalid_payload", message);
    }
    for content_type in ["application/json", "multipart/form-data", "image/png", "application/x-www-form-urlencoded", ""] {
        check_refused(&upload_as(&ada, content_type, png.clone()).await, 400, "invalid_payload", invalid);
    }
    for size in [LARGEST + 1, LARGEST + 100_000, 12_000_000] {
        let answer = upload(&ada, form("avatar", &vec![0; size])).await;
        check_refused(&answer, 413, "file_too_large", "File size exceeds 5MB limit");
    }
    let form_of_nobody = send(
        &ada.base,
        "POST",
        "/profile/avatar",
        &[("content-type", "multipart/form-data; boundary=line")],
        form("avatar", &png),
    );
    check_refused(&form_of_nobody.await, 401, "unauthorized", "Authentication required");

    assert_eq!(ada.get("/profile").await, before);
    bytes_at(&ada.base, &kept).await;
    assert_eq!(files(&hub), 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_picture_with_too_many_pixels_is_refused_by_its_head() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let mut gif = picture(ImageFormat::Gif);
    gif[6..10].fill(0xff);
    let answer = upload(&ada, form("avatar", &gif)).await;
    check_refused(&answer, 400, "invalid_payload", "the image is larger than 4096 x 4096 pixels");
    hub.stop().await;
}

#[tokio::test]
async fn other_fields_of_the_form_are_passed_over() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let field = b"--line\r\ncontent-disposition: form-data; name=\"caption\"\r\n\r\nme\r\n";
    let second = form("avatar", &picture(ImageFormat::Gif));
    let first = form("avatar", &picture(ImageFormat::Png));
    let sent = [field.as_slice(), &first[..first.len() - b"--line--\r\n".len()], &second].concat();
    let answer = body(&upload(&ada, sent).await);
    assert!(answer["path"].as_str().is_some_and(|path| path.ends_with(".png")), "the first file counts: {answer}");
    hub.stop().await;
}

#[tokio::test]
async fn only_names_that_were_given_out_are_served() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let path = uploaded(&ada, &picture(ImageFormat::Png)).await;
    let (user, file) = path.split_once('/').expect("two parts");
    let other = "00000000-0000-4000-8000-000000000000";
    for target in [
        format!("/storage/avatars/{other}/{file}"),
        format!("/storage/avatars/{user}/{other}.png"),
        format!("/storage/avatars/{user}/{}", file.replace(".png", ".jpg")),
        format!("/storage/avatars/{user}/{}", file.to_uppercase()),
        format!("/storage/avatars/{user}/"),
        format!("/storage/avatars/{user}"),
        "/storage/avatars/".to_owned(),
        "/storage/avatars".to_owned(),
        format!("/storage/avatars/{user}/../{user}/{file}"),
        format!("/storage/avatars/{user}/%2e%2e%2f{user}%2f{file}"),
        format!("/storage/avatars/../avatars/{user}/{file}"),
        format!("/storage/avatars//{user}/{file}"),
        "/storage/avatars/../../../secrets.toml".to_owned(),
        "/storage/avatars/..%2f..%2f..%2fsecrets.toml".to_owned(),
        "/storage/avatars/%2e%2e/%2e%2e%2fsecrets.toml".to_owned(),
        format!("/storage/avatars/{user}/..%5c..%5csecrets.toml"),
        format!("/storage/avatars/{user}/{file}%00.png"),
        format!("/storage/avatars/{user}/%2fetc%2fpasswd"),
        format!("/storage/avatars/{user}/{file}/{file}"),
    ] {
        let answer = get_as_written(base, &target).await;
        let is_refusal = answer.contains(r#"{"error":"not_found","message":"Not found","requestId":""#);
        assert!(answer.starts_with("HTTP/1.1 404 ") && is_refusal, "{target}: {answer}");
    }
    assert!(get_as_written(base, &served_at(&path)).await.starts_with("HTTP/1.1 200 "));
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        check_refused(&call(base, method, &served_at(&path), &NONE).await, 404, "not_found", "Not found");
    }
    bytes_at(base, &path).await;
    hub.stop().await;
}

/// Asks for a target as it is written: clients tidy up what has dots in it. Returns the answer as text, as far as it is some.
async fn get_as_written(base: &str, target: &str) -> String {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_address_is_the_one_that_browsers_are_told_to_use() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__PUBLIC_URL", "https://quiz.example.com")]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let path = uploaded(&ada, &picture(ImageFormat::Png)).await;
    let url = format!("https://quiz.example.com/storage/avatars/{path}");
    assert_eq!(ada.get("/profile").await["avatarUrl"], json!(url));
    bytes_at(&ada.base, &path).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_disk_that_fails_is_an_error_of_the_server_and_no_more_is_told() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let before = ada.get("/profile").await;
    // Where the directory of avatars is to be, there is a file.
    let blobs = hub.data.path().join("blobs");
    std::fs::create_dir_all(&blobs).expect("a directory");
    std::fs::write(blobs.join("quiz"), "in the way").expect("a file");
    let answer = upload(&ada, form("avatar", &picture(ImageFormat::Png))).await;
    check_refused(&answer, 500, "server_error", "could not be saved, try again");
    assert_eq!(ada.get("/profile").await, before);

    std::fs::remove_file(blobs.join("quiz")).expect("it is there");
    let path = uploaded(&ada, &picture(ImageFormat::Png)).await;
    bytes_at(&ada.base, &path).await;
    hub.stop().await;
}
