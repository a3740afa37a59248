//! Types as system_schema writes them ("map<text, frozen<\"Address\">>") to [option] bytes. Read here
//! rather than through the driver's metadata, which refuses the whole cluster over one quoted
//! type name or custom type.

use crate::types;
use std::collections::HashMap;

/// A keyspace's user-defined types: name to fields, each a name and a type's text.
pub type UserTypes = HashMap<String, Vec<(String, String)>>;

/// Types may nest, so far as the reader of the bytes takes them; a server never lets user types nest in
/// a circle, a hostile one could.
const DEPTH_MAX: usize = 64;

/// A type with all that it holds. Far more than any has: but each of a hostile server's types may hold
/// the next one twice, so that thirty of them make a billion fields.
const BYTES_MAX: usize = 1 << 20;

/// The [option] bytes of a type. What is not understood becomes a custom type called by its text.
pub fn encode(text: &str, keyspace: &str, user_types: &UserTypes) -> Vec<u8> {
    let mut out = Vec::new();
    let scope = Scope {
        keyspace,
        user_types,
    };
    if encode_whole(text, &scope, DEPTH_MAX, &mut out).is_none() {
        out.clear();
        types::put_custom(&mut out, text);
    }
    out
}

struct Scope<'a> {
    keyspace: &'a str,
    user_types: &'a UserTypes,
}

fn encode_whole(text: &str, scope: &Scope, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut parser = Parser { rest: text, scope };
    parser.encode_type(depth, out)?;
    parser.rest.is_empty().then_some(())
}

struct Parser<'a> {
    rest: &'a str,
    scope: &'a Scope<'a>,
}

impl<'a> Parser<'a> {
    fn encode_type(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if out.len() > BYTES_MAX {
            return None;
        }
        if self.rest.starts_with('\'') {
            let class = self.quoted('\'')?;
            types::put_custom(out, &class);
            return Some(());
        }
        if self.rest.starts_with('"') {
            let name = self.quoted('"')?;
            return self.encode_user_type(&name, depth, out);
        }
        let name = self.word()?;
        if self.accept('<') {
            self.encode_parameters(name, depth, out)?;
            return self.accept('>').then_some(());
        }
        if types::put_native(out, name) {
            return Some(());
        }
        self.encode_user_type(name, depth, out)
    }

    fn encode_parameters(&mut self, name: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        match name {
            "frozen" => {
                // It is no level of its own; it never holds itself, which bounds the recursion.
                (!self.is_at_frozen()).then_some(())?;
                self.encode_type(depth + 1, out)
            }
            "list" => {
                types::put_id(out, types::LIST);
                self.encode_type(depth, out)
            }
            "set" => {
                types::put_id(out, types::SET);
                self.encode_type(depth, out)
            }
            "map" => {
                types::put_id(out, types::MAP);
                self.encode_type(depth, out)?;
                self.accept(',').then_some(())?;
                self.encode_type(depth, out)
            }
            "tuple" => self.encode_tuple(depth, out),
            "vector" => self.encode_vector(depth, out),
            _ => None,
        }
    }

    fn is_at_frozen(&self) -> bool {
        let mut ahead = Parser {
            rest: self.rest,
            scope: self.scope,
        };
        ahead.word() == Some("frozen") && ahead.accept('<')
    }

    fn encode_tuple(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut fields = Vec::new();
        let mut count = 0_u16;
        loop {
            self.encode_type(depth, &mut fields)?;
            count = count.checked_add(1)?;
            if !self.accept(',') {
                break;
            }
        }
        types::put_id(out, types::TUPLE);
        types::put_id(out, count);
        out.append(&mut fields);
        Some(())
    }

    fn encode_vector(&mut self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut element = Vec::new();
        self.encode_type(depth, &mut element)?;
        self.accept(',').then_some(())?;
        let dimensions: u16 = self.word()?.parse().ok()?;
        types::put_id(out, types::VECTOR);
        types::put_id(out, dimensions);
        out.append(&mut element);
        Some(())
    }

    fn encode_user_type(&self, name: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let fields = self.scope.user_types.get(name)?;
        types::put_id(out, types::UDT);
        types::put_string(out, self.scope.keyspace);
        types::put_string(out, name);
        types::put_id(out, u16::try_from(fields.len()).ok()?);
        for (field, text) in fields {
            types::put_string(out, field);
            encode_whole(text, self.scope, depth, out)?;
        }
        Some(())
    }

