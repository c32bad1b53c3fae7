use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::webp::WebPEncoder;
use image::{Delay, Frame, GenericImageView, Rgb, RgbImage, RgbaImage};

use super::*;

const SECRET: &[u8] = b"taken at 52.5200 N 13.4050 E";

/// A picture that is different in every corner.
fn pixels(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, ((x ^ y) & 1) as u8 * 40]))
}

fn encoded(format: ImageType) -> Vec<u8> {
    encoded_of(format, 40, 24)
}

fn encoded_of(format: ImageType, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = pixels(width, height);
    match format {
        ImageType::Jpg => pixels.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 95)),
        ImageType::Png => pixels.write_with_encoder(PngEncoder::new(&mut bytes)),
        ImageType::Webp => pixels.write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
        ImageType::Gif => {
            let mut encoder = GifEncoder::new(&mut bytes);
            encoder.set_repeat(Repeat::Finite(3)).expect("encodes");
            let frame = |turn: u32| {
                let pixels = RgbaImage::from_fn(width, height, |x, y| image::Rgba([(x + turn) as u8, y as u8, 0, 255]));
                Frame::from_parts(pixels, 0, 0, Delay::from_numer_denom_ms(70, 1))
            };
            encoder.encode_frames((0..3).map(frame))
        }
    }
    .expect("encodes");
    bytes
}

const ALL: [ImageType; 4] = [ImageType::Jpg, ImageType::Png, ImageType::Webp, ImageType::Gif];

fn decoded(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).expect("a picture")
}

fn frames(gif: &[u8]) -> Vec<Frame> {
    GifDecoder::new(Cursor::new(gif)).expect("a gif").into_frames().collect_frames().expect("frames")
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Puts bytes into a file, before the byte at `at`.
fn with(bytes: &[u8], at: usize, inserted: &[u8]) -> Vec<u8> {
    [&bytes[..at], inserted, &bytes[at..]].concat()
}

fn png_chunk(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), payload].concat();
    [&(payload.len() as u32).to_be_bytes(), named.as_slice(), &crc32(&named).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// An EXIF block with an orientation and a text behind it.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4], SECRET].concat()
}

fn jpeg_with(orientation: u8) -> Vec<u8> {
    let payload = [b"Exif\0\0".as_slice(), &exif(orientation)].concat();
    let segment = [&[0xff, 0xe1], (payload.len() as u16 + 2).to_be_bytes().as_slice(), &payload].concat();
    with(&encoded(ImageType::Jpg), 2, &segment)
}

fn webp_with(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let plain = encoded(ImageType::Webp);
    let padded = [payload, if payload.len() % 2 == 1 { &[0] } else { &[] }].concat();
    let chunk = [name.as_slice(), &(payload.len() as u32).to_le_bytes(), &padded].concat();
    let head = [b"VP8X".as_slice(), &10_u32.to_le_bytes(), &[0b0000_1100, 0, 0, 0, 39, 0, 0, 23, 0, 0]].concat();
    let chunks = [b"WEBP".as_slice(), &head, &plain[12..], &chunk].concat();
    [b"RIFF".as_slice(), &(chunks.len() as u32).to_le_bytes(), &chunks].concat()
}

#[test]
fn the_four_formats_are_told_by_content_and_come_out_as_they_went_in() {
    for format in ALL {
        let bytes = encoded(format);
        let picture = clean(&bytes).expect("a picture");

        assert_eq!(picture.image, format);
        assert_eq!(ImageType::of(&picture.bytes), Some(format));
        assert_eq!(decoded(&picture.bytes).dimensions(), (40, 24));
        if format != ImageType::Jpg {
            assert!(decoded(&picture.bytes).to_rgba8() == decoded(&bytes).to_rgba8(), "{format:?}");
        }
    }
}

