//! The numbers in a `Roaring64Bitmap` as Java serializes it, to compare bitmaps by their contents.
//!
//! The bytes are a tag (0: empty), a radix tree of the high 48 bits in preorder, and the containers of
//! the low 16 bits that its leaves point at (org.roaringbitmap.longlong.HighLowContainer, .art.Art,
//! .art.Containers). All numbers are little-endian but the keys of leaves.

use std::collections::HashMap;

use super::Result;

const NODE_BODY_BYTES: [usize; 4] = [4, 16, 256, 32];
const LEAF: u8 = 4;
/// A key has six bytes, and every inner node takes one of them.
const DEPTH_MAX: u32 = 6;
const BITMAP_WORDS: usize = 1024;

/// All numbers, in order.
pub fn numbers(bytes: &[u8]) -> Result<Vec<u64>> {
    let mut input = Input { bytes };
    if input.u8()? == 0 {
        return Ok(Vec::new());
    }
    input.u64()?; // number of keys
    let mut keys = HashMap::new();
    read_node(&mut input, &mut keys, 0)?;
    let mut numbers = Vec::new();
    let arrays = input.u32()?;
    for array in 0..u64::from(arrays) {
        input.u8()?; // trimmed or not, which changes nothing
        for position in 0..u64::from(input.u32()?) {
            if input.u8()? == 0 {
                continue;
            }
            let high = keys.get(&(array << 32 | position)).ok_or("a container without a key")?;
            read_container(&mut input, *high, &mut numbers)?;
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads a node and its children; a leaf gives the container index of a key.
fn read_node(input: &mut Input, keys: &mut HashMap<u64, u64>, depth: u32) -> Result<()> {
    let kind = input.u8()?;
    let count = input.u16()?;
    let prefix = input.u8()?;
    input.take(usize::from(prefix))?;
    if kind == LEAF {
        let key = input.take(6)?.iter().fold(0, |key, byte| key << 8 | u64::from(*byte));
        keys.insert(input.u64()?, key << 16);
        return Ok(());
    }
    if depth >= DEPTH_MAX {
        return Err("the tree is deeper than its keys".into());
    }
    let body = NODE_BODY_BYTES.get(usize::from(kind)).ok_or_else(|| format!("node type {kind}"))?;
    input.take(*body)?;
    (0..count).try_for_each(|_| read_node(input, keys, depth + 1))
}

fn read_container(input: &mut Input, high: u64, numbers: &mut Vec<u64>) -> Result<()> {
    let kind = input.u8()?;
    let cardinality = input.u32()?;
    match kind {
        0 => {
            for _ in 0..input.u16()? {
                let start = u64::from(input.u16()?);
                let length = u64::from(input.u16()?);
                numbers.extend((start..=start + length).map(|low| high | low));
            }
        }
        1 => {
            for word in 0..BITMAP_WORDS as u64 {
                let bits = input.u64()?;
                let set = (0..64).filter(|bit| bits >> bit & 1 == 1);
                numbers.extend(set.map(|bit| high | (word * 64 + bit)));
            }
        }
        2 => {
            for _ in 0..cardinality {
                numbers.push(high | u64::from(input.u16()?));
            }
        }
        other => return Err(format!("container type {other}").into()),
    }
    Ok(())
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(count).ok_or("the bitmap ends early")?;
        self.bytes = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into()?)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }
}
