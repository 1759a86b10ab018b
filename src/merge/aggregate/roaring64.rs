//! The serialised form of Java's `Roaring64Bitmap` (RoaringBitmap 1.2, packages `longlong` and `art`),
//! which has no specification of its own.
//!
//! The upper 48 bits of the values are keys of an adaptive radix tree; each leaf names, by its index, a
//! container that holds the lower 16 bits. All numbers are little-endian, but key bytes stand in the
//! order of the tree. Layout: tag (0 empty, 1 not), i64 count of keys, the tree's nodes depth first, the
//! containers.
//!
//! Node: u8 type (0 to 3: up to 4, 16, 48, 256 children; 4: leaf), u16 child count, u8 prefix length, the
//! prefix; then the type's body (see [`write_children`]). Leaf body: 6 key bytes, u64 container index.
//! Containers: u32 count of arrays; for each array u8 mark, u32 slots, for each slot u8 0 or (u8 1, u8
//! kind, u32 cardinality, body); then u64 count of containers, u32 last array, u32 last slot in it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};

use roaring::RoaringBitmap;

const LEAF: u8 = 4;
const NOT_TRIMMED: u8 = 0xfe;
/// Bytes of a key.
const KEY_LENGTH: usize = 6;
/// The most elements that a container keeps as an array, and the bytes of one kept as a bitmap.
const ARRAY_LIMIT: u64 = 4096;
const BITMAP_LENGTH: usize = 8192;

const RUN_KIND: u8 = 0;
const BITMAP_KIND: u8 = 1;
const ARRAY_KIND: u8 = 2;
/// Cookies of the portable form of 32-bit bitmaps.
const NO_RUN_COOKIE: u32 = 12346;
const RUN_COOKIE: u32 = 12347;

/// The upper 48 bits of a value, the highest byte first.
pub(super) type Key = [u8; KEY_LENGTH];

/// A set of 64-bit integers.
#[derive(Debug, Clone, Default)]
pub(super) struct Roaring64 {
    /// Where each key's container is in `slots`.
    keys: BTreeMap<Key, usize>,
    /// Containers, bitmaps of values below 65536, in Java's places, which outlive a round trip.
    slots: Vec<Option<RoaringBitmap>>,
    /// Slots that have been used.
    used: usize,
}

impl Roaring64 {
    /// Adds the values of another set.
    pub(super) fn unite(&mut self, mut other: Self) {
        for (key, slot) in std::mem::take(&mut other.keys) {
            let Some(container) = other.slots[slot].take() else { continue };
            match self.keys.get(&key).and_then(|slot| self.slots[*slot].as_mut()) {
                Some(present) => *present |= container,
                None => self.insert(key, container),
            }
        }
    }

    /// The keys with their containers.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = (&Key, Option<&RoaringBitmap>)> {
        self.keys.iter().map(|(key, slot)| (key, self.slots[*slot].as_ref()))
    }

    /// Puts a new key's container in the next slot; the slots grow as Java's array does.
    fn insert(&mut self, key: Key, container: RoaringBitmap) {
        let slot = self.used;
        self.used += 1;
        if slot >= self.slots.len() {
            let capacity = (self.slots.len() + self.slots.len() / 2).max(slot + 1);
            self.slots.resize(capacity, None);
        }
        self.slots[slot] = Some(container);
        self.keys.insert(key, slot);
    }

    pub(super) fn deserialize(bytes: &[u8]) -> io::Result<Self> {
        let mut input = bytes;
        let input = &mut input;
        match read_u8(input)? {
            0 => return Ok(Self::default()),
            1 => {}
            tag => return Err(invalid(format!("tag {tag} is neither 0 nor 1"))),
        }
        let count = read_u64(input)?;
        let mut leaves = Vec::new();
        read_node(input, 0, &mut leaves)?;
        if leaves.len() as u64 != count {
            return Err(invalid(format!("{count} keys are declared, {} are there", leaves.len())));
        }
        let slots = read_containers(input)?;
        let mut bitmap = Self { keys: BTreeMap::new(), used: slots.len(), slots };
        bitmap.used = read_used(input, bitmap.slots.len())?;
        for (key, index) in leaves {
            let slot = usize::try_from(index).ok().filter(|slot| *slot < bitmap.slots.len());
            let slot = slot.ok_or_else(|| invalid(format!("there is no container {index}")))?;
            let container = bitmap.slots[slot].as_ref();
            if container.ok_or_else(|| invalid(format!("container {index} is missing")))?.is_empty() {
                bitmap.slots[slot] = None;
            } else if bitmap.keys.insert(key, slot).is_some() {
                return Err(invalid("a key stands twice".to_owned()));
            }
        }
        Ok(bitmap)
    }

    pub(super) fn serialize(&mut self) -> io::Result<Vec<u8>> {
        if self.keys.is_empty() {
            return Ok(vec![0]);
        }
        let mut out = vec![1];
        out.extend_from_slice(&(self.keys.len() as u64).to_le_bytes());
        let leaves: Vec<(&Key, usize)> = self.keys.iter().map(|(key, slot)| (key, *slot)).collect();
        write_node(&leaves, 0, &mut out);
        out.extend_from_slice(&1_u32.to_le_bytes());
        out.push(NOT_TRIMMED);
        out.extend_from_slice(&(self.slots.len() as u32).to_le_bytes());
        for slot in &mut self.slots {
            match slot {
                None => out.push(0),
                Some(container) => write_container(container, &mut out)?,
            }
        }
        out.extend_from_slice(&(self.keys.len() as u64).to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        out.extend_from_slice(&(self.used.saturating_sub(1) as u32).to_le_bytes());
        Ok(out)
    }
}

