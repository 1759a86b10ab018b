//! Unions of HLL sketches to the byte as Java makes them (datasketches-java 4.2, `hll.Union`).
//!
//! The library reads, unites and writes the same format. Two traits of Java's bytes are left to do here:
//! a sketch in the coupon-set mode remembers the order in which its hash table was filled, on which later
//! estimates depend in their last digits; and the size of the table of large values of an HLL_4 sketch is
//! noted though nobody needs it.
//!
//! Image: u8 preamble words, u8 version, u8 family, u8 lg k, u8 lg size of the table, u8 flags, u8 state,
//! u8 mode (bits 0 and 1: 0 list, 1 set, 2 HLL; bits 2 and 3: 0 HLL_4), then for sets u32 count and u32
//! coupons; HLL images have the count of large values at byte 36.

use std::borrow::Cow;

use datasketches::error::Error;
use datasketches::hll::{HllSketch, HllType, HllUnion};

const LG_SIZE_BYTE: usize = 4;
const FLAGS_BYTE: usize = 5;
const MODE_BYTE: usize = 7;
const SET_COUNT: usize = 8;
const SET_COUPONS: usize = 12;
const LARGE_COUNT: usize = 36;

const COMPACT_FLAG: u8 = 8;
const SET_MODE: u8 = 1;
const HLL_MODE: u8 = 2;

/// The first size of the coupon set's table, as a power of two; its greatest is the lg k of 21 less 3.
const LG_LEAST_SET: u32 = 5;
const LG_MOST_SET: u32 = 18;
const COUPON_KEY_MASK: u32 = (1 << 26) - 1;
/// The first size of the table of large values for each lg k, as a power of two.
const LG_LEAST_LARGE: [u8; 22] = [0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13];

/// The union of two serialised sketches. `other` goes first, as in Java.
pub(super) fn unite(one: &[u8], other: &[u8]) -> Result<Vec<u8>, Error> {
    let one = HllSketch::deserialize(&with_java_table(one))?;
    let other = HllSketch::deserialize(&with_java_table(other))?;
    let mut union = HllUnion::new(other.lg_config_k())?;
    union.update(&other);
    union.update(&one);
    let mut bytes = union.to_sketch(HllType::Hll4).serialize();
    note_size_of_large_values(&mut bytes);
    Ok(bytes)
}

/// Rewrites a compact coupon set with the hash table that Java builds when it reads one: coupon after
/// coupon into a table that grows, where the library starts with the final size. Other images, and what
/// is no set, stay for the library to judge.
fn with_java_table(image: &[u8]) -> Cow<'_, [u8]> {
    let is_compact_set = image.len() >= SET_COUPONS
        && image[MODE_BYTE] & 3 == SET_MODE
        && image[FLAGS_BYTE] & COMPACT_FLAG != 0;
    if !is_compact_set {
        return Cow::Borrowed(image);
    }
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
    };
    let count = words(&image[SET_COUNT..SET_COUPONS])[0] as usize;
    let coupons = words(&image[SET_COUPONS..]);
    let Some(table) = coupons.get(..count).and_then(CouponTable::filled) else { return Cow::Borrowed(image) };
    let mut bytes = image[..SET_COUPONS].to_vec();
    bytes[LG_SIZE_BYTE] = table.lg_size as u8;
    bytes[FLAGS_BYTE] &= !COMPACT_FLAG;
    bytes.extend(table.slots.iter().flat_map(|coupon| coupon.to_le_bytes()));
    Cow::Owned(bytes)
}

/// Java's hash table of coupons; 0 is an empty slot.
struct CouponTable {
    lg_size: u32,
    slots: Vec<u32>,
}

impl CouponTable {
    fn new(lg_size: u32) -> Self {
        Self { lg_size, slots: vec![0; 1 << lg_size] }
    }

    /// A table with some coupons in it; `None` where they are not different and not empty.
    fn filled(coupons: &[u32]) -> Option<Self> {
        let mut table = Self::new(LG_LEAST_SET);
        for (coupon, count) in coupons.iter().zip(1_usize..) {
            table.insert(*coupon)?;
            if 4 * count > 3 * table.slots.len() {
                let mut larger = Self::new(table.lg_size + 1);
                if larger.lg_size > LG_MOST_SET {
                    return None;
                }
                for coupon in table.slots.iter().filter(|coupon| **coupon != 0) {
                    larger.insert(*coupon)?;
                }
                table = larger;
            }
        }
        Some(table)
    }

    fn insert(&mut self, coupon: u32) -> Option<()> {
        let mask = (1 << self.lg_size) - 1;
        let stride = ((coupon & COUPON_KEY_MASK) >> self.lg_size) | 1;
        let mut slot = coupon & mask;
        loop {
            match self.slots.get_mut(slot as usize)? {
                _ if coupon == 0 => return None,
                empty if *empty == 0 => {
                    *empty = coupon;
                    return Some(());
                }
                present if *present == coupon => return None,
                _ => slot = (slot + stride) & mask,
            }
        }
    }
}

/// Notes the size that Java's table of large values has.
fn note_size_of_large_values(image: &mut [u8]) {
    if image.len() < LARGE_COUNT + 4 || image[MODE_BYTE] & 15 != HLL_MODE {
        return;
    }
    let count = &image[LARGE_COUNT..LARGE_COUNT + 4];
    let count = u64::from(u32::from_le_bytes([count[0], count[1], count[2], count[3]]));
    let lg_k = usize::from(image[3]);
    if count > 0 {
        let mut lg_size = LG_LEAST_LARGE.get(lg_k).copied().unwrap_or(0);
        while 4 * count > 3 << lg_size {
            lg_size += 1;
        }
        image[LG_SIZE_BYTE] = lg_size;
    }
}
