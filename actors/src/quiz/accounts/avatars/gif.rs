//! GIF, block by block: what is picture stays; comments, texts, foreign extensions and what comes after the end go.

use super::blocks::Blocks;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const END: u8 = 0x3b;
/// How long a frame stays and how it goes.
const CONTROL: u8 = 0xf9;
/// An extension that says whose it is.
const APPLICATION: u8 = 0xff;
/// The one that everyone knows: how often the picture moves.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

/// Returns the same picture without anything else, or nothing when the file is damaged.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut blocks = Blocks(bytes);
    let mut clean = Vec::with_capacity(bytes.len());
    let head = blocks.take(13)?;
    clean.extend_from_slice(head);
    clean.extend_from_slice(blocks.take(palette_bytes(*head.get(10)?))?);
    let mut control = None;
    loop {
        match blocks.byte()? {
            IMAGE => {
                clean.extend(control.take().into_iter().flatten());
                image(&mut blocks, &mut clean)?;
            }
            EXTENSION => match blocks.byte()? {
                CONTROL => control = Some(frame_control(&mut blocks)?),
                APPLICATION => application(&mut blocks, &mut clean)?,
                _ => {
                    // A control block before a text is about that text.
                    control = None;
                    sub_blocks(&mut blocks, |_| {})?;
                }
            },
            END => {
                clean.push(END);
                return Some(clean);
            }
            _ => return None,
        }
    }
}

/// The lowest three bits say how many colours there are, the highest whether there are any.
const fn palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 0x07) + 1) }
}

fn image(blocks: &mut Blocks<'_>, clean: &mut Vec<u8>) -> Option<()> {
    let place = blocks.take(9)?;
    clean.push(IMAGE);
    clean.extend_from_slice(place);
    clean.extend_from_slice(blocks.take(palette_bytes(*place.get(8)?))?);
    clean.push(blocks.byte()?);
    sub_blocks(blocks, |block| push_sub_block(clean, block))?;
    clean.push(0);
    Some(())
}

fn frame_control(blocks: &mut Blocks<'_>) -> Option<[u8; 8]> {
    let mut control = [EXTENSION, CONTROL, 4, 0, 0, 0, 0, 0];
    let mut is_whole = false;
    sub_blocks(blocks, |block| {
        is_whole = block.len() == 4;
        control.iter_mut().skip(3).zip(block).for_each(|(to, from)| *to = *from);
    })?;
    // The four bytes are followed by the end, whatever came.
    control[7] = 0;
    is_whole.then_some(control)
}

fn application(blocks: &mut Blocks<'_>, clean: &mut Vec<u8>) -> Option<()> {
    let mut is_loop = false;
    let mut repeat = None;
    let mut is_first = true;
    sub_blocks(blocks, |block| {
        if std::mem::take(&mut is_first) {
            is_loop = LOOPS.contains(&block);
        } else if let (true, [1, low, high]) = (is_loop, block) {
            repeat.get_or_insert([*low, *high]);
        }
    })?;
    if let Some([low, high]) = repeat {
        clean.extend_from_slice(&[EXTENSION, APPLICATION]);
        push_sub_block(clean, LOOPS[0]);
        push_sub_block(clean, &[1, low, high]);
        clean.push(0);
    }
    Some(())
}

/// Reads sub-blocks up to the empty one that ends them.
fn sub_blocks(blocks: &mut Blocks<'_>, mut each: impl FnMut(&[u8])) -> Option<()> {
    loop {
        match blocks.byte()? {
            0 => return Some(()),
            length => each(blocks.take(usize::from(length))?),
        }
    }
}

/// A sub-block has at most 255 bytes: it was one before.
fn push_sub_block(clean: &mut Vec<u8>, block: &[u8]) {
    clean.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
    clean.extend_from_slice(block);
}
