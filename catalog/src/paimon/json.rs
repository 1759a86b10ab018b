//! JSON texts in the member order of the files they come from.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// The members of a JSON object in the order of the text, which serde_json's own map does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members<V>(pub Vec<(String, V)>);

impl<V> Default for Members<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Members<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of texts, without white space.
pub fn texts_json(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(","))
}

/// An object of texts, without white space.
pub fn object_text(members: &[(String, String)]) -> String {
    let member = |(name, value): &(String, String)| format!("{}:{}", quoted(name), quoted(value));
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

/// An object as Jackson's pretty printer lays it out; values are texts of JSON already.
pub fn pretty_object(members: &[(String, String)], depth: usize) -> String {
    if members.is_empty() {
        return "{ }".into();
    }
    let indent = "  ".repeat(depth + 1);
    let member = |(name, value): &(String, String)| format!("{indent}{} : {value}", quoted(name));
    let members = members.iter().map(member).collect::<Vec<_>>().join(",\n");
    format!("{{\n{members}\n{}}}", "  ".repeat(depth))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn members_keep_their_order() {
        let members: Members<i32> = serde_json::from_str(r#"{"z": 1, "a": 2, "m": 3}"#).unwrap();
        assert_eq!(members.0, [("z".into(), 1), ("a".into(), 2), ("m".into(), 3)]);
        serde_json::from_str::<Members<i32>>("[1]").unwrap_err();
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(texts_json(&["a\"b".into(), "ä\n".into()]), r#"["a\"b","ä\n"]"#);
        assert_eq!(object_text(&[("k".into(), "v".into())]), r#"{"k":"v"}"#);
        let inner = pretty_object(&[("colId".into(), "1".into()), ("min".into(), "\"a\"".into())], 1);
        let outer = pretty_object(&[("k".into(), inner)], 0);
        assert_eq!(outer, "{\n  \"k\" : {\n    \"colId\" : 1,\n    \"min\" : \"a\"\n  }\n}");
        assert_eq!(pretty_object(&[], 0), "{ }");
    }
}
