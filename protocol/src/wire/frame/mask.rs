//! The client's mask: every payload byte is XORed with one of four key bytes in turn.

/// Masks or unmasks `bytes`, whose first byte meets the first byte of `mask`.
pub(super) fn apply(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = bytes.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(mask) {
        *byte ^= key;
    }
    // A tail of five to seven bytes meets the mask once more.
    for (byte, key) in tail.iter_mut().skip(4).zip(mask) {
        *byte ^= key;
    }
}

/// Returns the mask as the byte `done` bytes into the payload meets it.
pub(super) fn rotated(mut mask: [u8; 4], done: usize) -> [u8; 4] {
    mask.rotate_left(done % 4);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tail_meet_the_same_mask_as_single_bytes() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..40_u8 {
            let plain: Vec<u8> = (0..len).collect();
            let expected: Vec<u8> = plain.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            let mut masked = plain.clone();
            apply(&mut masked, mask);
            assert_eq!(masked, expected, "length {len}");
        }
    }

    #[test]
    fn a_payload_in_two_parts_is_unmasked_like_one() {
        let mask = [1, 2, 3, 4];
        let mut whole = vec![0; 23];
        apply(&mut whole, mask);
        for cut in 0..23 {
            let mut parts = vec![0; 23];
            let (front, back) = parts.split_at_mut(cut);
            apply(front, mask);
            apply(back, rotated(mask, cut));
            assert_eq!(parts, whole, "cut at {cut}");
        }
    }
}
