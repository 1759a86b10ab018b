//! The end of an ORC file, looked at before `orc-rust` believes it.
//!
//! The footer's types name their children by number, and `orc-rust` follows the numbers as they come:
//! a type that is its own descendant, as one overwritten byte can make it, would take the stack and the
//! process with it. The specification lists the types in pre-order, each child after its parent
//! (<https://orc.apache.org/specification/ORCv1/>, "File Tail").

use std::io::Read;

use bytes::{BufMut, Bytes, BytesMut};
use orc_rust::compression::{Compression, Decompressor};
use orc_rust::proto::r#type::Kind;
use orc_rust::proto::{CompressionKind, Footer, PostScript, Type};
use orc_rust::reader::metadata::read_metadata;
use prost::Message;

use crate::malformed::{Decoded, Malformed};

/// How deep types may be nested; each level is a call of the decoder within another.
const MAX_DEPTH: usize = 100;

/// A chunk's header has 23 bits for its length.
const MAX_BLOCK_BYTES: u64 = 1 << 23;

/// How many bytes of the file's end hold its metadata, its footer and its postscript.
pub fn length(tail: &Bytes) -> Decoded<u64> {
    let (postscript, rest) = postscript(tail)?;
    let parts = [postscript.footer_length(), postscript.metadata_length(), (tail.len() - rest) as u64];
    let length = parts.into_iter().try_fold(0_u64, u64::checked_add);
    length.ok_or_else(|| Malformed::new("its postscript gives impossible lengths"))
}

/// The file's types, unless the decoder would not survive them.
pub fn check(tail: &Bytes) -> Decoded<Vec<Type>> {
    let (postscript, rest) = postscript(tail)?;
    if postscript.compression_block_size.is_some_and(|size| size > MAX_BLOCK_BYTES) {
        let size = postscript.compression_block_size();
        return Err(Malformed::new(format!("its compression blocks have {size} bytes, over 8 MiB")));
    }
    let length = usize::try_from(postscript.footer_length()).ok();
    let start = length.and_then(|length| rest.checked_sub(length));
    let start = start.ok_or_else(|| Malformed::new("its footer is longer than the file"))?;
    let types = footer(&postscript, tail.slice(start..rest))?.types;
    check_types(&types).map(|()| types)
}

/// The postscript, and where it begins in the file's end.
fn postscript(tail: &Bytes) -> Decoded<(PostScript, usize)> {
    let too_short = || Malformed::new("it is too short for an ORC file");
    let (&length, before) = tail.split_last().ok_or_else(too_short)?;
    let start = before.len().checked_sub(usize::from(length)).ok_or_else(too_short)?;
    let encoded = before.get(start..).unwrap_or_default();
    let postscript = PostScript::decode(encoded)
        .map_err(|error| Malformed::new(format!("its postscript can't be decoded: {error}")))?;
    Ok((postscript, start))
}

fn footer(postscript: &PostScript, encoded: Bytes) -> Decoded<Footer> {
    let undecodable = |error: String| Malformed::new(format!("its footer can't be decoded: {error}"));
    let compression = compression(postscript).map_err(|error| undecodable(error.to_string()))?;
    let mut decoded = Vec::new();
    Decompressor::new(encoded, compression, Vec::new())
        .read_to_end(&mut decoded)
        .map_err(|error| undecodable(error.to_string()))?;
    Footer::decode(decoded.as_slice()).map_err(|error| undecodable(error.to_string()))
}

/// The postscript's compression. `orc-rust` makes one only for a file that it opens: this one has no column.
fn compression(postscript: &PostScript) -> orc_rust::error::Result<Option<Compression>> {
    let root = Type { kind: Some(Kind::Struct.into()), ..Type::default() };
    let footer = Footer { types: vec![root], ..Footer::default() }.encode_to_vec();
    let mut file = BytesMut::new();
    if postscript.compression() != CompressionKind::None {
        // the header of a chunk that is stored as it is
        file.put_uint_le((footer.len() as u64) << 1 | 1, 3);
    }
    file.extend_from_slice(&footer);
    let postscript =
        PostScript { footer_length: Some(file.len() as u64), metadata_length: Some(0), ..postscript.clone() };
    let postscript = postscript.encode_to_vec();
    file.extend_from_slice(&postscript);
    file.put_u8(u8::try_from(postscript.len()).unwrap_or(u8::MAX));
    Ok(read_metadata(&mut file.freeze())?.compression())
}