/// Reads a node and all below it, and appends their leaves.
fn read_node(input: &mut &[u8], depth: usize, leaves: &mut Vec<(Key, u64)>) -> io::Result<()> {
    if depth > KEY_LENGTH {
        return Err(invalid("the tree is deeper than its keys".to_owned()));
    }
    let kind = read_u8(input)?;
    let children = read_u16(input)?;
    let prefix = read_u8(input)?;
    skip(input, usize::from(prefix))?;
    let (body, most) = match kind {
        0 => (4, 4),
        1 => (16, 16),
        2 => (256, 48),
        3 => (32, 256),
        LEAF => {
            let mut key = Key::default();
            input.read_exact(&mut key)?;
            leaves.push((key, read_u64(input)?));
            return Ok(());
        }
        other => return Err(invalid(format!("node type {other} is unknown"))),
    };
    if children == 0 || children > most {
        return Err(invalid(format!("a node of type {kind} has {children} children")));
    }
    skip(input, body)?;
    (0..children).try_for_each(|_| read_node(input, depth + 1, leaves))
}

fn read_containers(input: &mut &[u8]) -> io::Result<Vec<Option<RoaringBitmap>>> {
    let arrays = read_u32(input)?;
    if arrays != 1 {
        return Err(invalid(format!("{arrays} arrays of containers instead of one")));
    }
    read_u8(input)?;
    let count = read_u32(input)? as usize;
    // Each slot takes a byte at least.
    if count > input.len() {
        return Err(invalid(format!("{count} containers do not fit in {} bytes", input.len())));
    }
    (0..count)
        .map(|_| match read_u8(input)? {
            0 => Ok(None),
            1 => read_container(input).map(Some),
            mark => Err(invalid(format!("container mark {mark} is neither 0 nor 1"))),
        })
        .collect()
}

/// Reads the counters at the end; gives the slots in use.
fn read_used(input: &mut &[u8], slots: usize) -> io::Result<usize> {
    let _containers = read_u64(input)?;
    let _last_array = read_u32(input)?;
    let last_slot = read_u32(input)? as usize;
    if last_slot < slots {
        Ok(last_slot + 1)
    } else {
        Err(invalid(format!("slot {last_slot} is out of range")))
    }
}

/// Reads a container: its body is that of the portable form, which lacks only the head.
fn read_container(input: &mut &[u8]) -> io::Result<RoaringBitmap> {
    let kind = read_u8(input)?;
    let cardinality = read_u32(input)?;
    let body = match kind {
        RUN_KIND => 2 + 4 * usize::from(peek_u16(input)?),
        BITMAP_KIND => BITMAP_LENGTH,
        ARRAY_KIND => 2 * cardinality as usize,
        other => return Err(invalid(format!("container kind {other} is unknown"))),
    };
    let in_range = (1..=1 << 16).contains(&cardinality);
    let fits_kind = kind == RUN_KIND || (kind == ARRAY_KIND) == (u64::from(cardinality) <= ARRAY_LIMIT);
    if cardinality == 0 {
        skip(input, body)?;
        return Ok(RoaringBitmap::new());
    }
    if !in_range || !fits_kind || body > input.len() {
        return Err(invalid(format!("a container of kind {kind} cannot hold {cardinality} values")));
    }
    let mut portable = head(kind == RUN_KIND, cardinality);
    portable.extend_from_slice(&input[..body]);
    skip(input, body)?;
    RoaringBitmap::deserialize_from(&portable[..])
}

