//! Whether some bytes are a picture, and the same picture with nothing in it but the picture.
//!
//! What a file is, its first bytes say; that it is one, decoding it proves. A JPEG or PNG is written anew from its pixels, turned as
//! its camera was held; a GIF or WebP, which may move, keeps its own compression and loses every block that is not picture. Either way
//! text, position, previews and whatever was hung on at the end are gone.

use std::io::Cursor;

use bytes::Bytes;
use hubbub_protocol::quiz::avatars::ImageType;
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{PngDecoder, PngEncoder};
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageError, Limits};

use super::{gif, webp};

/// The largest width and height.
pub const SIDE_PIXELS: u32 = 4096;
/// What decoding may allocate at a time.
const MEMORY_BYTES: u64 = 128 * 1024 * 1024;
/// How many pixels all frames of a picture that moves may have together: they bound the time, as one frame's do for others.
const MOVING_PIXELS: u64 = 64 * 1024 * 1024;
/// A quality at which one more compression is not seen.
const JPEG_QUALITY: u8 = 90;

/// A picture and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub image: ImageType,
    /// The file.
    pub bytes: Bytes,
}

/// Why some bytes are no picture that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongPicture {
    /// It is something else.
    #[error("the file is not a JPEG, PNG, WebP or GIF image")]
    Unknown,
    /// It begins like a picture and is none.
    #[error("the image is damaged")]
    Damaged,
    /// It has too many pixels.
    #[error("the image is larger than {SIDE_PIXELS} x {SIDE_PIXELS} pixels")]
    TooLarge,
}

/// Returns the picture that some bytes are. Keeps a processor busy.
///
/// # Errors
/// [`WrongPicture`]
pub fn clean(bytes: &[u8]) -> Result<Picture, WrongPicture> {
    let image = ImageType::of(bytes).ok_or(WrongPicture::Unknown)?;
    let clean = match image {
        ImageType::Jpg => jpeg(bytes)?,
        ImageType::Png => png(bytes)?,
        ImageType::Gif => moving_gif(gif::strip(bytes).ok_or(WrongPicture::Damaged)?)?,
        ImageType::Webp => moving_webp(webp::strip(bytes).ok_or(WrongPicture::Damaged)?)?,
    };
    Ok(Picture { image, bytes: clean.into() })
}

impl From<ImageError> for WrongPicture {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            _ => Self::Damaged,
        }
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS);
    limits.max_image_height = Some(SIDE_PIXELS);
    limits.max_alloc = Some(MEMORY_BYTES);
    limits
}

/// Decoders check their limits late or in part; the header alone is enough to refuse what is too large.
fn limited<D: ImageDecoder>(mut decoder: D) -> Result<D, WrongPicture> {
    let (width, height) = decoder.dimensions();
    if width > SIDE_PIXELS || height > SIDE_PIXELS || decoder.total_bytes() > MEMORY_BYTES {
        return Err(WrongPicture::TooLarge);
    }
    if width == 0 || height == 0 {
        return Err(WrongPicture::Damaged);
    }
    decoder.set_limits(limits())?;
    Ok(decoder)
}

fn jpeg(bytes: &[u8]) -> Result<Vec<u8>, WrongPicture> {
    let mut decoder = limited(JpegDecoder::new(Cursor::new(bytes))?)?;
    // An orientation that cannot be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder)?;
    pixels.apply_orientation(orientation);
    let mut clean = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut clean, JPEG_QUALITY);
    let is_grey = matches!(pixels, DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_));
    if is_grey {
        pixels.into_luma8().write_with_encoder(encoder)?
    } else {
        pixels.into_rgb8().write_with_encoder(encoder)?
    }
    Ok(clean)
}

/// A PNG that moves stands still afterwards.
fn png(bytes: &[u8]) -> Result<Vec<u8>, WrongPicture> {
    let decoder = limited(PngDecoder::with_limits(Cursor::new(bytes), limits())?)?;
    let pixels = DynamicImage::from_decoder(decoder)?;
    let mut clean = Vec::new();
    pixels.write_with_encoder(PngEncoder::new(&mut clean))?;
    Ok(clean)
}

fn moving_gif(clean: Vec<u8>) -> Result<Vec<u8>, WrongPicture> {
    let decoder = limited(GifDecoder::new(Cursor::new(&clean))?)?;
    let pixels = pixels(decoder.dimensions());
    prove(decoder.into_frames(), pixels)?;
    Ok(clean)
}

fn moving_webp(clean: Vec<u8>) -> Result<Vec<u8>, WrongPicture> {
    let decoder = limited(WebPDecoder::new(Cursor::new(&clean))?)?;
    if decoder.has_animation() {
        let pixels = pixels(decoder.dimensions());
        prove(decoder.into_frames(), pixels)?;
    } else {
        DynamicImage::from_decoder(decoder)?;
    }
    Ok(clean)
}

fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Decodes every frame, of which there is at least one, each as large as the whole picture.
fn prove(frames: Frames<'_>, pixels_of_each: u64) -> Result<(), WrongPicture> {
    let mut pixels = 0;
    for frame in frames {
        frame?;
        pixels += pixels_of_each;
        if pixels > MOVING_PIXELS {
            return Err(WrongPicture::TooLarge);
        }
    }
    if pixels == 0 { Err(WrongPicture::Damaged) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
