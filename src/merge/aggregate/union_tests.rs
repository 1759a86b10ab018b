//! Unions of sketches and bitmaps against those that Java made.

#![expect(clippy::unwrap_used, clippy::panic)]

use roaring::RoaringBitmap;

use super::bitmap::Bitmap;
use super::roaring64::Roaring64;
use super::sketch::Sketch;

const VECTORS: &str = include_str!("testdata/unions.txt");

/// The vectors of one function: both sides and Java's union.
fn vectors(function: &str) -> Vec<[Vec<u8>; 3]> {
    let lines = VECTORS.lines().filter_map(|line| line.strip_prefix(function)?.strip_prefix(' '));
    lines.map(parse).collect()
}

fn parse(line: &str) -> [Vec<u8>; 3] {
    let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
    let values = line.split(' ').map(|hex| hex.as_bytes().chunks(2).map(byte).collect());
    values.collect::<Vec<_>>().try_into().unwrap()
}

fn unite<B: Bitmap>(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bitmap = B::decode(one).unwrap();
    bitmap.unite(B::decode(other).unwrap()).unwrap();
    bitmap.encode().unwrap()
}

#[test]
fn sketches_are_united_to_the_byte() {
    for (name, sketch) in [("hll", Sketch::Hll), ("theta", Sketch::Theta)] {
        let vectors = vectors(name);
        assert!(vectors.len() > 10);
        for [one, other, union] in vectors {
            assert_eq!(sketch.unite(&one, &other).unwrap(), union, "{name} of {one:x?} and {other:x?}");
        }
    }
}

#[test]
fn small_bitmaps_are_united_to_the_byte() {
    let vectors = vectors("rbm32");
    assert!(vectors.len() > 20);
    for [one, other, union] in vectors {
        assert_eq!(unite::<RoaringBitmap>(&one, &other), union);
    }
}

/// Java numbers the children of a node with 17 to 48 of them as they came; only there may bytes differ.
#[test]
fn large_bitmaps_are_united_to_the_byte_but_for_the_numbers_of_children() {
    let vectors = vectors("rbm64");
    assert!(vectors.len() > 20);
    for [one, other, union] in vectors {
        let united = unite::<Roaring64>(&one, &other);
        let java = Roaring64::deserialize(&union).unwrap();
        let keys = java.keys().count();
        assert!(keys > 16 || united == union, "{one:x?} and {other:x?}");
        assert_eq!(united.len(), union.len());
        let tarn = Roaring64::deserialize(&united).unwrap();
        assert!(tarn.keys().eq(java.keys()));
    }
}

#[test]
fn broken_values_are_errors() {
    for name in ["rbm64", "rbm32", "hll", "theta"] {
        for [one, other, _] in vectors(name).into_iter().take(12) {
            for cut in 0..one.len() {
                decode(name, &one[..cut], &other);
            }
            for place in 0..one.len() {
                let mut bytes = one.clone();
                bytes[place] ^= 0xff;
                decode(name, &bytes, &other);
            }
        }
    }
}

/// Unites what may be broken: an error or a result, but no panic.
fn decode(name: &str, one: &[u8], other: &[u8]) {
    match name {
        "rbm32" => _ = RoaringBitmap::decode(one).map(|bitmap| bitmap.len()),
        "rbm64" => {
            if let Ok(mut bitmap) = Roaring64::decode(one) {
                Bitmap::unite(&mut bitmap, Roaring64::decode(other).unwrap()).unwrap();
                bitmap.encode().unwrap();
            }
        }
        "hll" => _ = Sketch::Hll.unite(one, other),
        "theta" => _ = Sketch::Theta.unite(one, other),
        other => panic!("{other}"),
    }
}