fn write_container(container: &mut RoaringBitmap, out: &mut Vec<u8>) -> io::Result<()> {
    container.optimize();
    let cardinality = container.len();
    let mut portable = Vec::with_capacity(container.serialized_size());
    container.serialize_into(&mut portable)?;
    let run = portable.starts_with(&RUN_COOKIE.to_le_bytes());
    let kind = match run {
        true => RUN_KIND,
        false if cardinality <= ARRAY_LIMIT => ARRAY_KIND,
        false => BITMAP_KIND,
    };
    out.extend_from_slice(&[1, kind]);
    out.extend_from_slice(&(cardinality as u32).to_le_bytes());
    out.write_all(&portable[head(run, cardinality as u32).len()..])
}

/// The head of the portable form of one container with key 0.
fn head(run: bool, cardinality: u32) -> Vec<u8> {
    let last = (cardinality.wrapping_sub(1) as u16).to_le_bytes();
    let mut head = Vec::with_capacity(16);
    if run {
        head.extend_from_slice(&RUN_COOKIE.to_le_bytes());
        head.push(1);
        head.extend_from_slice(&[0, 0]);
        head.extend_from_slice(&last);
    } else {
        head.extend_from_slice(&NO_RUN_COOKIE.to_le_bytes());
        head.extend_from_slice(&1_u32.to_le_bytes());
        head.extend_from_slice(&[0, 0]);
        head.extend_from_slice(&last);
        head.extend_from_slice(&16_u32.to_le_bytes());
    }
    head
}

/// Writes the tree of some keys, in ascending order, that agree in the first `depth` bytes.
fn write_node(leaves: &[(&Key, usize)], depth: usize, out: &mut Vec<u8>) {
    let (Some((first, slot)), Some((last, _))) = (leaves.first(), leaves.last()) else { return };
    if leaves.len() == 1 {
        out.extend_from_slice(&[LEAF, 0, 0, 0]);
        out.extend_from_slice(&first[..]);
        out.extend_from_slice(&(*slot as u64).to_le_bytes());
        return;
    }
    let prefix = first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b).count();
    let branch = depth + prefix;
    let children: Vec<&[(&Key, usize)]> = leaves.chunk_by(|(a, _), (b, _)| a[branch] == b[branch]).collect();
    let kind = match children.len() {
        ..=4 => 0,
        5..=16 => 1,
        17..=48 => 2,
        _ => 3,
    };
    out.push(kind);
    out.extend_from_slice(&(children.len() as u16).to_le_bytes());
    out.push(prefix as u8);
    out.extend_from_slice(&first[depth..branch]);
    write_children(kind, children.iter().map(|child| child[0].0[branch]), out);
    children.iter().for_each(|child| write_node(child, branch + 1, out));
}

/// Writes which key bytes a node has children for, in the words that Java keeps them in: key bytes from
/// the word's top for up to 16 children; for each byte the child's number for 48; a bit set for 256.
fn write_children(kind: u8, bytes: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    match kind {
        0 | 1 => {
            let (length, word) = if kind == 0 { (4, 4) } else { (16, 8) };
            let mut body: Vec<u8> = bytes.collect();
            body.resize(length, 0);
            body.chunks(word).for_each(|word| out.extend(word.iter().rev()));
        }
        2 => {
            let mut body = [0xff; 256];
            bytes.zip(0..).for_each(|(byte, child)| body[usize::from(byte)] = child);
            body.chunks(8).for_each(|word| out.extend(word.iter().rev()));
        }
        _ => {
            let mut body = [0; 32];
            bytes.for_each(|byte| body[usize::from(byte / 8)] |= 1 << (byte % 8));
            out.extend_from_slice(&body);
        }
    }
}

fn read_u8(input: &mut &[u8]) -> io::Result<u8> {
    read_array::<1>(input).map(|[byte]| byte)
}

fn read_u16(input: &mut &[u8]) -> io::Result<u16> {
    read_array(input).map(u16::from_le_bytes)
}

fn read_u32(input: &mut &[u8]) -> io::Result<u32> {
    read_array(input).map(u32::from_le_bytes)
}

fn read_u64(input: &mut &[u8]) -> io::Result<u64> {
    read_array(input).map(u64::from_le_bytes)
}

fn peek_u16(input: &&[u8]) -> io::Result<u16> {
    read_u16(&mut &input[..])
}

fn read_array<const N: usize>(input: &mut &[u8]) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn skip(input: &mut &[u8], length: usize) -> io::Result<()> {
    *input = input.get(length..).ok_or(ErrorKind::UnexpectedEof)?;
    Ok(())
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}