/// Each type is the child of one type before it, and none lies too deep.
fn check_types(types: &[Type]) -> Decoded<()> {
    let mut depths: Vec<Option<usize>> = vec![None; types.len()];
    if let Some(root) = depths.first_mut() {
        *root = Some(0);
    }
    for (parent, parent_type) in types.iter().enumerate() {
        let depth = depths.get(parent).copied().flatten().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(Malformed::new(format!("its types are nested more than {MAX_DEPTH} deep")));
        }
        for &child in &parent_type.subtypes {
            let wrong = |what: &str| Malformed::new(format!("its type {child} {what} type {parent}"));
            let place = usize::try_from(child).ok().filter(|&place| place > parent);
            let place = place.ok_or_else(|| wrong("stands before its parent,"))?;
            match depths.get_mut(place) {
                None => return Err(wrong("does not exist; it is named by")),
                Some(Some(_)) => return Err(wrong("has another parent beside")),
                Some(free) => *free = Some(depth + 1),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn file(types: Vec<Type>, kind: CompressionKind) -> Bytes {
        let footer = Footer { types, ..Footer::default() }.encode_to_vec();
        let mut file = BytesMut::new();
        if kind != CompressionKind::None {
            file.put_uint_le((footer.len() as u64) << 1 | 1, 3);
        }
        file.extend_from_slice(&footer);
        let postscript = PostScript {
            footer_length: Some(file.len() as u64),
            compression: Some(kind.into()),
            metadata_length: Some(0),
            ..PostScript::default()
        };
        let postscript = postscript.encode_to_vec();
        file.extend_from_slice(&postscript);
        file.put_u8(u8::try_from(postscript.len()).unwrap());
        file.freeze()
    }

    fn of(kind: Kind, children: &[u32]) -> Type {
        let field_names = children.iter().map(|child| format!("f{child}")).collect();
        Type { kind: Some(kind.into()), subtypes: children.to_vec(), field_names, ..Type::default() }
    }

    #[test]
    fn trees_pass_under_every_compression() {
        let types =
            vec![of(Kind::Struct, &[1, 3]), of(Kind::List, &[2]), of(Kind::Int, &[]), of(Kind::Long, &[])];
        for kind in
            [CompressionKind::None, CompressionKind::Zlib, CompressionKind::Zstd, CompressionKind::Lz4]
        {
            let file = file(types.clone(), kind);
            check(&file).unwrap();
            assert_eq!(length(&file).unwrap(), file.len() as u64);
        }
    }

    #[test]
    fn types_that_are_no_tree_are_errors_that_name_the_file() {
        let deep = (1..=200).map(|child| of(Kind::List, &[child])).collect();
        for (types, words) in [
            (vec![of(Kind::Struct, &[1]), of(Kind::List, &[1])], "type 1 stands before its parent, type 1"),
            (vec![of(Kind::Struct, &[1]), of(Kind::List, &[0])], "type 0 stands before its parent, type 1"),
            (vec![of(Kind::Struct, &[1, 1]), of(Kind::Int, &[])], "type 1 has another parent"),
            (vec![of(Kind::Struct, &[7])], "type 7 does not exist"),
            (deep, "nested more than 100 deep"),
        ] {
            let error = check(&file(types, CompressionKind::None)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn ends_that_are_cut_end_in_no_panic() {
        let file = file(vec![of(Kind::Struct, &[])], CompressionKind::Zstd);
        for end in 0..file.len() {
            // A few happen to look like a file without types, which the decoder refuses in its turn.
            let _ = check(&file.slice(..end));
            let _ = check(&file.slice(file.len() - end..));
        }
        assert!(check(&Bytes::new()).is_err());
        assert!(check(&Bytes::from_static(&[9])).is_err());
        assert!(check(&file.slice(2..)).is_err());
    }
}
