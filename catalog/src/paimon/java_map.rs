//! The order in which Java's `HashMap` gives its entries, which is the order in which Paimon prints
//! options.

/// A map begins with this many buckets and doubles when it is fuller than three quarters.
const FIRST_CAPACITY: usize = 16;

/// Orders entries, given in the order in which they are put into an empty map, as the map gives them.
pub fn hash_map_order(mut entries: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut capacity = FIRST_CAPACITY;
    while entries.len() > capacity / 4 * 3 {
        capacity *= 2;
    }
    // Entries of one bucket stay in the order of their insertion.
    entries.sort_by_key(|(key, _)| spread(hash_code(key)) as usize & (capacity - 1));
    entries
}

/// `String.hashCode`.
fn hash_code(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

/// What `HashMap` makes of hash codes, so that their high bits count too.
fn spread(hash: u32) -> u32 {
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keys: &[&str]) -> Vec<String> {
        let entries = keys.iter().map(|key| (key.to_string(), String::new())).collect();
        hash_map_order(entries).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn text_hashes_as_in_java() {
        assert_eq!(hash_code("hello"), 99_162_322);
        assert_eq!(hash_code("polygenelubricants"), i32::MIN as u32);
    }

    /// As Java Paimon prints the options of a golden table.
    #[test]
    fn options_come_in_javas_order() {
        let sorted =
            ["bucket", "snapshot.num-retained.max", "snapshot.num-retained.min", "snapshot.time-retained"];
        let expected =
            ["bucket", "snapshot.time-retained", "snapshot.num-retained.max", "snapshot.num-retained.min"];
        assert_eq!(order(&sorted), expected);
    }

    /// "Aa" and "BB" have one hash code.
    #[test]
    fn equal_hashes_keep_the_order_of_insertion() {
        assert_eq!(order(&["BB", "Aa"]), ["BB", "Aa"]);
        assert_eq!(order(&["Aa", "BB"]), ["Aa", "BB"]);
    }

    #[test]
    fn maps_grow() {
        let keys: Vec<String> = (0..13).map(|number| number.to_string()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // In 16 buckets all two-digit numbers would come first.
        let expected = ["11", "12", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
        assert_eq!(order(&keys), expected);
    }
}