    /// Skips spaces, then `sign`; false where something else stands there.
    fn accept(&mut self, sign: char) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A name in quotes; two quotes inside it stand for one.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut name = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                name.push(c);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                name.push(quote);
            } else {
                self.rest = &self.rest[at + quote.len_utf8()..];
                return Some(name);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn types_of(list: &[(&str, &[(&str, &str)])]) -> UserTypes {
        list.iter()
            .map(|(name, fields)| {
                let fields = fields
                    .iter()
                    .map(|(field, text)| (field.to_string(), text.to_string()))
                    .collect();
                (name.to_string(), fields)
            })
            .collect()
    }

    fn plain(text: &str) -> Vec<u8> {
        encode(text, "ks", &UserTypes::new())
    }

    fn custom(name: &str) -> Vec<u8> {
        let mut out = Vec::new();
        types::put_custom(&mut out, name);
        out
    }

    #[test]
    fn scalars_and_nested_collections_become_their_ids() {
        assert_eq!(plain("varint"), [0, 0x0e]);
        assert_eq!(
            plain("map<text, frozen<list<tuple<int, inet>>>>"),
            [0, 0x21, 0, 0x0d, 0, 0x20, 0, 0x31, 0, 2, 0, 9, 0, 0x10]
        );
        assert_eq!(plain("vector<float, 300>"), [0x80, 0, 1, 44, 0, 8]);
    }

    #[test]
    fn a_user_type_with_a_quoted_name_is_written_with_its_fields() {
        let known = types_of(&[
            (
                "Home \"Address\"",
                &[("Street", "text"), ("geo", "frozen<geo>")],
            ),
            ("geo", &[("x", "double")]),
        ]);
        let mut expected = vec![0, 0x20, 0, 0x30];
        types::put_string(&mut expected, "My ks");
        types::put_string(&mut expected, "Home \"Address\"");
        expected.extend([0, 2]);
        types::put_string(&mut expected, "Street");
        expected.extend([0, 0x0d]);
        types::put_string(&mut expected, "geo");
        expected.extend([0, 0x30]);
        types::put_string(&mut expected, "My ks");
        types::put_string(&mut expected, "geo");
        expected.extend([0, 1]);
        types::put_string(&mut expected, "x");
        expected.extend([0, 7]);
        assert_eq!(
            encode("list<frozen<\"Home \"\"Address\"\"\">>", "My ks", &known),
            expected
        );
    }

    #[test]
    fn what_is_not_understood_is_a_custom_type_called_by_its_text() {
        for text in [
            "list<int",
            "map<int>",
            "widget",
            "vector<int, 70000>",
            "",
            "int>",
            "list<>",
        ] {
            assert_eq!(plain(text), custom(text), "{text}");
        }
        let class = "org.apache.cassandra.db.marshal.BytesType";
        assert_eq!(plain(&format!("'{class}'")), custom(class));
    }

    #[test]
    fn user_types_that_each_hold_the_next_one_twice_end_as_a_custom_type() {
        let chain: UserTypes = (0..30)
            .map(|i| {
                let next = format!("frozen<t{}>", i + 1);
                let fields = vec![("a".to_string(), next.clone()), ("b".to_string(), next)];
                (format!("t{i}"), fields)
            })
            .chain([(
                "t30".to_string(),
                vec![("n".to_string(), "int".to_string())],
            )])
            .collect();
        assert_eq!(encode("t0", "ks", &chain), custom("t0"));
        assert_ne!(encode("t25", "ks", &chain), custom("t25"));
    }

    /// What an environment variable says; tools/fuzz.sh has this test run for long.
    fn number_from(name: &str, otherwise: u64) -> u64 {
        std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
    }

    /// Texts that are damaged in every way: a type or a custom type, and never a panic.
    #[test]
    fn damaged_texts_are_types_or_custom_types() {
        let known = types_of(&[("geo", &[("x", "double"), ("y", "frozen<list<int>>")])]);
        let whole = "map<text, frozen<list<tuple<\"geo\", vector<float, 3>, 'a.B''c', int>>>>";
        let parts = [
            "<", ">", ",", "\"", "'", " ", "é", "65536", "geo", "frozen<", "tuple<", "",
        ];
        let mut seed = number_from("RINGSYNC_FUZZ_SEED", 6);
        let mut below = |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        let wanted = Duration::from_secs(number_from("RINGSYNC_FUZZ_SECONDS", 0));
        let began = Instant::now();
        let mut understood = 0;
        let mut count = 0;
        while count < 50_000 || began.elapsed() < wanted {
            count += 1;
            let mut text: Vec<char> = whole.chars().collect();
            for _ in 0..1 + below(4) {
                let at = below(text.len());
                let end = (at + below(4)).min(text.len());
                text.splice(at..end, parts[below(parts.len())].chars());
                if text.is_empty() {
                    break;
                }
            }
            let text: String = text.into_iter().collect();
            let encoded = encode(&text, "ks", &known);
            assert!(encoded.len() <= BYTES_MAX + text.len() + 8, "{text}");
            understood += usize::from(encoded != custom(&text));
        }
        println!("damaged texts: {count}");
        assert!(understood > 100, "{understood}");
    }

    #[test]
    fn types_nest_as_deep_as_their_reader_takes_them() {
        let nested = |depth: usize| {
            let inner = "frozen<list<".repeat(depth - 1);
            format!("list<{inner}int{}>", ">>".repeat(depth - 1))
        };
        let known = types_of(&[]);
        let deep = encode(&nested(63), "ks", &known);
        assert_eq!(deep, [[0, 0x20].repeat(63), vec![0, 9]].concat());
        assert_eq!(encode(&nested(64), "ks", &known), custom(&nested(64)));
        let frozen = "frozen<frozen<int>>";
        assert_eq!(encode(frozen, "ks", &known), custom(frozen));
    }

    #[test]
    fn a_user_type_that_holds_itself_ends_as_a_custom_type() {
        let known = types_of(&[("loop", &[("again", "frozen<loop>")])]);
        assert_eq!(encode("loop", "ks", &known), custom("loop"));
    }
}
