#![allow(clippy::unwrap_used)]

use super::*;

fn int(bytes: &mut Vec<u8>, value: usize) {
    bytes.extend_from_slice(&(value as i32).to_be_bytes());
}

/// A dictionary of encoded keys in chunks of `size`, as Java's appender lays it out.
pub fn dictionary(keys: &[Vec<u8>], size: usize, text: bool) -> Vec<u8> {
    let (mut offsets, mut chunks, mut body) = (Vec::new(), Vec::new(), Vec::new());
    for (number, chunk) in keys.chunks(size).enumerate() {
        int(&mut offsets, chunks.len());
        chunks.push(VERSION);
        chunks.extend_from_slice(&chunk[0]);
        int(&mut chunks, number * size);
        int(&mut chunks, body.len());
        int(&mut chunks, chunk.len() - 1);
        let further = chunk[1..].concat();
        if text {
            int(&mut chunks, (chunk.len() - 1) * OFFSET_BYTES);
            int(&mut chunks, further.len());
            let mut offset = 0;
            for key in &chunk[1..] {
                int(&mut body, offset);
                offset += key.len();
            }
        } else {
            int(&mut chunks, further.len());
            int(&mut chunks, chunk[0].len());
        }
        body.extend(further);
    }
    let mut bytes = Vec::new();
    int(&mut bytes, HEAD_BYTES);
    bytes.push(VERSION);
    int(&mut bytes, offsets.len() / OFFSET_BYTES);
    int(&mut bytes, offsets.len());
    int(&mut bytes, chunks.len());
    [bytes, offsets, chunks, body].concat()
}

pub fn text_key(text: &str) -> Vec<u8> {
    [&(text.len() as i32).to_be_bytes(), text.as_bytes()].concat()
}

#[test]
fn numbers_rank_across_chunks_of_any_size() {
    let values = [-20, -3, 0, 7, 8, 100, 5000];
    let keys: Vec<_> = values.map(|value: i32| value.to_be_bytes().to_vec()).into();
    for size in 1..=values.len() {
        let bytes = dictionary(&keys, size, false);
        let dictionary = Dictionary::parse(&bytes, KeyType::Int, "f").unwrap().unwrap();
        for constant in [-21, -20, -4, -3, 0, 1, 7, 8, 9, 100, 4999, 5000, 5001] {
            let smaller = values.iter().filter(|value| **value < constant).count() as u64;
            let expected = Rank { smaller, found: values.contains(&constant) };
            let rank = dictionary.rank(&Key::Number(i64::from(constant))).unwrap();
            assert_eq!(rank, expected, "{constant} in chunks of {size}");
        }
    }
}

#[test]
fn texts_rank_by_their_bytes() {
    let texts = ["", "a", "aa", "b", "é", "😀"];
    let keys: Vec<_> = texts.map(text_key).into();
    for size in 1..=texts.len() {
        let bytes = dictionary(&keys, size, true);
        let dictionary = Dictionary::parse(&bytes, KeyType::Text, "f").unwrap().unwrap();
        for constant in ["", "A", "a", "ab", "b", "z", "é", "😀", "😁"] {
            let smaller = texts.iter().filter(|text| **text < constant).count() as u64;
            let expected = Rank { smaller, found: texts.contains(&constant) };
            let rank = dictionary.rank(&Key::Text(constant.into())).unwrap();
            assert_eq!(rank, expected, "{constant:?} in chunks of {size}");
        }
    }
}

#[test]
fn damage_never_panics() {
    let keys: Vec<_> = (0..20_i32).map(|value| value.to_be_bytes().to_vec()).collect();
    let good = dictionary(&keys, 4, false);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] = 0xff;
        for bytes in [&bad[..], &good[..index]] {
            if let Ok(Some(dictionary)) = Dictionary::parse(bytes, KeyType::Int, "f") {
                // Any answer or error will do here: values of keys have no checksum.
                let _ = dictionary.rank(&Key::Number(13));
            }
        }
    }
    Dictionary::parse(&good[..10], KeyType::Int, "f").unwrap_err();
}
