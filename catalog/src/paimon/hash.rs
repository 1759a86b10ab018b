//! Hashes that Paimon's writers use to place rows: Murmur3 over 32-bit words and Hive's hash.

/// Seed of Java's `MurmurHashUtils`.
const SEED: u32 = 42;

/// `BinaryRow.hashCode`: Murmur3 (32 bit) over little-endian words.
///
/// A row's bytes are always a multiple of eight, so there is no tail; bytes beyond the last whole word
/// would not be hashed.
pub fn murmur_words(bytes: &[u8]) -> i32 {
    let (words, _) = bytes.as_chunks::<4>();
    let mixed = words.iter().fold(SEED, |hash, word| mix_hash(hash, mix_word(u32::from_le_bytes(*word))));
    // Java takes the length as an int; rows are far below its limit.
    finish(mixed ^ bytes.len() as u32) as i32
}

fn mix_word(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn mix_hash(hash: u32, word: u32) -> u32 {
    (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finish(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Java's `Long.hashCode`.
pub fn java_long(value: i64) -> i32 {
    (value ^ ((value as u64) >> 32) as i64) as i32
}

/// `31 * h + b` over signed bytes, as Hive hashes text and binary.
pub fn hive_bytes(bytes: &[u8]) -> i32 {
    bytes.iter().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(*byte as i8)))
}

/// `BigDecimal.hashCode` of a decimal without trailing zeros, as Hive hashes decimals.
///
/// Whole numbers keep the zeros before their point (`100` is not `1E+2`).
pub fn hive_decimal(unscaled: i128, scale: i8) -> i32 {
    let (mut unscaled, mut scale) = (unscaled, i32::from(scale));
    if unscaled == 0 {
        return 0;
    }
    while scale > 0 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    let magnitude = unscaled.unsigned_abs().to_be_bytes();
    let (words, _) = magnitude.as_chunks::<4>();
    let hash =
        words.iter().fold(0_i32, |hash, word| hash.wrapping_mul(31).wrapping_add(i32::from_be_bytes(*word)));
    let signed = if unscaled < 0 { hash.wrapping_neg() } else { hash };
    signed.wrapping_mul(31).wrapping_add(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Java: `new BinaryRow(0).hashCode()` over its eight header bytes.
    #[test]
    fn empty_row_hashes_as_in_java() {
        assert_eq!(murmur_words(&[0; 8]), -1_670_924_195);
    }

    /// Values of `BigDecimal("..").stripTrailingZeros().hashCode()` worked out from its definition:
    /// `31 * unscaled.hashCode() + scale`.
    #[test]
    fn decimals_hash_without_trailing_zeros() {
        assert_eq!(hive_decimal(0, 4), 0);
        assert_eq!(hive_decimal(1500, 2), 31 * 15);
        assert_eq!(hive_decimal(1050, 2), 31 * 105 + 1);
        assert_eq!(hive_decimal(-1050, 2), 31 * -105 + 1);
        // 2^32 = words [1, 0] -> 31 * 1 + 0.
        assert_eq!(hive_decimal(1_i128 << 32, 0), 31 * 31);
    }

    #[test]
    fn text_and_longs_hash_as_in_java() {
        assert_eq!(hive_bytes(b"hello"), 99_162_322);
        assert_eq!(java_long(-1), 0);
        assert_eq!(java_long(1 << 32), 1);
    }
}