#[test]
fn a_cleaned_picture_is_clean() {
    for format in [ImageType::Png, ImageType::Webp, ImageType::Gif] {
        let once = clean(&encoded(format)).expect("a picture");

        assert!(clean(&once.bytes).expect("still one") == once, "{format:?}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let others: [&[u8]; 8] = [
        b"",
        b"G",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0",
        b"II*\0\x08\0\0\0",
    ];
    for other in others {
        assert_eq!(clean(other), Err(WrongPicture::Unknown), "{:?}", String::from_utf8_lossy(other));
    }
}

#[test]
fn what_only_begins_like_a_picture_is_refused() {
    let begins: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP", b"GIF89a"];
    for begin in begins {
        for rest in [b"".as_slice(), b"<script>alert(1)</script>", &[0; 4096], &[0xff; 4096]] {
            assert_eq!(clean(&[begin, rest].concat()), Err(WrongPicture::Damaged), "{begin:?}");
        }
    }
}

#[test]
fn a_truncated_picture_is_refused_or_comes_out_whole() {
    for format in ALL {
        let bytes = encoded_of(format, 12, 10);
        for length in 0..bytes.len() {
            if let Ok(picture) = clean(&bytes[..length]) {
                assert_eq!(decoded(&picture.bytes).dimensions(), (12, 10), "{format:?} at {length}");
                assert!(length > bytes.len() / 4, "{format:?} at {length} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn no_flipped_byte_does_harm() {
    for format in ALL {
        let bytes = encoded_of(format, 12, 10);
        for (at, flip) in (0..bytes.len()).zip([0x01, 0x80, 0xff, 0x10].into_iter().cycle()) {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            if let Ok(picture) = clean(&flipped) {
                decoded(&picture.bytes);
            }
        }
    }
}

#[test]
fn what_hangs_on_at_the_end_is_gone() {
    let zip = [b"PK\x03\x04".as_slice(), SECRET].concat();
    for format in ALL {
        let plain = encoded(format);
        let picture = clean(&[plain.as_slice(), &zip].concat()).expect("a picture");

        assert!(!holds(&picture.bytes, SECRET), "{format:?}");
        assert_eq!(picture, clean(&plain).expect("a picture"));
    }
}

#[test]
fn metadata_is_gone() {
    let plain = encoded(ImageType::Png);
    let text = png_chunk(b"tEXt", &[b"Comment\0".as_slice(), SECRET].concat());
    let png = with(&with(&plain, 33, &text), 33, &png_chunk(b"eXIf", &exif(1)));
    let gif_text = [&[0x21, 0xfe, SECRET.len() as u8], SECRET, &[0]].concat();
    let xmp = [&[0x21, 0xff, 11], b"XMP DataXMP".as_slice(), &[SECRET.len() as u8], SECRET, &[0]].concat();
    let plain = encoded(ImageType::Gif);
    let gif = with(&plain, plain.len() - 1, &[gif_text, xmp].concat());
    for bytes in [jpeg_with(1), png, webp_with(b"EXIF", &exif(1)), webp_with(b"XMP ", SECRET), webp_with(b"ODD ", SECRET), gif] {
        assert!(holds(&bytes, SECRET));
        let picture = clean(&bytes).expect("a picture");

        assert!(!holds(&picture.bytes, SECRET) && !holds(&picture.bytes, b"Exif"), "{:?}", picture.image);
        assert_eq!(decoded(&picture.bytes).dimensions(), (40, 24));
    }
}

#[test]
fn a_photo_is_turned_as_its_camera_was_held() {
    let upright = decoded(&clean(&jpeg_with(1)).expect("a picture").bytes);
    let turned = decoded(&clean(&jpeg_with(6)).expect("a picture").bytes);

    assert_eq!((upright.dimensions(), turned.dimensions()), ((40, 24), (24, 40)));
    // Its right edge, which is red, is at the bottom now.
    let [red, ..] = turned.get_pixel(12, 38).0;
    assert!(red > 200, "{red}");
}

#[test]
fn what_moves_goes_on_moving() {
    let bytes = encoded(ImageType::Gif);
    let picture = clean(&bytes).expect("a picture");
    let (before, after) = (frames(&bytes), frames(&picture.bytes));

    assert_eq!((before.len(), after.len()), (3, 3));
    for (before, after) in before.iter().zip(&after) {
        assert!(before.buffer() == after.buffer());
        assert_eq!(before.delay(), after.delay());
    }
    assert!(holds(&picture.bytes, b"\x0bNETSCAPE2.0\x03\x01\x03\x00\x00"));
}

#[test]
fn a_picture_that_would_fill_the_memory_is_refused_by_its_head() {
    let size = |width: u32, height: u32| [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = |width, height| [size(width, height).as_slice(), &[8, 6, 0, 0, 0]].concat();
    let png = |width, height| {
        let chunks = [png_chunk(b"IHDR", &head(width, height)), png_chunk(b"IDAT", &[0x78, 0x9c, 3, 0]), png_chunk(b"IEND", b"")];
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
    };
    assert_eq!(clean(&png(60_000, 60_000)), Err(WrongPicture::TooLarge));
    assert_eq!(clean(&png(4097, 1)), Err(WrongPicture::TooLarge));
    assert_eq!(clean(&png(1, u32::MAX >> 1)), Err(WrongPicture::TooLarge));

    let mut gif = encoded(ImageType::Gif);
    gif[6..10].fill(0xff);
    assert_eq!(clean(&gif), Err(WrongPicture::TooLarge));

    let mut webp = webp_with(b"ODD ", b"");
    webp[24..26].fill(0xff);
    assert_eq!(clean(&webp), Err(WrongPicture::TooLarge));

    let mut jpeg = encoded(ImageType::Jpg);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame");
    jpeg[frame + 5..frame + 9].fill(0xff);
    assert_eq!(clean(&jpeg), Err(WrongPicture::TooLarge));
}

#[test]
fn a_picture_that_moves_too_much_is_refused() {
    let plain = encoded(ImageType::Gif);
    let frame = &[0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x80, 0, 0, 0, 255, 255, 255, 2, 2, 0x44, 0x01, 0];
    let mut bomb = [b"GIF89a".as_slice(), &[0, 16, 0, 16, 0, 0, 0]].concat();
    (0..1000).for_each(|_| bomb.extend_from_slice(frame));
    bomb.push(0x3b);

    assert_eq!(clean(&bomb), Err(WrongPicture::TooLarge));
    assert!(clean(&plain).is_ok());
}

#[test]
fn the_largest_picture_is_taken() {
    let mut bytes = Vec::new();
    image::GrayImage::new(SIDE_PIXELS, SIDE_PIXELS).write_with_encoder(PngEncoder::new(&mut bytes)).expect("encodes");

    assert!(clean(&bytes).is_ok());
}
