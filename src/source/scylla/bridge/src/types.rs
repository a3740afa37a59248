//! CQL types as protocol-v4 [option] bytes (native_protocol_v4.spec, section 4.2.5.2), so that C++
//! reads the types of the schema and of a page with one parser and compares them as bytes.

use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

pub const CUSTOM: u16 = 0x0000;
pub const LIST: u16 = 0x0020;
pub const MAP: u16 = 0x0021;
pub const SET: u16 = 0x0022;
pub const UDT: u16 = 0x0030;
pub const TUPLE: u16 = 0x0031;
/// Not of the protocol, which writes vectors as custom types with a Java class: [short] dimensions
/// and the element's [option] follow.
pub const VECTOR: u16 = 0x8000;

/// Ids of the types that stand alone, by their CQL names.
pub const NATIVE: [(&str, u16); 21] = [
    ("ascii", 0x0001),
    ("bigint", 0x0002),
    ("blob", 0x0003),
    ("boolean", 0x0004),
    ("counter", 0x0005),
    ("decimal", 0x0006),
    ("double", 0x0007),
    ("float", 0x0008),
    ("int", 0x0009),
    ("timestamp", 0x000b),
    ("uuid", 0x000c),
    ("text", 0x000d),
    ("varchar", 0x000d),
    ("varint", 0x000e),
    ("timeuuid", 0x000f),
    ("inet", 0x0010),
    ("date", 0x0011),
    ("time", 0x0012),
    ("smallint", 0x0013),
    ("tinyint", 0x0014),
    ("duration", 0x0015),
];

pub fn put_id(out: &mut Vec<u8>, id: u16) {
    out.extend_from_slice(&id.to_be_bytes());
}

/// A [string]; names longer than its length field can say do not exist in CQL.
pub fn put_string(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    put_id(out, length);
    out.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}

fn native_name(native: &NativeType) -> &'static str {
    match native {
        NativeType::Ascii => "ascii",
        NativeType::BigInt => "bigint",
        NativeType::Blob => "blob",
        NativeType::Boolean => "boolean",
        NativeType::Counter => "counter",
        NativeType::Date => "date",
        NativeType::Decimal => "decimal",
        NativeType::Double => "double",
        NativeType::Duration => "duration",
        NativeType::Float => "float",
        NativeType::Inet => "inet",
        NativeType::Int => "int",
        NativeType::SmallInt => "smallint",
        NativeType::Text => "text",
        NativeType::Time => "time",
        NativeType::Timestamp => "timestamp",
        NativeType::Timeuuid => "timeuuid",
        NativeType::TinyInt => "tinyint",
        NativeType::Uuid => "uuid",
        NativeType::Varint => "varint",
        _ => "unknown",
    }
}

/// Appends a type that stands alone, or false where `name` is none.
pub fn put_native(out: &mut Vec<u8>, name: &str) -> bool {
    match NATIVE.iter().find(|(known, _)| *known == name) {
        Some((_, id)) => {
            put_id(out, *id);
            true
        }
        None => false,
    }
}

pub fn put_custom(out: &mut Vec<u8>, name: &str) {
    put_id(out, CUSTOM);
    put_string(out, name);
}

/// Appends `column_type`; what the driver does not know becomes a custom type.
pub fn encode(column_type: &ColumnType, out: &mut Vec<u8>) {
    match column_type {
        ColumnType::Native(native) => {
            let name = native_name(native);
            if !put_native(out, name) {
                put_custom(out, name);
            }
        }
        ColumnType::Collection { typ, .. } => match typ {
            CollectionType::List(element) => {
                put_id(out, LIST);
                encode(element, out);
            }
            CollectionType::Set(element) => {
                put_id(out, SET);
                encode(element, out);
            }
            CollectionType::Map(key, value) => {
                put_id(out, MAP);
                encode(key, out);
                encode(value, out);
            }
            _ => put_custom(out, "unknown"),
        },
        ColumnType::Vector { typ, dimensions } => {
            put_id(out, VECTOR);
            put_id(out, *dimensions);
            encode(typ, out);
        }
        ColumnType::UserDefinedType { definition, .. } => {
            put_id(out, UDT);
            put_string(out, &definition.keyspace);
            put_string(out, &definition.name);
            put_id(out, definition.field_types.len() as u16);
            for (name, field) in &definition.field_types {
                put_string(out, name);
                encode(field, out);
            }
        }
        ColumnType::Tuple(fields) => {
            put_id(out, TUPLE);
            put_id(out, fields.len() as u16);
            for field in fields {
                encode(field, out);
            }
        }
        _ => put_custom(out, "unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(column_type: &ColumnType) -> Vec<u8> {
        let mut out = Vec::new();
        encode(column_type, &mut out);
        out
    }

    #[test]
    fn a_scalar_is_its_id() {
        assert_eq!(
            encoded(&ColumnType::Native(NativeType::Timestamp)),
            [0, 0x0b]
        );
        assert_eq!(
            encoded(&ColumnType::Native(NativeType::Duration)),
            [0, 0x15]
        );
    }

    #[test]
    fn a_map_of_lists_nests_its_types_whether_frozen_or_not() {
        let list = ColumnType::Collection {
            frozen: true,
            typ: CollectionType::List(Box::new(ColumnType::Native(NativeType::Int))),
        };
        let map = ColumnType::Collection {
            frozen: false,
            typ: CollectionType::Map(
                Box::new(ColumnType::Native(NativeType::Text)),
                Box::new(list),
            ),
        };
        assert_eq!(encoded(&map), [0, 0x21, 0, 0x0d, 0, 0x20, 0, 0x09]);
    }

    #[test]
    fn tuples_count_their_fields_and_vectors_their_dimensions() {
        let int = ColumnType::Native(NativeType::Int);
        let tuple = ColumnType::Tuple(vec![int.clone(), ColumnType::Native(NativeType::Blob)]);
        assert_eq!(encoded(&tuple), [0, 0x31, 0, 2, 0, 9, 0, 3]);
        let vector = ColumnType::Vector {
            typ: Box::new(int),
            dimensions: 300,
        };
        assert_eq!(encoded(&vector), [0x80, 0, 1, 44, 0, 9]);
    }
}
